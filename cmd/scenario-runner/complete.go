package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/scenario-runner/scenario-runner/engine"
	"github.com/scenario-runner/scenario-runner/engine/report"
	"github.com/scenario-runner/scenario-runner/engine/run"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
)

// completeFiles completes arguments that name scenario files or folders.
func completeFiles(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
}

// completeWords completes the value of a flag from a fixed list.
func completeWords(cmd *cobra.Command, flag string, words ...string) {
	complete(cmd, flag, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return words, cobra.ShellCompDirectiveNoFileComp
	})
}

// complete registers a completion. That fails only for a flag that does not exist, which is a mistake of ours.
func complete(cmd *cobra.Command, flag string, f cobra.CompletionFunc) {
	if err := cmd.RegisterFlagCompletionFunc(flag, f); err != nil {
		panic(err)
	}
}

// completeRuns completes ids of runs, newest first.
func completeRuns(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	st, err := store()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	runs, err := st.List()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var ids []string
	for _, r := range runs {
		ids = append(ids, r.ID)
	}
	return ids, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}

// completeLabels completes labels of the scenarios that the arguments name, or that lie in the present folder.
func completeLabels(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		args = []string{"."}
	}
	inputs, err := engine.Find(args)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	loaded, err := engine.Load(cmd.Context(), registry(), inputs, scenario.Options{})
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	labels := map[string]bool{}
	for _, s := range loaded.Scenarios {
		for key, value := range s.Labels {
			labels[strings.TrimSpace(key)+"="+value] = true
		}
	}
	return slices.Sorted(maps.Keys(labels)), cobra.ShellCompDirectiveNoFileComp
}

const completionLong = `Print a script with which your shell completes commands, flags, files, labels, step kinds and ids of runs.

  bash  scenario-runner completion bash > ~/.local/share/bash-completion/completions/scenario-runner
  zsh   scenario-runner completion zsh > "${fpath[1]}/_scenario-runner"
  fish  scenario-runner completion fish > ~/.config/fish/completions/scenario-runner.fish
  pwsh  scenario-runner completion powershell >> $PROFILE

Start a new shell after that. For bash, the package bash-completion has to be installed; for zsh, the folder has to exist
and compinit to run.`

// completions adds what the commands do not complete themselves.
func completions(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	words := map[string]map[string][]string{
		"run": {
			"output":  report.Kinds(),
			"cleanup": {string(run.CleanupBackground), string(run.CleanupWait), string(run.CleanupKeep)},
		},
		"report": {"output": report.Kinds()},
	}
	for _, cmd := range root.Commands() {
		for _, flag := range slices.Sorted(maps.Keys(words[cmd.Name()])) {
			completeWords(cmd, flag, words[cmd.Name()][flag]...)
		}
		switch cmd.Name() {
		case "report":
			cmd.ValidArgsFunction = completeRuns
		case "cleanup":
			complete(cmd, "run", completeRuns)
		case "sandbox":
			cmd.ValidArgs = []string{"up", "down", "status", "kubeconfig", "logs", "exec"}
		case "completion":
			cmd.Long = completionLong
		}
	}
	completeWords(root, "color", "auto", "always", "never")
}
