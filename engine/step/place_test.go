package step_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// started is a target of which something is known before its expressions are evaluated.
type started struct {
	Text  string `yaml:"text" doc:"Text."`
	Start string `yaml:"-"`
}

func (s *started) UnmarshalText(text []byte) error { s.Text = string(text); return nil }

func (s *started) UnmarshalStart(text string) { s.Start = text }

type looking struct {
	Until eval.Expr[bool]    `yaml:"until" scope:"thing,place" doc:"When."`
	Count int                `yaml:"count" doc:"How many."`
	Given map[string]started `yaml:"given" doc:"Things by name."`
	That  []eval.Expr[bool]  `yaml:"that" scope:"*given" doc:"What must be true."`
	Of    started            `yaml:"of" doc:"What is looked at."`
}

type lookedKey struct{}

// looks is a step that knows which fields its things have: those whose names it was given.
func looks() step.Definition {
	fields := func(names ...string) eval.Type {
		return eval.ObjectOf(func() []eval.Field {
			var out []eval.Field
			for _, name := range names {
				out = append(out, eval.Field{Name: name, Type: eval.Type{Kind: eval.Int}})
			}
			return out
		})
	}
	return step.Define(step.Spec[looking, outputs]{
		Name: "look", Group: step.Story, Doc: "# look\n\nLooks.\n",
		Names: func(c *looking, in *step.Place, name string) eval.Type {
			switch given, ok := c.Given[name]; {
			case ok:
				return fields(given.Text + given.Start)
			case name == "place":
				return fields(filepath.Base(in.Dir))
			}
			return fields(c.Of.Text + c.Of.Start)
		},
		Check: func(_ *looking, p *step.Problems) {
			seen, _ := p.Place().Shared(lookedKey{}, func() any { return new(int) }).(*int)
			*seen++
		},
		Refine: func(_ *looking, in *step.Place, t eval.Type) eval.Type {
			seen, _ := in.Shared(lookedKey{}, func() any { return new(int) }).(*int)
			if *seen == 2 {
				return t.With("config", "What the second one sees.", fields("second"))
			}
			return t
		},
		Run: func(context.Context, *step.Run, looking) (outputs, error) { return outputs{}, nil },
	})
}

func compileLook(t *testing.T, shared *field.Shared, body string) (step.Task, step.Compiled, diag.List) {
	t.Helper()
	file, diags := source.Parse("shop/step.yaml", []byte(body))
	if file.Root == nil {
		t.Fatal(diags)
	}
	env := eval.NewEnv().With("vars", eval.AnyType)
	task, compiled := looks().Compile(&field.Decoder{File: file, Diags: &diags, Shared: shared}, file.Root, env)
	return task, compiled, diags
}

// TestNamesHaveTheTypesThatTheStepKnows also shows that it makes no difference what stands first in the file.
func TestNamesHaveTheTypesThatTheStepKnows(t *testing.T) {
	for body, want := range map[string]string{
		"{of: size, until: thing.size == 1}":                                                     "",
		"{until: thing.size == 1, of: size}":                                                     "",
		"{until: thing.sise == 1, of: size}":                                                     `unknown field "sise" of thing; did you mean "size"?`,
		"{until: thing.size == 1, of: 'si${{ vars.z }}'}":                                        `unknown field "size" of thing; did you mean "si"?`,
		"{until: place.shop == 1}":                                                               "",
		"{until: place.chop == 1}":                                                               `unknown field "chop" of place; did you mean "shop"?`,
		"{that: [a.one == 1, b.two == 2], given: {a: one, b: two}}":                              "",
		"{that: [a.one == 1, b.one == 2], given: {a: one, b: two}}":                              `unknown field "one" of b; it has two`,
		"{that: [a.one == 1], given: {a: 'one${{ 1 }}'}, until: vars.x, count: '${{ vars.n }}'}": "",
	} {
		_, _, diags := compileLook(t, nil, body)
		got := ""
		for _, d := range diags {
			got += d.Message
		}
		if got != want {
			t.Errorf("%s\n got %s\nwant %s", body, got, want)
		}
	}
}

func TestExpressionsKeepTheirOrder(t *testing.T) {
	_, compiled, _ := compileLook(t, nil, "{that: [vars.a, vars.b], count: '${{ vars.c }}', until: vars.d, given: {x: '${{ vars.e }}'}}")
	var got []string
	for _, p := range compiled.Programs {
		got = append(got, p.Source)
	}
	if d := cmp.Diff([]string{"vars.a", "vars.b", "vars.c", "vars.d", "vars.e"}, got); d != "" {
		t.Error(d)
	}
}

func TestStepsOfAFileShareWhatTheyKnow(t *testing.T) {
	shared := &field.Shared{}
	for i, want := range []eval.Kind{eval.Any, eval.Object, eval.Any} {
		task, _, diags := compileLook(t, shared, "{}")
		if task == nil {
			t.Fatal(diags)
		}
		if f, _ := task.Outputs().Field("config"); f.Type.Kind != want {
			t.Errorf("use %d: config is %s, want %s", i+1, f.Type.Kind, want)
		}
	}
	task, _, _ := compileLook(t, &field.Shared{}, "{}")
	if f, _ := task.Outputs().Field("config"); f.Type.Kind != eval.Any {
		t.Error("another file knows of it")
	}
}
