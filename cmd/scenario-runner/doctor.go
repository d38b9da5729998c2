package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// level says how bad a finding of the doctor is.
type level string

const (
	levelOK    level = "ok"
	levelWarn  level = "warn"
	levelError level = "error"
)

// finding is one line of the doctor.
type finding struct {
	Level level  `json:"level"`
	Topic string `json:"topic"`
	Text  string `json:"text"`
	Cure  string `json:"cure,omitempty"`
}

func newDoctor(s streams) *cobra.Command {
	d := &doctor{}
	var outputs []string
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Look at what a run needs, and say what to do about what is missing",
		Long: `Look at what a run needs: the program, the configuration and what it says, the sandbox, the cluster that you name (no
other is touched), your rights on it, the databases of the configuration, the folder for the records of runs, and what
earlier runs left behind. Nothing is changed.

Exit code 0 when runs can work, 2 when something is in the way.`,
		Example: "  scenario-runner doctor\n  scenario-runner doctor --context staging",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			targets, err := parseOutputs(outputs, []string{"text", "json"})
			if err != nil {
				return err
			}
			findings, err := d.examine(cmd)
			if err != nil {
				return err
			}
			st := styleFor(cmd, s.out)
			for _, t := range targets {
				if t.file != "" {
					st = style{}
				}
				if err := t.write(s.out, func(w io.Writer) error { return writeFindingsOf(w, t.kind, st, findings) }); err != nil {
					return errored(err)
				}
			}
			return verdictOf(findings)
		},
	}
	d.cluster.add(cmd)
	cmd.Flags().StringVar(&d.binary, "sandbox-binary", "", "path of the sandbox program")
	cmd.Flags().StringArrayVarP(&outputs, "output", "o", []string{"text"}, "findings as KIND[=FILE]: text, json (repeatable)")
	completeWords(cmd, "output", "text", "json")
	return cmd
}

func writeFindingsOf(w io.Writer, kind string, st style, findings []finding) error {
	if kind == "json" {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(map[string]any{"findings": findings})
	}
	paint := map[level]func(string) string{levelOK: st.faint, levelWarn: st.yellow, levelError: st.red}
	var b strings.Builder
	for _, f := range findings {
		mark := fmt.Sprintf("%-5s", f.Level)
		if p := paint[f.Level]; p != nil {
			mark = p(mark)
		}
		fmt.Fprintf(&b, "%s  %-9s  %s\n", mark, f.Topic, f.Text)
		if f.Cure != "" {
			fmt.Fprintf(&b, "       %-9s  -> %s\n", "", f.Cure)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func verdictOf(findings []finding) error {
	bad := 0
	for _, f := range findings {
		if f.Level == levelError {
			bad++
		}
	}
	if bad == 0 {
		return nil
	}
	return &exitError{code: exitErrored, err: fmt.Errorf("%s in the way of runs", things(bad))}
}

func things(n int) string {
	if n == 1 {
		return "1 thing is"
	}
	return fmt.Sprintf("%d things are", n)
}
