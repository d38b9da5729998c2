package lease

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/rand"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// DefaultDuration is how long a Lease is good without being renewed.
const DefaultDuration = 15 * time.Second

// Options say how a run locks.
type Options struct {
	Holder   string        // who runs it, for those who wait: "ann@ci (process 12)"
	Duration time.Duration // 0 means DefaultDuration
	// Required says that a claim that can't be held across runs is an error; else Warn is told, once.
	Required bool
	Warn     func(text string)
	// Private reports whether a cluster, by its name, is this run's alone, so that there are no others to keep off. Nil means
	// that none is.
	Private func(cluster string) bool
}

// Locker holds the claims of a run against other runs. It implements step.Locker.
type Locker struct {
	env     *kube.Env
	options Options
	warned  sync.Once
}

var _ step.Locker = (*Locker)(nil)

// New returns a locker for the clusters of a run. It asks none of them before the first claim.
func New(env *kube.Env, options Options) *Locker {
	options.Duration = cmp.Or(options.Duration, DefaultDuration)
	return &Locker{env: env, options: options}
}

// part is what a claim wants on one cluster.
type part struct {
	cluster string
	names   []string
}

// divide returns the parts of a claim in the order of the clusters, which is the same for every claim. What is in the scenario's
// own namespace is nobody else's.
func divide(c step.Claim) []part {
	var parts []part
	for _, name := range slices.Sorted(slices.Values(c.Names)) {
		cluster := ""
		if rest, ok := strings.CutPrefix(name, "cluster/"); ok {
			if other, inside, deeper := strings.Cut(rest, "/"); deeper {
				cluster, name = other, inside
			}
		}
		own := "namespace/" + c.Scenario.Namespace
		if c.Scenario.Owned && (name == own || strings.HasPrefix(name, own+"/")) {
			continue
		}
		i := slices.IndexFunc(parts, func(p part) bool { return p.cluster == cluster })
		if i < 0 {
			i, parts = len(parts), append(parts, part{cluster: cluster})
		}
		parts[i].names = append(parts[i].names, name)
	}
	slices.SortStableFunc(parts, func(a, b part) int { return cmp.Compare(a.cluster, b.cluster) })
	return parts
}

// Lock waits until no other run holds any of the names; see step.Locker.
func (l *Locker) Lock(ctx context.Context, c step.Claim) (func(context.Context) error, error) {
	var unlocks []func(context.Context) error
	unlock := func(ctx context.Context) error {
		var errs []error
		for _, one := range slices.Backward(unlocks) {
			errs = append(errs, one(ctx))
		}
		return errors.Join(errs...)
	}
	for _, p := range divide(c) {
		if l.options.Private != nil && l.options.Private(p.cluster) {
			continue
		}
		one, err := l.lock(ctx, c, p)
		if one != nil {
			unlocks = append(unlocks, one)
		}
		if err = l.excused(err); err != nil {
			return unlock, err
		}
	}
	if unlocks == nil {
		return nil, nil //nolint:nilnil // see step.Locker
	}
	return unlock, nil
}

// unavailable is the error of a cluster on which this user can hold no Leases.
type unavailable struct {
	cluster string
	cause   error
}

// Error says why, and what to do.
func (u *unavailable) Error() string {
	return fmt.Sprintf("no locks can be held across runs on %s: %s; grant what scenario-runner plan --rbac prints for namespace %s", u.cluster, u.cause, kube.LocksNamespace)
}

// excused turns the error of a claim that can't be held across runs into a warning, unless it must be.
func (l *Locker) excused(err error) error {
	if u, ok := errors.AsType[*unavailable](err); ok {
		if l.options.Required {
			return fmt.Errorf("the policy wants locks across runs: %w", u)
		}
		if l.options.Warn != nil {
			l.warned.Do(func() { l.options.Warn(u.Error() + "; until then they hold within this run alone") })
		}
		return nil
	}
	return err
}

// lock holds one part of a claim. The returned function gives it back.
func (l *Locker) lock(ctx context.Context, c step.Claim, p part) (func(context.Context) error, error) {
	cluster, err := l.env.Cluster(ctx, p.cluster)
	if err != nil {
		return nil, err
	}
	r := record{
		name: c.Scenario.RunID + "-" + rand.String(8), owner: c.Scenario.ID, scenario: c.Scenario.Name, names: p.names,
		holder: "run " + c.Scenario.RunID + " of " + l.options.Holder, duration: l.options.Duration,
	}
	undo, data := cluster.DeletionOf(c.Scenario, mapping, kube.LocksNamespace, r.name)
	entry, err := c.Record(ctx, undo, data)
	if err != nil {
		return nil, err
	}
	h, err := begin(ctx, &leases{cluster: cluster, run: c.Scenario.RunID}, r, func(why string) {
		c.Lost(fmt.Sprintf("%s on %s: %s", strings.Join(p.names, ", "), cluster.Connection, why))
	})
	if apierrors.IsForbidden(err) {
		return nil, errors.Join(&unavailable{cluster.Connection.String(), err}, entry.Forget(ctx))
	}
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", strings.Join(p.names, ", "), err)
	}
	unlock := func(ctx context.Context) error {
		if err := h.release(ctx); err != nil {
			return err
		}
		return entry.Forget(ctx)
	}
	if err := h.turn(ctx, c); err != nil {
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.options.Duration)
		defer cancel()
		return nil, errors.Join(err, unlock(late))
	}
	return unlock, nil
}
