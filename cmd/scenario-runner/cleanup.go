package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/run"
	"github.com/scenario-runner/scenario-runner/steps/builtin"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

var errNoRuns = errors.New("there is no run yet")

type cleanupFlags struct {
	cluster clusterFlags
	id      string
	all     bool
	dryRun  bool
	timeout time.Duration
}

func newCleanup(s streams) *cobra.Command {
	f := &cleanupFlags{}
	cmd := &cobra.Command{
		Use:   "cleanup --run ID | --all",
		Short: "Take back what a dead run left behind",
		Long: `Take back what runs that were killed left behind, from the ledgers that they wrote before each change. Runs that are
still going on are not touched. With --kubeconfig or --context, that cluster is searched for namespaces and objects
with the labels of a run as well, which finds what runs on other machines left.`,
		Example: "  scenario-runner cleanup --all --dry-run\n  scenario-runner cleanup --run 3k2m9xq1\n  scenario-runner cleanup --all --context staging",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if (f.id == "") == !f.all {
				return errors.New("say which run: --run ID, or --all")
			}
			return f.run(cmd.Context(), s)
		},
	}
	f.cluster.add(cmd)
	cmd.Flags().StringVar(&f.id, "run", "", "id of the run, or its folder")
	cmd.Flags().BoolVar(&f.all, "all", false, "every run that is over")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "only say what would be done")
	cmd.Flags().DurationVar(&f.timeout, "timeout", run.DefaultCleanupTimeout, "time limit of each undo")
	return cmd
}

func (f *cleanupFlags) run(parent context.Context, s streams) error {
	ctx, _, stop := signals(parent, s.err)
	defer stop()
	options, err := f.cluster.options()
	if err != nil {
		return err
	}
	env := kube.NewEnv(options)
	defer env.Close()
	runs, err := f.runs(s)
	if err != nil {
		return err
	}
	left, done := 0, 0
	for _, r := range runs {
		d, l, err := f.recover(ctx, s, env, r)
		if err != nil {
			return errored(err)
		}
		done, left = done+d, left+l
	}
	if f.cluster.named() {
		d, l, err := f.sweep(ctx, s, env)
		if err != nil {
			return errored(err)
		}
		done, left = done+d, left+l
	}
	return f.conclude(s, done, left)
}

func (f *cleanupFlags) conclude(s streams, done, left int) error {
	switch {
	case left > 0:
		return &exitError{code: exitLeft, err: fmt.Errorf("%s could not be taken back", plural(left, "change"))}
	case f.dryRun:
		fmt.Fprintf(s.err, "%s would be taken back\n", plural(done, "change"))
	case done == 0:
		fmt.Fprintln(s.err, "nothing was left behind")
	default:
		fmt.Fprintf(s.err, "%s taken back\n", plural(done, "change"))
	}
	return nil
}

// runs returns the runs to clean up after: those that are over.
func (f *cleanupFlags) runs(s streams) ([]journal.RunDir, error) {
	st, err := store()
	if err != nil {
		return nil, err
	}
	if !f.all {
		r, err := findRun(st, f.id)
		switch {
		case err != nil && f.cluster.named():
			return []journal.RunDir{{ID: f.id}}, nil // only its labels are known
		case err != nil:
			return nil, err
		case r.Live():
			return nil, fmt.Errorf("run %s is still going on; interrupt it instead", f.id)
		}
		return []journal.RunDir{r}, nil
	}
	runs, err := st.List()
	return slices.DeleteFunc(runs, func(r journal.RunDir) bool {
		if r.Live() {
			fmt.Fprintf(s.err, "run %s is still going on and is left alone\n", r.ID)
			return true
		}
		return false
	}), err
}

// findRun finds a run by its folder or its id.
func findRun(st journal.Store, name string) (journal.RunDir, error) {
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		return journal.RunDir{ID: name, Dir: name}, nil
	}
	return st.Find(name)
}

// recover takes back the open ledger entries of one run.
func (f *cleanupFlags) recover(ctx context.Context, s streams, env *kube.Env, r journal.RunDir) (done, left int, err error) {
	if r.Dir == "" {
		return 0, 0, nil
	}
	j, err := journal.Read(r.Dir)
	if err != nil {
		fmt.Fprintf(s.err, "run %s: its journal can't be read and is passed over: %v\n", r.ID, err)
		return 0, 1, nil
	}
	open, gone := goneWithSandbox(j, j.Open())
	if f.dryRun {
		for _, e := range open {
			fmt.Fprintf(s.out, "run %s: would %s\n", r.ID, e.Describe)
		}
		return len(open), 0, nil
	}
	if len(open)+len(gone) == 0 {
		return 0, 0, nil
	}
	writer, err := journal.Reopen(r.Dir, journal.Options{})
	if err != nil {
		return 0, 0, err
	}
	if len(gone) > 0 {
		fmt.Fprintf(s.err, "run %s: its sandbox is gone, and %s with it\n", r.ID, plural(len(gone), "change"))
		if err := strikeOut(writer, gone); err != nil {
			return 0, 0, errors.Join(err, writer.Close())
		}
	}
	for _, res := range run.Recover(ctx, open, builtin.New(env).Undos, writer, f.timeout) {
		if res.Err != nil {
			left++
			fmt.Fprintf(s.out, "run %s: could not %s: %v\n", r.ID, res.Entry.Describe, res.Err)
			continue
		}
		done++
		fmt.Fprintf(s.out, "run %s: %s\n", r.ID, res.Entry.Describe)
	}
	return done, left, writer.Close()
}
