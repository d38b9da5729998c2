package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/scenario-runner/scenario-runner/engine/plan"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/steps/builtin"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/rights"
)

type planFlags struct {
	selectionFlags
	allowEnv []string
	outputs  []string
	look     lookFlags
	rbac     bool
	account  string
}

func newPlan(s streams) *cobra.Command {
	f := &planFlags{}
	cmd := &cobra.Command{
		Use:   "plan PATH...",
		Short: "Show what scenarios will do and touch, without doing it",
		Long: `Show the steps of scenarios with their order, their limits and what they will touch, as far as that is known before
the run. No cluster is touched. With --context or --kubeconfig one is asked what the names and selectors mean now: how
many pods a fault would reach, which objects exist. In its own namespace, which the run makes, there is nothing yet.

With --rbac the roles are printed that the scenarios need, each rule with the steps that need it, ready for kubectl apply.
With a cluster it is said as well what its present user lacks of that; exit code 1 when that is anything that is needed.

A step waits for the one before it unless its remarks say otherwise. In the chart of --output mermaid a thick arrow is
an order that the author asked for (needs, or outputs that are used), a dotted one comes from a background step.`,
		Example: `  scenario-runner plan scenarios/web.scenario.yaml
  scenario-runner plan scenarios/ --context staging
  scenario-runner plan scenarios/ --label area=shop --output mermaid=plan.mmd
  scenario-runner plan scenarios/ --rbac --service-account ci/scenario-runner > roles.yaml`,
		Args:              somePaths,
		ValidArgsFunction: completeFiles,
		RunE:              func(cmd *cobra.Command, args []string) error { return f.run(cmd, s, args) },
	}
	f.add(cmd)
	cmd.Flags().StringSliceVar(&f.allowEnv, "allow-env", nil, "environment variables that expressions may read as env.NAME")
	cmd.Flags().StringArrayVarP(&f.outputs, "output", "o", []string{"text"}, "plan as KIND[=FILE]: text, mermaid, json (repeatable)")
	f.look.add(cmd, "ask what names and selectors mean now")
	cmd.Flags().BoolVar(&f.rbac, "rbac", false, "print the roles that the scenarios need instead of the plan")
	cmd.Flags().StringVar(&f.account, "service-account", "default/scenario-runner", "service account that --rbac binds the roles to, as NAMESPACE/NAME")
	completeWords(cmd, "output", planKinds()...)
	return cmd
}

func planKinds() []string { return []string{"text", "mermaid", "json"} }

func (f *planFlags) run(cmd *cobra.Command, s streams, args []string) error {
	targets, err := parseOutputs(f.outputs, planKinds())
	if err != nil {
		return err
	}
	p, err := openProject(cmd, s, "nothing is planned")
	if err != nil {
		return err
	}
	env, err := f.look.environment(cmd.Context(), s, p)
	if err != nil {
		return err
	}
	defer env.Close()
	r := builtin.New(env)
	named, err := p.loadArguments(cmd.Context(), cmd, s, r, args, f.allowEnv, "nothing is planned")
	if err != nil {
		return err
	}
	selected, err := f.choose(named.scenarios)
	if err != nil {
		return err
	}
	selected = named.everything(selected)
	if f.rbac {
		return f.roles(cmd.Context(), s, env, selected)
	}
	plans := make([]plan.Plan, len(selected))
	for i, sc := range selected {
		plans[i] = plan.Of(sc, r)
		if f.look.named() {
			if err := plans[i].Look(cmd.Context()); err != nil {
				return errored(err)
			}
		}
	}
	for _, t := range targets {
		write := map[string]func(io.Writer, []plan.Plan) error{"text": plan.Text, "mermaid": plan.Mermaid, "json": plan.JSON}[t.kind]
		if err := t.write(s.out, func(w io.Writer) error { return write(w, plans) }); err != nil {
			return errored(err)
		}
	}
	return nil
}

// roles prints what the scenarios must be allowed to do, and compares it with what the user of a cluster is allowed.
func (f *planFlags) roles(ctx context.Context, s streams, env *kube.Env, selected []*scenario.Scenario) error {
	account, err := rights.ParseAccount(f.account)
	if err != nil {
		return fmt.Errorf("--service-account: %w", err)
	}
	if err := writeRoles(s.out, env, selected, account); err != nil {
		return errored(err)
	}
	if !f.look.named() {
		return nil
	}
	return rightsReport(ctx, s.err, env, selected)
}
