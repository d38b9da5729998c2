package main

import (
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"regexp"

	"github.com/spf13/cobra"

	"github.com/scenario-runner/scenario-runner/engine"
	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/shard"
)

// selectionFlags narrow the scenarios that a command is about.
type selectionFlags struct {
	labels    []string
	name      string
	shard     string
	durations []string
}

func (f *selectionFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringSliceVarP(&f.labels, "label", "l", nil, "only scenarios with this label: key, key=value or key!=value (repeatable, all must match)")
	flags.StringVar(&f.name, "name", "", "only scenarios whose name matches this regular expression")
	flags.StringVar(&f.shard, "shard", "", "only the i-th of n parts of the selection, as i/n; every scenario is in exactly one")
	flags.StringSliceVar(&f.durations, "durations", nil, "JSON report of an earlier run (repeatable); parts then take equally long; give the same files to every part")
	complete(cmd, "label", completeLabels)
}

// choose returns the scenarios that the flags select. Selecting nothing is an error.
func (f *selectionFlags) choose(all []*scenario.Scenario) ([]*scenario.Scenario, error) {
	selection := engine.Selection{Labels: f.labels}
	var err error
	if f.name != "" {
		if selection.Name, err = regexp.Compile(f.name); err != nil {
			return nil, fmt.Errorf("--name: %w", err)
		}
	}
	selected, err := engine.Select(all, selection)
	if err != nil || f.shard == "" {
		return selected, err
	}
	part, err := shard.Parse(f.shard)
	if err != nil {
		return nil, fmt.Errorf("--shard %w", err)
	}
	known, err := f.known()
	if err != nil {
		return nil, err
	}
	picked, err := shard.Pick(shardItems(selected, known), part)
	if err != nil {
		return nil, fmt.Errorf("--shard %s: %w", part, err)
	}
	var out []*scenario.Scenario
	for _, i := range picked {
		out = append(out, selected[i])
	}
	return out, nil
}

// known returns the durations of the files that were given, a later one wins. The runs on this machine are not asked:
// another machine has other ones, would divide otherwise, and a scenario could fall into no shard.
func (f *selectionFlags) known() (shard.Durations, error) {
	all := shard.Durations{}
	for _, file := range f.durations {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("--durations: %w", err)
		}
		known, err := shard.FromJSON(data)
		if err != nil {
			return nil, fmt.Errorf("--durations %s: %w", file, err)
		}
		maps.Copy(all, known)
	}
	return all, nil
}

func shardItems(scenarios []*scenario.Scenario, known shard.Durations) []shard.Item {
	items := make([]shard.Item, len(scenarios))
	for i, s := range scenarios {
		items[i] = shard.Item{Key: s.Name + "\x00" + filepath.ToSlash(s.Key), Took: known[s.Name]}
	}
	return items
}

// pastDurations returns how long scenarios took in the runs that are kept on this machine.
func pastDurations() (shard.Durations, error) {
	st, err := store()
	if err != nil {
		return nil, err
	}
	runs, err := st.List()
	if err != nil {
		return nil, err
	}
	return shard.FromRuns(journals(runs)), nil
}

// journals reads the journals of runs. One that can't be read tells nothing and is passed over.
func journals(runs []journal.RunDir) iter.Seq[*journal.Journal] {
	return func(yield func(*journal.Journal) bool) {
		for _, r := range runs {
			if j, err := journal.Read(r.Dir); err == nil && !yield(j) {
				return
			}
		}
	}
}
