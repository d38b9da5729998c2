package lsp_test

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/lsp"
	"github.com/scenario-runner/scenario-runner/engine/lsp/lsptest"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

type makeConfig struct {
	Names []string       `yaml:"names" required:"true" single:"true" doc:"Names of the things to make." example:"web"`
	Count int            `yaml:"count" doc:"How many of each."`
	Mode  string         `yaml:"mode" enum:"fast,careful" doc:"How to make them."`
	Wait  time.Duration  `yaml:"wait" doc:"How long to wait."`
	Quiet bool           `yaml:"quiet" doc:"Say nothing."`
	Extra map[string]any `yaml:"extra" doc:"Anything else."`
	Paint paint          `yaml:"paint" doc:"How they look."`
}

type paint struct {
	Colour string `yaml:"colour" enum:"red,blue" doc:"The colour."`
	Gloss  bool   `yaml:"gloss" doc:"Whether they shine."`
}

type makeOutputs struct {
	Ready int           `expr:"ready" doc:"How many are ready."`
	Took  time.Duration `expr:"took" doc:"How long it took."`
	Items []thing       `expr:"items" doc:"What was made."`
}

type thing struct {
	Name  string `expr:"name" doc:"Its name."`
	Parts []part `expr:"parts" doc:"What it is made of."`
}

type part struct {
	Weight float64 `expr:"weight" doc:"In kilograms."`
}

type checkConfig struct {
	Given map[string]string `yaml:"given" doc:"Things to look at."`
	That  []eval.Expr[bool] `yaml:"that" required:"true" single:"true" shorthand:"true" scope:"*given" doc:"What must be true." example:"a == 1"`
}

type groupConfig struct {
	Steps step.Block `yaml:"steps" required:"true" shorthand:"true" doc:"Steps that start together."`
}

type bringConfig struct {
	Toys   []string `yaml:"toys" single:"true" doc:"Files with toys." refers:"manifest" example:"toys.yaml"`
	Inline []any    `yaml:"inline" single:"true" doc:"Toys." refers:"manifest"`
	Best   string   `yaml:"best" doc:"The best of them." refers:"object" example:"bear/bruno"`
	Sort   string   `yaml:"sort" doc:"What sort of toys." refers:"kind"`
	Shelf  string   `yaml:"shelf" doc:"Where they are kept." refers:"folder"`
	Note   string   `yaml:"note" doc:"What is said of them." refers:"file"`
}

type watchConfig struct {
	Given map[string]watched `yaml:"given" doc:"Toys."`
}

type watched struct {
	Toy string `yaml:"toy" shorthand:"true" doc:"A toy." refers:"object"`
}

type borrowConfig struct {
	From step.Template        `yaml:"from" required:"true" shorthand:"true" doc:"The template." example:"tidy.template.yaml"`
	With map[string]eval.Tree `yaml:"with" doc:"Its parameters."`
}

type none struct{}

func registry() *step.Registry {
	return &step.Registry{
		Functions: []eval.Function{{
			Name: "quantity", Doc: "An amount as a number.", Types: []any{new(func(string) float64)},
			Func: func(...any) (any, error) { return 1.0, nil },
		}},
		Steps: []step.Definition{
			step.Define(step.Spec[makeConfig, makeOutputs]{
				Name: "make", Group: step.Story, Doc: "# make\n\nMakes things.\n\n```yaml\n- make:\n    names: web\n```\n",
				Run: func(context.Context, *step.Run, makeConfig) (makeOutputs, error) { return makeOutputs{}, nil },
			}),
			step.Define(step.Spec[checkConfig, none]{
				Name: "check", Group: step.Story, Doc: "# check\n\nChecks things.\n", Judges: true,
				Run: func(context.Context, *step.Run, checkConfig) (none, error) { return none{}, nil },
			}),
			step.Define(step.Spec[groupConfig, none]{
				Name: "together", Group: step.Flow, Doc: "# together\n\nRuns steps at once.\n", Visible: true, Unordered: true,
				Run: func(context.Context, *step.Run, groupConfig) (none, error) { return none{}, nil },
			}),
			step.Define(step.Spec[bringConfig, none]{
				Name: "bring", Group: step.Story, Doc: "# bring\n\nBrings toys.\n",
				Run: func(context.Context, *step.Run, bringConfig) (none, error) { return none{}, nil },
			}),
			step.Define(step.Spec[watchConfig, none]{
				Name: "watch", Group: step.Story, Doc: "# watch\n\nWatches toys.\n",
				Run: func(context.Context, *step.Run, watchConfig) (none, error) { return none{}, nil },
			}),
			step.Define(step.Spec[borrowConfig, map[string]any]{
				Name: "borrow", Group: step.Flow, Doc: "# borrow\n\nRuns the steps of a template.\n",
				Outputs: func(c *borrowConfig) eval.Type { return c.From.OutputType() },
				Check: func(c *borrowConfig, p *step.Problems) {
					for _, parameter := range c.From.Parameters {
						if _, given := c.With[parameter.Name]; !given && parameter.Required {
							p.Mistake("with", "missing-parameter", "template %q needs parameter %q", c.From.Title, parameter.Name)
						}
					}
				},
				Run: func(context.Context, *step.Run, borrowConfig) (map[string]any, error) { return nil, nil },
			}),
		},
	}
}

// options are those of a server in which every folder is a project of its own.
func options(t testing.TB) lsp.Options {
	t.Helper()
	buffers := &lsp.Buffers{}
	loader, err := scenario.NewLoader(registry(), scenario.Options{Environment: []string{"HOME"}, ReadFile: buffers.ReadFile})
	if err != nil {
		t.Fatal(err)
	}
	return lsp.Options{Version: "test", Buffers: buffers, Project: func(string) lsp.Project { return lsp.Project{Loader: loader, Objects: toys{}} }}
}

// connect starts a server of its own and returns a client that has initialized it.
func connect(t testing.TB) *lsptest.Client {
	t.Helper()
	return connectAs(t, map[string]any{"capabilities": map[string]any{}}, options(t))
}

// connectAs is connect for a client that says more of itself.
func connectAs(t testing.TB, introduction map[string]any, o lsp.Options) *lsptest.Client {
	t.Helper()
	toServer, clientOut := io.Pipe()
	clientIn, fromServer := io.Pipe()
	served := make(chan error, 1)
	go func() {
		err := lsp.New(registry(), o).Serve(t.Context(), toServer, fromServer)
		_ = fromServer.Close()
		served <- err
	}()
	c := lsptest.NewClient(clientIn, clientOut)
	t.Cleanup(func() {
		_ = clientOut.Close()
		_ = clientIn.Close()
		if err := <-served; err != nil && !errors.Is(err, lsp.ErrNoShutdown) && !errors.Is(err, context.Canceled) && !errors.Is(err, io.ErrClosedPipe) {
			t.Error(err)
		}
		c.Wait()
	})
	must(t, c.Request("initialize", introduction, nil))
	must(t, c.Notify("initialized", map[string]any{}))
	return c
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// inFolder returns the URI of a scenario file in a folder.
func inFolder(dir string) string {
	return "file://" + filepath.ToSlash(filepath.Join(dir, "a.scenario.yaml"))
}

const head = `apiVersion: scenario-runner/v1
kind: Scenario
metadata: {name: a}
vars: {limit: 3, who: {name: me}}
steps:
  - id: first
    make:
      names: [a, b]
`
