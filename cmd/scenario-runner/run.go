package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/scenario-runner/scenario-runner/engine"
	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/report"
	"github.com/scenario-runner/scenario-runner/engine/run"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/builtin"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// runFlags are the flags of run.
type runFlags struct {
	project  *project
	cluster  clusterFlags
	sandbox  bool
	box      boxOptions
	target   json.RawMessage // where it runs, for the journal
	several  bool            // on more than one sandbox
	locker   step.Locker     // against other runs
	drift    bool            // compare what all share before and after
	shared   *comparison
	parallel int
	selectionFlags
	vars     []string
	without  []string // ids of steps to leave out
	vacuous  bool     // leave one step after the other out
	allowEnv []string
	outputs  []string
	runDir   string
	verbose  bool
	yes      bool // whoever starts the run agrees to what it breaks

	preflight             bool // look for missing rights first
	failFast, failOnFlaky bool
	repeat                int
	retries               int
	ownRetries            bool   // --retries was given
	seed                  uint64 // of a random order
	timeout, stepTimeout  time.Duration
	cleanup               string
	cleanupTimeout        time.Duration
}

func newRun(s streams) *cobra.Command {
	f := &runFlags{}
	cmd := &cobra.Command{
		Use:   "run PATH...",
		Short: "Run scenarios, or a suite",
		Long: `Run scenario files, or one suite, which says itself what runs and how much of it must pass. Folders are searched for
scenarios. Every file is checked first; nothing runs while one has a mistake. Each scenario works in a namespace of its own; everything it changes is taken back at the end, also after
Ctrl-C. After a crash, scenario-runner cleanup does it.

A cluster is touched only when you name it: --sandbox, --kubeconfig, --context, or the KUBECONFIG variable. At a terminal
you are asked once before faults are injected, or things changed outside of namespaces of the run's own, on a cluster
that is no sandbox; --yes agrees in advance. The policy of a project may want --yes without a terminal, too.`,
		Example: `  scenario-runner run --sandbox examples/01-deploy.scenario.yaml
  scenario-runner run --context staging scenarios/ --label priority=critical --parallel 8
  scenario-runner run --sandbox scenarios/*.yaml --output text --output junit=report.xml`,
		Args:              somePaths,
		ValidArgsFunction: completeFiles,
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.run(cmd, s, args)
		},
	}
	f.cluster.add(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&f.sandbox, "sandbox", false, "run on a cluster in the box that is started for this run and removed after it; one more for each name under clusters")
	flags.StringVar(&f.box.name, "sandbox-name", "", "use the sandbox of this name when it is up (and leave it up); that of cluster x is NAME-x")
	flags.IntVar(&f.box.nodes, "sandbox-nodes", 0, "simulated nodes of the sandbox (default 5, none beside a real one)")
	flags.StringVar(&f.box.node, "sandbox-node", "", "real for a node whose pods really run, which needs Linux, root and containerd (default simulated)")
	flags.StringVar(&f.box.binary, "sandbox-binary", "", "path of the sandbox program")
	flags.IntVar(&f.parallel, "parallel", defaultParallel(), "scenarios at once")
	f.selectionFlags.add(cmd)
	flags.StringArrayVar(&f.vars, "var", nil, "give a var another value: name=value (repeatable)")
	flags.StringSliceVar(&f.without, "without", nil, "negative control: leave the step with this id out and expect every scenario to fail (repeatable)")
	flags.BoolVar(&f.vacuous, "vacuous", false, "find scenarios that can't fail: run each once without each step that breaks or heals something, and expect every one to fail")
	flags.StringSliceVar(&f.allowEnv, "allow-env", nil, "environment variables that expressions may read as env.NAME")
	flags.StringArrayVarP(&f.outputs, "output", "o", []string{"text"}, "report as KIND[=FILE]: "+strings.Join(report.Kinds(), ", ")+" (repeatable)")
	flags.StringVar(&f.runDir, "run-dir", "", "folder for the journal and the evidence of this run")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "show the steps of scenarios that passed, too")
	flags.BoolVarP(&f.yes, "yes", "y", false, "agree in advance to what the run breaks or changes on clusters that are no sandbox")
	flags.BoolVar(&f.preflight, "preflight", true, "ask clusters that are no sandbox first whether all rights are there that the steps need")
	flags.BoolVar(&f.drift, "drift", false, "compare what all users of a cluster share (namespaces, nodes, definitions, cluster roles …) before and after, and say what is not as it was")
	flags.BoolVar(&f.failFast, "fail-fast", false, "start no further scenario after one that is not green")
	flags.IntVar(&f.repeat, "repeat", 1, "run each scenario this often; each time counts")
	flags.IntVar(&f.retries, "retries", 0, "run a scenario that is not green again, at most this often; if it passes then it is flaky")
	flags.Uint64Var(&f.seed, "seed", 0, "what the random order of a suite is drawn from")
	flags.BoolVar(&f.failOnFlaky, "fail-on-flaky", false, "a flaky scenario fails the run")
	flags.DurationVar(&f.timeout, "timeout", 0, "time limit of the whole run, clean-up not counted")
	flags.DurationVar(&f.stepTimeout, "step-timeout", 0, "time limit of steps that have none of their own")
	flags.StringVar(&f.cleanup, "cleanup", string(run.CleanupBackground), "background: the next scenario starts meanwhile; wait: it does not; keep: take nothing back")
	flags.DurationVar(&f.cleanupTimeout, "cleanup-timeout", run.DefaultCleanupTimeout, "time limit of each undo and of a finally block")
	return cmd
}

func defaultParallel() int { return max(4, 2*runtime.NumCPU()) }

func (f *runFlags) run(cmd *cobra.Command, s streams, args []string) error {
	ctx, abort, stop := signals(cmd.Context(), s.err)
	defer stop()
	p, err := openProject(cmd, s, "nothing was run")
	if err != nil {
		return err
	}
	if err := f.check(); err != nil {
		return err
	}
	f.ownRetries = cmd.Flags().Changed("retries")
	named, err := f.cluster.options()
	if err != nil {
		return err
	}
	f.project = p
	addons := f.addons()
	options := p.connect(named, f.sandbox)
	options.Settings.Addons = addons.settings()
	env := kube.NewEnv(options)
	defer env.Close()
	registry := builtin.New(env)
	loaded, selected, err := f.load(ctx, cmd, s, args, registry, slices.Sorted(maps.Keys(named.Clusters)))
	if err != nil {
		return err
	}
	if err := p.hold(env, loaded.everything(selected), slices.Sorted(maps.Keys(named.Clusters)), f.sandbox); err != nil {
		return err
	}
	if err := f.consent(env, registry, s).ask(ctx, loaded.everything(selected)); err != nil {
		return err
	}
	if !f.sandbox {
		warnOfEarlier(s.err)
	}
	if f.preflight && !f.sandbox {
		if err := preflight(ctx, env, loaded.everything(selected)); err != nil {
			return f.interrupted(ctx, err)
		}
	}
	var b boxes
	if f.sandbox {
		if b, err = openBoxes(ctx, f.box, boxed(loaded.everything(selected), slices.Sorted(maps.Keys(named.Clusters)))); err != nil {
			return f.interrupted(ctx, err)
		}
		defer b.close()
		addons.use(b)
		f.target, f.several = targetOf(b), len(b) > 1
		b.use(env)
	}
	f.locker = locker(env, b.private, s.err)
	if f.drift {
		if f.shared, err = compare(ctx, env, s.err, loaded.everything(selected)); err != nil {
			return f.interrupted(ctx, err)
		}
	}
	outcome, err := f.execute(ctx, abort, cmd, s, registry.Undos, loaded, selected)
	if err != nil {
		return errored(err)
	}
	if err := b.err(); err != nil {
		return errored(err)
	}
	if f.vacuous {
		return everyControl(s.err, outcome)
	}
	if len(f.without) > 0 {
		return control(s.err, outcome, f.without)
	}
	if outcome.ExitCode != 0 {
		return &exitError{code: outcome.ExitCode}
	}
	return nil
}

func (f *runFlags) check() error {
	kinds := []string{string(run.CleanupBackground), string(run.CleanupWait), string(run.CleanupKeep)}
	if !slices.Contains(kinds, f.cleanup) {
		return fmt.Errorf("--cleanup %q: choose background, wait or keep", f.cleanup)
	}
	if f.repeat < 1 {
		return fmt.Errorf("--repeat %d: each scenario is run at least once", f.repeat)
	}
	if f.vacuous && (len(f.without) > 0 || f.repeat > 1) {
		return errors.New("--vacuous leaves steps out by itself and runs each scenario without each of them once; don't give --without or --repeat with it")
	}
	if f.parallel < 1 {
		return fmt.Errorf("--parallel %d: at least 1 scenario runs at once", f.parallel)
	}
	if f.sandbox && f.cluster.named() {
		return fmt.Errorf("--sandbox brings its own cluster; don't give --kubeconfig or --context with it")
	}
	return nil
}

func (f *runFlags) interrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return &exitError{code: exitInterrupted, err: err}
	}
	return errored(err)
}

// load reads, checks and selects the scenarios, and lets the suite and the configuration set what flags leave open.
// Mistakes are printed.
func (f *runFlags) load(ctx context.Context, cmd *cobra.Command, s streams, args []string, r *step.Registry, clusters []string) (*arguments, []*scenario.Scenario, error) {
	loaded, err := f.project.loadArguments(ctx, cmd, s, r, args, f.allowEnv, "nothing was run", clusters...)
	if err != nil {
		return nil, nil, err
	}
	if loaded.suite != nil {
		if err := applySuite(cmd, loaded.suite); err != nil {
			return nil, nil, err
		}
	}
	if err := errors.Join(f.project.applyUsuals(cmd), f.check()); err != nil {
		return nil, nil, err
	}
	selected, err := f.choose(loaded.scenarios)
	if err != nil {
		return nil, nil, err
	}
	if selected, err = f.arrange(cmd, s, loaded, selected); err != nil {
		return nil, nil, err
	}
	if selected, err = leaveOut(selected, f.without); err != nil {
		return nil, nil, err
	}
	if err := engine.Override(selected, f.vars); err != nil {
		return nil, nil, err
	}
	if f.vacuous {
		selected, err = eachWithout(s.err, selected)
		return loaded, selected, err
	}
	return loaded, engine.Repeat(selected, f.repeat), nil
}

// execute runs the scenarios with a journal and reports.
func (f *runFlags) execute(ctx context.Context, abort <-chan struct{}, cmd *cobra.Command, s streams, undos []step.Undo, loaded *arguments, selected []*scenario.Scenario) (run.Outcome, error) {
	id := journal.NewRunID(time.Now())
	writer, err := openJournal(id, f.runDir)
	if err != nil {
		return run.Outcome{}, err
	}
	color, err := cmd.Flags().GetString("color")
	if err != nil {
		return run.Outcome{}, err
	}
	sink, err := report.Open(f.outputs, report.Options{
		Stdout: s.out, Stderr: s.err, Environment: os.Environ(), Color: report.Color(color), Verbose: f.verbose,
		Again: again(cmd), Suite: loaded.file, RunDir: writer.Dir(), Source: loaded.source, Mask: writer.Masker().Mask,
	})
	if err != nil {
		_ = writer.Close()
		return run.Outcome{}, &exitError{code: exitInvalid, err: err}
	}
	writer.Subscribe(sink.Event)
	options := f.options(id, writer, abort, undos)
	f.judge(&options, loaded, selected)
	outcome, err := run.Run(ctx, selected, options)
	return outcome, cmp.Or(err, writer.Close(), sink.Close())
}

func (f *runFlags) options(id string, writer *journal.Writer, abort <-chan struct{}, undos []step.Undo) run.Options {
	variables := map[string]string{}
	for _, name := range f.project.environment(f.allowEnv) {
		variables[name] = os.Getenv(name)
	}
	return run.Options{
		RunID: id, Journal: writer, Undos: undos, Env: variables, Abort: abort,
		Info: journal.RunInfo{
			Version: buildVersion(), Arguments: os.Args[1:], Process: os.Getpid(), Simulated: f.simulated(), Target: f.target,
		},
		Parallel: f.parallel, Retries: f.retries, FailOnFlaky: f.failOnFlaky, FailFast: f.failFast,
		GlobalTimeout: f.timeout, StepTimeout: f.stepTimeout,
		Cleanup: run.Cleanup(f.cleanup), CleanupTimeout: f.cleanupTimeout, AttachDir: attachDir(writer.Dir()),
		MaskText: writer.Masker().Mask, LookupEnv: os.LookupEnv, Locker: f.locker, Drift: f.shared.since(id),
	}
}

func (f *runFlags) simulated() string {
	if !f.sandbox {
		return ""
	}
	if f.box.node == realNode {
		return "the cluster is a sandbox: its API server, controllers, scheduler and the node real-1 are real, its storage and other nodes are simulated"
	}
	if f.several {
		return "the clusters are sandboxes: their API servers, controllers and schedulers are real, their nodes and pods are simulated"
	}
	return "the cluster is a sandbox: its API server, controllers and scheduler are real, its nodes and pods are simulated"
}

// again returns the flags that decide on what a scenario runs, as they were given.
func again(cmd *cobra.Command) []string {
	var out []string
	for _, name := range []string{"config", "sandbox", "sandbox-name", "sandbox-node", "kubeconfig", "context", "cluster", "allow-env", "var", "without"} {
		flag := cmd.Flags().Lookup(name)
		switch values, many := flag.Value.(pflag.SliceValue); {
		case !flag.Changed:
		case many:
			for _, v := range values.GetSlice() {
				out = append(out, "--"+name+"="+v)
			}
		case flag.Value.Type() == "bool":
			out = append(out, "--"+name)
		default:
			out = append(out, "--"+name+"="+flag.Value.String())
		}
	}
	return out
}
