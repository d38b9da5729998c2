package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/shard"
	"github.com/scenario-runner/scenario-runner/engine/suite"
)

type listFlags struct {
	selectionFlags
	allowEnv []string
	outputs  []string
	shards   int
}

func newList(s streams) *cobra.Command {
	f := &listFlags{}
	cmd := &cobra.Command{
		Use:   "list PATH...",
		Short: "List scenarios, for people and for the matrix of a pipeline",
		Long: `List scenarios with their labels, without running them. No cluster is touched.

--output github prints one line for a dynamic matrix of GitHub Actions, --output gitlab a hidden job with a
parallel:matrix for a child pipeline: one entry for each scenario or, with --shards N, one for each of N parts. The
parts are planned here, once, and take equally long as far as runs on this machine (or --durations) tell.

run --shard i/n divides without a plan; the parts have equally many scenarios, or are balanced by --durations.`,
		Example: `  scenario-runner list scenarios/ --label priority=critical
  scenario-runner list scenarios/ --output github --shards 4`,
		Args:              somePaths,
		ValidArgsFunction: completeFiles,
		RunE:              func(cmd *cobra.Command, args []string) error { return f.run(cmd, s, args) },
	}
	f.add(cmd)
	cmd.Flags().StringSliceVar(&f.allowEnv, "allow-env", nil, "environment variables that expressions may read as env.NAME")
	cmd.Flags().StringArrayVarP(&f.outputs, "output", "o", []string{"text"}, "list as KIND[=FILE]: text, json, github, gitlab (repeatable)")
	cmd.Flags().IntVar(&f.shards, "shards", 0, "with github and gitlab: plan this many parts; 0 means one for each scenario")
	completeWords(cmd, "output", listKinds()...)
	return cmd
}

func listKinds() []string { return []string{"text", "json", "github", "gitlab"} }

func (f *listFlags) run(cmd *cobra.Command, s streams, args []string) error {
	targets, err := parseOutputs(f.outputs, listKinds())
	if err != nil {
		return err
	}
	if f.shards < 0 {
		return fmt.Errorf("--shards %d: at least 1 part is planned", f.shards)
	}
	if f.shards > 0 && f.shard != "" {
		return errors.New("--shards plans all parts and --shard picks one; give only one of them")
	}
	const consequence = "nothing is listed"
	p, err := openProject(cmd, s, consequence)
	if err != nil {
		return err
	}
	named, err := p.loadArguments(cmd.Context(), cmd, s, p.registry(), args, f.allowEnv, consequence)
	if err != nil {
		return err
	}
	selected, err := f.choose(named.scenarios)
	if err != nil {
		return err
	}
	known, err := f.known()
	if err == nil && len(known) == 0 {
		known, err = pastDurations()
	}
	if err != nil {
		return err
	}
	if named.suite != nil && (named.suite.Order != suite.Random || named.suite.Seed != nil) {
		selected = named.suite.Arrange(selected, known, named.suite.RandomSeed())
	}
	rows, err := f.rows(selected, known)
	if err != nil {
		return err
	}
	for i := range rows {
		rows[i].suite = filepath.ToSlash(named.file)
	}
	for _, t := range targets {
		if err := t.write(s.out, func(w io.Writer) error { return writeList(w, t.kind, rows, f.shards) }); err != nil {
			return errored(err)
		}
	}
	return nil
}

// rows describes the scenarios and the part that each is in.
func (f *listFlags) rows(selected []*scenario.Scenario, known shard.Durations) ([]listRow, error) {
	parts, err := fileParts(selected, known, f.shards)
	if err != nil {
		return nil, err
	}
	rows := make([]listRow, len(selected))
	for i, sc := range selected {
		rows[i] = listRow{
			Name: sc.Name, File: filepath.ToSlash(sc.File.Name), Description: sc.Description, Labels: sc.Labels,
			Seconds: known[sc.Name].Seconds(), Shard: i + 1, alone: sc.Matrix == nil,
		}
		if parts != nil {
			rows[i].Shard = parts[i]
		}
		if rows[i].Labels == nil {
			rows[i].Labels = map[string]string{}
		}
	}
	return rows, nil
}

// fileParts divides scenarios into parts, those of one file together, because a part is run by the names of its files. It
// returns nil when there are to be no parts.
func fileParts(selected []*scenario.Scenario, known shard.Durations, shards int) ([]int, error) {
	if shards == 0 {
		return nil, nil
	}
	items := shardItems(selected, known)
	position := map[string]int{}
	var files []shard.Item
	for i, sc := range selected {
		at, ok := position[sc.File.Name]
		if !ok {
			at = len(files)
			position[sc.File.Name] = at
			files = append(files, shard.Item{Key: items[i].Key})
		}
		files[at].Took += items[i].Took
	}
	if shards > len(files) {
		_, err := shard.Pick(files, shard.Shard{Index: 1, Count: shards})
		return nil, fmt.Errorf("--shards %d: %w", shards, err)
	}
	divided := shard.Divide(files, shards)
	parts := make([]int, len(selected))
	for i, sc := range selected {
		parts[i] = divided[position[sc.File.Name]]
	}
	return parts, nil
}
