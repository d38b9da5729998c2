package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/config"
	"github.com/scenario-runner/scenario-runner/engine/plan"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/rights"
)

// demand is what scenarios need on one cluster.
type demand struct {
	cluster string // "" is the default cluster
	set     rights.Set
}

// demands returns what scenarios need on each of the clusters that they use, the default one first.
func demands(env *kube.Env, scenarios []*scenario.Scenario) []demand {
	needs := map[string][]rights.Need{}
	var names []string
	add := func(cluster string, n rights.Need) {
		if cluster == config.Default || strings.Contains(cluster, "${{") {
			cluster = "" // which one is known only when it runs
		}
		if n.Kept == kube.LocksNamespace && env.Settings().Policy.LocksRequired {
			n.Helps = false
		}
		if _, known := needs[cluster]; !known {
			names = append(names, cluster)
		}
		needs[cluster] = append(needs[cluster], n)
	}
	for _, s := range scenarios {
		for _, r := range plan.Rights(s) {
			add(r.Cluster, rights.Need{
				Right: r.Right, Namespace: r.Namespace, Own: r.Own, Makes: r.Makes, At: fmt.Sprintf("%s:%d", r.File, r.Line),
			})
		}
		if len(s.Locks) > 0 {
			add("", rights.Need{Right: kube.ClaimRight("", true), At: s.NamedAt().File})
		}
	}
	slices.Sort(names)
	var out []demand
	for _, name := range names {
		out = append(out, demand{name, rights.Of(needs[name])})
	}
	return out
}

// title names the cluster for people.
func (d demand) title() string {
	if d.cluster == "" {
		return "the default cluster"
	}
	return "cluster " + d.cluster
}

// writeRoles writes what the scenarios need as manifests, cluster by cluster.
func writeRoles(w io.Writer, env *kube.Env, scenarios []*scenario.Scenario, account rights.Account) error {
	for i, d := range demands(env, scenarios) {
		if i > 0 {
			if _, err := io.WriteString(w, "---\n"); err != nil {
				return err
			}
		}
		heading := fmt.Sprintf("What %s on %s, by scenario-runner plan --rbac.", may(len(scenarios)), d.title())
		if err := d.set.Write(w, heading, account); err != nil {
			return err
		}
	}
	return nil
}

func may(scenarios int) string {
	if scenarios == 1 {
		return "1 scenario must be allowed to do"
	}
	return fmt.Sprintf("%d scenarios must be allowed to do", scenarios)
}

// lack is what the user of a cluster lacks.
type lack struct {
	needed, helpful int // rules
	text            string
}

// lacking asks the clusters what their present users lack of what scenarios need.
func lacking(ctx context.Context, env *kube.Env, scenarios []*scenario.Scenario) (lack, error) {
	var l lack
	var b strings.Builder
	for _, d := range demands(env, scenarios) {
		cluster, err := env.Cluster(ctx, d.cluster)
		if err != nil {
			return l, err
		}
		missing, err := d.set.Missing(ctx, cluster)
		if err != nil {
			return l, err
		}
		for _, r := range missing {
			only := ""
			if r.Helps {
				l.helpful++
				only = " (not needed, but helps)"
			} else {
				l.needed++
			}
			fmt.Fprintf(&b, "  %s, on %s%s\n    for: %s\n", r, cluster.Connection, only, strings.Join(first(r.For), "; "))
		}
	}
	l.text = b.String()
	return l, nil
}

// mostReasons is how many uses of a right are named; more are counted.
const mostReasons = 3

func first(reasons []string) []string {
	if len(reasons) <= mostReasons {
		return reasons
	}
	return append(slices.Clone(reasons[:mostReasons]), fmt.Sprintf("and %d more", len(reasons)-mostReasons))
}

// preflight refuses a run whose user lacks a right that a step needs, before anything is done. What can't be found out is
// left to the steps: they say better what is wrong with a cluster.
func preflight(ctx context.Context, env *kube.Env, scenarios []*scenario.Scenario) error {
	l, err := lacking(ctx, env, scenarios)
	if err != nil || l.needed == 0 {
		return nil //nolint:nilerr // see above
	}
	return fmt.Errorf("nothing was run: %s missing\n%s"+
		"grant them (scenario-runner plan --rbac prints the roles), or try without by --preflight=false", rightsAre(l.needed), l.text)
}

func rightsAre(n int) string {
	if n == 1 {
		return "1 right is"
	}
	return fmt.Sprintf("%d rights are", n)
}

// rightsReport says what is missing for a plan. Only what is needed is an error.
func rightsReport(ctx context.Context, w io.Writer, env *kube.Env, scenarios []*scenario.Scenario) error {
	l, err := lacking(ctx, env, scenarios)
	if err != nil {
		return errored(err)
	}
	if _, err := io.WriteString(w, l.text); err != nil {
		return errored(err)
	}
	if l.needed > 0 {
		return &exitError{code: exitFailed, err: fmt.Errorf("%s missing", rightsAre(l.needed))}
	}
	fmt.Fprintln(w, "nothing that is needed is missing")
	return nil
}
