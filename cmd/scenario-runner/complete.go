package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/scenario-runner/scenario-runner/engine"
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
	loaded, err := engine.Load(cmd.Context(), registry(), inputs, nil)
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
