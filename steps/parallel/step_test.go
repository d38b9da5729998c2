package parallel

import (
	"context"
	"errors"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
)

func TestContract(t *testing.T) { steptest.Contract(t, New()) }

// recorder is a host that notes what it was asked to execute.
type recorder struct {
	*steptest.Host
	block step.Block
	how   step.Execution
	err   error
}

func (r *recorder) Execute(_ context.Context, b step.Block, how step.Execution) (map[string]any, error) {
	r.block, r.how = b, how
	return nil, r.err
}

func TestHandsItsStepsToTheScheduler(t *testing.T) {
	file, diags := source.Parse("step.yaml", []byte("[{sleep: 1s}, {sleep: 2s}]"))
	special := func(n *yaml.Node, _ *eval.Env) any { return step.Block{Steps: len(n.Content)} }
	task, _ := New().Compile(&field.Decoder{File: file, Diags: &diags, Special: special}, file.Root, eval.NewEnv())
	if task == nil {
		t.Fatalf("does not compile: %v", diags)
	}
	if blocks := task.Blocks(); len(blocks) != 1 || blocks[0].Steps != 2 {
		t.Errorf("blocks are %v, want one with the two steps", blocks)
	}
	for _, want := range []error{nil, step.Fail("step step2 failed: no")} {
		host := &recorder{Host: steptest.NewHost(t), err: want}
		_, err := task.Run(t.Context(), &step.Run{Host: host, Scope: eval.Scope{}})
		if !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
		if host.block.Steps != 2 || !host.how.Parallel {
			t.Errorf("executed %v with %+v, want both steps in parallel", host.block, host.how)
		}
	}
}

func TestLeavesTheTimeToTheStepsInside(t *testing.T) {
	if d := New(); d.Timeout >= 0 || !d.Visible || !d.Unordered {
		t.Errorf("timeout %s, visible %t, unordered %t; want no limit, true, true", d.Timeout, d.Visible, d.Unordered)
	}
}
