package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"golang.org/x/term"

	"github.com/scenario-runner/scenario-runner/engine/plan"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

// consent asks whoever starts a run before it breaks something, or changes something that is not its own, on a cluster
// that was not made for that.
type consent struct {
	env      *kube.Env
	registry *step.Registry
	rule     settings.Consent
	at       string // where the rule stands
	given    bool   // in advance
	sandbox  bool   // the default cluster is one in the box
	terminal bool   // somebody can be asked
	in       io.Reader
	out      io.Writer
}

func (f *runFlags) consent(env *kube.Env, r *step.Registry, s streams) consent {
	return consent{
		env: env, registry: r, rule: env.Settings().Policy.Confirm, at: f.project.At("policy", "confirm").String(),
		given: f.yes, sandbox: f.sandbox, terminal: isTerminal(s.in) && isTerminal(s.err), in: s.in, out: s.err,
	}
}

// isTerminal reports whether somebody sits at the other end.
func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// risk is what one scenario does on one cluster.
type risk struct {
	scenario, context string
	touches           []plan.Touch
}

// ask returns nil when nothing is at risk or when somebody agrees.
func (c consent) ask(ctx context.Context, selected []*scenario.Scenario) error {
	if c.given || !c.terminal && c.rule != settings.Always {
		return nil
	}
	risks, err := c.risks(ctx, selected)
	if err != nil || len(risks) == 0 {
		return err
	}
	if err := show(c.out, risks); err != nil {
		return errored(err)
	}
	if !c.terminal {
		return fmt.Errorf("nothing was run: the policy (%s) wants consent to this, and there is no terminal to ask at; give it with --yes", c.at)
	}
	if _, err := fmt.Fprint(c.out, "Go on? [y/N] "); err != nil {
		return errored(err)
	}
	answer, err := answerFrom(ctx, c.in)
	if err != nil {
		return err
	}
	switch strings.ToLower(answer) {
	case "y", "yes":
		return nil
	}
	return errors.New("nothing was run: you did not agree; --yes agrees in advance")
}

// risks looks up what each scenario would hit on clusters that are no sandbox. A cluster that can't be found is passed
// over: the run says so itself.
func (c consent) risks(ctx context.Context, selected []*scenario.Scenario) ([]risk, error) {
	var out []risk
	for _, s := range selected {
		p := plan.Of(s, c.registry)
		if err := c.look(ctx, &p); err != nil {
			return nil, err
		}
		for _, touch := range p.Risks() {
			if strings.HasPrefix(touch.Now, "not known: ") {
				touch.Now = "not known" // the run says why
			}
			cluster := touch.Cluster()
			if c.sandbox && (cluster == "" || cluster == "default") {
				continue
			}
			called, sandbox, err := c.env.Known(ctx, cluster)
			if err != nil || sandbox {
				continue
			}
			if last := len(out) - 1; last >= 0 && out[last].scenario == s.Name && out[last].context == called {
				out[last].touches = append(out[last].touches, touch)
				continue
			}
			out = append(out, risk{scenario: s.Name, context: called, touches: []plan.Touch{touch}})
		}
	}
	return out, nil
}

// look adds what is there now, when somebody reads it. Without an answer of the cluster the question is asked all the same.
func (c consent) look(ctx context.Context, p *plan.Plan) error {
	if !c.terminal {
		return nil
	}
	looking, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_ = p.Look(looking) // it ends with the time
	if ctx.Err() != nil {
		return &exitError{code: exitInterrupted, err: errors.New("nothing was run: interrupted")}
	}
	return nil
}

// mostAsked is how many lines a question has: it must be read.
const mostAsked = 20

// show lists what will be hit, by context.
func show(w io.Writer, risks []risk) error {
	var contexts []string
	lines := map[string][]string{}
	for _, r := range risks {
		if lines[r.context] == nil {
			contexts = append(contexts, r.context)
		}
		name := r.scenario
		for _, t := range r.touches {
			lines[r.context] = append(lines[r.context], "  "+name+"\t"+t.String())
			name = ""
		}
	}
	for _, name := range contexts {
		table, all := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0), lines[name]
		fmt.Fprintf(table, "This breaks or changes on context %q:\n", name)
		for _, text := range all[:min(len(all), mostAsked)] {
			fmt.Fprintln(table, text)
		}
		if more := len(all) - mostAsked; more > 0 {
			fmt.Fprintf(table, "  and %d more; scenario-runner plan lists all\n", more)
		}
		if err := table.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// answerFrom reads one line. When the user interrupts, the reader is left alone: the process ends with it.
func answerFrom(ctx context.Context, in io.Reader) (string, error) {
	read := make(chan string, 1)
	go func() {
		text, _ := bufio.NewReader(in).ReadString('\n') // without an answer there is no consent
		read <- strings.TrimSpace(text)
	}()
	select {
	case text := <-read:
		return text, nil
	case <-ctx.Done():
		return "", &exitError{code: exitInterrupted, err: errors.New("nothing was run: interrupted")}
	}
}
