package firealert

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/common/model"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

// compare shows that the copy of a rule is the rule but for its times: Prometheus must have made the same of both
// expressions, and where it has the rule itself loaded, that must be the same one as in the file.
func (r *raising) compare(ctx context.Context) error {
	if r.original.Alert == "" {
		return nil
	}
	want, err := r.client.Format(ctx, r.original.Expr)
	if err != nil {
		return err
	}
	groups, err := r.client.Groups(ctx)
	if err != nil {
		return err
	}
	var other string // the expression of a rule of that name that is another one
	for _, group := range groups {
		for _, rule := range group.Rules {
			if rule.Name != r.original.Alert || group.Name != r.Group && rule.Labels[IdentityLabel] != "" {
				continue // another rule, or the copy of another scenario
			}
			have, err := r.client.Format(ctx, rule.Query)
			switch {
			case err != nil:
				return err
			case have == want:
				r.loaded = r.loaded || group.Name != r.Group
			case group.Name == r.Group:
				return fmt.Errorf("Prometheus at %s has made another expression of the copy of %s: %s", r.client, rule.Name, rule.Query) //nolint:revive,staticcheck // a name
			default:
				other = rule.Query
			}
		}
	}
	if other != "" && !r.loaded {
		return step.Inconclude("the rule %s of %s is not the one that Prometheus at %s has loaded: there its expression is %s",
			r.original.Alert, r.config.Rule.From, r.client, other)
	}
	return nil
}

// outputs returns the rule as later steps read it.
func (g groupedRule) outputs(loaded bool) Original {
	return Original{Expression: g.Expr, For: readDuration(g.For), Every: readDuration(g.interval), Loaded: loaded}
}

// readDuration reads a duration as Prometheus writes it, 0 when there is none. Prometheus itself has refused wrong ones.
func readDuration(text string) time.Duration {
	d, err := model.ParseDuration(text)
	if err != nil {
		return 0
	}
	return time.Duration(d)
}
