package process

import (
	"context"
	"fmt"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// Cluster gives a program what it needs to reach the cluster and namespace of a step, as "NAME=value" entries.
type Cluster interface {
	ProcessEnvironment(ctx context.Context, run *step.Run) ([]string, error)
}

// Clusters gives a program what it needs to reach several.
type Clusters interface {
	Cluster
	// Kubeconfig returns how a program reaches another cluster by its name: files as KUBECONFIG has them.
	Kubeconfig(ctx context.Context, run *step.Run, cluster string) (string, error)
}

// CheckCommand reports what can be known of a command before the run.
func CheckCommand(path string, command eval.Tree, p *step.Problems) {
	if !p.Given(path) || len(command.Programs()) > 0 {
		return
	}
	value, err := command.Eval(nil)
	if err == nil {
		_, err = Words(value)
	}
	if err != nil {
		p.At(path, "%s", err)
	}
}

// Title says in a few words what a command does, as far as that is known before the run.
func Title(verb string, command eval.Tree) string {
	value, err := command.Eval(eval.Scope{})
	if list, ok := value.([]any); ok && err == nil {
		value = first(list)
	}
	words, err := Words(value)
	if err != nil {
		return verb + " a program"
	}
	return verb + " " + words[0][strings.LastIndexAny(words[0], `/\`)+1:]
}

func first(list []any) any {
	if len(list) == 0 {
		return nil
	}
	return list[:1]
}

// Prepare makes a Command of what the author wrote. given are the variables of the author, extra those of the step.
func Prepare(words []string, dir, scenarioDir string, extra []string, given map[string]string) (Command, error) {
	path, err := Program(words[0], scenarioDir)
	if err != nil {
		return Command{}, err
	}
	folder, err := Dir(dir, scenarioDir)
	if err != nil {
		return Command{}, err
	}
	return Command{Path: path, Args: words, Dir: folder, Env: Environment(extra, given), Mark: NewMark()}, nil
}

// ClusterEnvironment returns the variables of the cluster when they are wanted.
func ClusterEnvironment(ctx context.Context, run *step.Run, cluster Cluster, wanted bool) ([]string, error) {
	if !wanted {
		return nil, nil
	}
	entries, err := cluster.ProcessEnvironment(ctx, run)
	if err != nil {
		return nil, fmt.Errorf("the program can't be given the cluster: %w", err)
	}
	return entries, nil
}
