package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/lsp/lsptest"
)

const (
	// goalAnswer is the time in which an editor must have its answer.
	goalAnswer = 50 * time.Millisecond
	// asked is how often each question is asked.
	asked = 20
)

// longScenario has about 500 lines.
func longScenario() string {
	var b strings.Builder
	fmt.Fprintf(&b, scenarioText, 0)
	for i := range 53 {
		fmt.Fprintf(&b, `  - id: wait%d
    waitFor:
      object: deployment/web
      until: object.status.availableReplicas == 4 and all(object.status.conditions, .status != "Unknown")
    timeout: 30s
  - assert:
      given: {web: deployment/web}
      that:
        - web.spec.replicas == 4 and steps.wait%d.took < duration("1m")
`, i, i)
	}
	return b.String()
}

// answering measures what an author waits for while typing: an answer right after a letter, which includes checking the
// whole file.
func answering(ctx context.Context, dir string) error {
	server := exec.CommandContext(ctx, runner, "lsp")
	server.Stderr = os.Stderr
	in, err := server.StdinPipe()
	if err != nil {
		return err
	}
	out, err := server.StdoutPipe()
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return err
	}
	client := lsptest.NewClient(out, in)
	err = answers(client, dir)
	if err == nil {
		err = client.Request("shutdown", nil, nil)
	}
	err = errors.Join(err, client.Notify("exit", nil), in.Close())
	client.Wait()
	return errors.Join(err, server.Wait())
}

func answers(client *lsptest.Client, dir string) error {
	if err := client.Request("initialize", map[string]any{"processId": nil, "rootUri": nil, "capabilities": map[string]any{}}, nil); err != nil {
		return err
	}
	uri, text := "file://"+filepath.Join(dir, "long.scenario.yaml"), longScenario()
	if err := client.Open(uri, 1, text); err != nil {
		return err
	}
	lines := strings.Count(text, "\n")
	fmt.Printf("\nanswers of the language server on a file of %d lines, each right after a letter\n", lines+1)
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\tbest\tmedian\tworst\tgoal\t")
	version := 1
	for _, method := range []string{"completion", "hover", "definition", "references", "signatureHelp", "documentSymbol"} {
		var took []time.Duration
		for round := range asked {
			version++
			typed := text + "  - assert: steps." + strings.Repeat("w", 1+round%3)
			if err := client.Change(uri, version, typed); err != nil {
				return err
			}
			started := time.Now()
			if err := client.Request("textDocument/"+method, lsptest.At(uri, lsptest.Position{Line: lines, Character: 19}), nil); err != nil {
				return err
			}
			took = append(took, time.Since(started))
		}
		slices.Sort(took)
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t\n", method, milliseconds(took[0]), milliseconds(took[asked/2]), milliseconds(took[asked-1]), goalAnswer)
	}
	return table.Flush()
}

func milliseconds(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }
