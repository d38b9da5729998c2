package settings

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/glob"
)

// Policy is what a project allows, whatever its scenarios say.
type Policy struct {
	Contexts            []Pattern // contexts that may be used; none means every one
	ForbiddenNamespaces []Pattern // namespaces in which nothing may be changed
	RequireLabel        Pattern   // label that everything has that a fault hits, or its namespace, as key=value; empty means none
	MaxPods             int       // pods that all faults may hit at once; 0 means no limit
	MaxNodes            int       // nodes that all faults may hit at once; 0 means no limit
	MaxPercent          int       // part of what matches a target that a fault may hit, from 1 to 100; 0 means no limit
	MaxRate             int       // requests per second that a load test may send; 0 means the usual limit
	MaxDuration         time.Duration
	BusinessHours       *Hours  // when things may be broken; nil means always
	Confirm             Consent // who must agree before a run breaks or changes things
	LocksRequired       bool    // claims must hold against other runs
}

// Consent is who must agree before a run that breaks things, or changes some outside of namespaces of its own.
type Consent string

// The kinds of consent. The zero Consent is Ask.
const (
	Ask    Consent = "terminal" // whoever sits at a terminal is asked; elsewhere nobody is
	Always Consent = "always"   // without a terminal, consent must be given in advance
)

// usualRate is the most requests per second that a load test may send in a project whose policy names no limit: enough to
// measure with, and not enough to break what was not meant.
const usualRate = 500

// Pattern is one line of a policy: a name in which * stands for any text.
type Pattern struct {
	Glob string
	At   string // where it stands in the configuration: file:line:column
}

// Refusal is what a policy says against something. It is no failure of the cluster, and no later try helps.
type Refusal struct {
	What string // "context \"prod\"", "changes in namespace \"kube-system\""
	Why  string
}

// Error says what is refused and which line of the policy says so.
func (r *Refusal) Error() string { return r.What + " " + r.Why }

// Context refuses a context that is not among those that the policy allows.
func (p *Policy) Context(name string) error {
	if len(p.Contexts) == 0 || slices.ContainsFunc(p.Contexts, func(allowed Pattern) bool { return glob.Match(allowed.Glob, name) }) {
		return nil
	}
	globs := make([]string, len(p.Contexts))
	for i, allowed := range p.Contexts {
		globs[i] = allowed.Glob
	}
	return &Refusal{
		What: fmt.Sprintf("context %q", name),
		Why: fmt.Sprintf("is not allowed by the policy (%s), which allows %s; choose one of these with --context, or have the policy changed",
			p.Contexts[0].At, strings.Join(globs, ", ")),
	}
}

// Namespace refuses changes in a namespace that the policy forbids.
func (p *Policy) Namespace(name string) error {
	for _, forbidden := range p.ForbiddenNamespaces {
		if glob.Match(forbidden.Glob, name) {
			return &Refusal{
				What: fmt.Sprintf("changes in namespace %q", name),
				Why:  fmt.Sprintf("are forbidden by the policy (%q, %s)", forbidden.Glob, forbidden.At),
			}
		}
	}
	return nil
}

// Fault refuses faults in a namespace of the platform, where chaos would end more than an experiment, whatever a policy
// says. Further namespaces are those in which a policy forbids changes of every sort.
func Fault(namespace string) error {
	if !slices.ContainsFunc(platform(), func(pattern string) bool { return glob.Match(pattern, namespace) }) {
		return nil
	}
	return &Refusal{
		What: fmt.Sprintf("namespace %q", namespace),
		Why:  fmt.Sprintf("is protected from chaos, as are all of %s; choose a target elsewhere", strings.Join(platform(), " and ")),
	}
}

// platform are the namespaces of which the cluster itself lives. They need no policy to be left in peace.
func platform() []string { return []string{"kube-*", "openshift-*"} }

// Share refuses a fault that would hit a larger part of its candidates than the policy allows. things is what these are.
func (p *Policy) Share(hit, candidates int, things string) error {
	if p.MaxPercent == 0 || hit*100 <= p.MaxPercent*candidates {
		return nil
	}
	return &Refusal{
		What: fmt.Sprintf("hitting %d of %d %s", hit, candidates, things),
		Why:  fmt.Sprintf("is not allowed by the policy, whose maxPercent is %d; choose fewer, or have the policy changed", p.MaxPercent),
	}
}

// Nodes refuses a step that would change more nodes than the policy allows.
func (p *Policy) Nodes(hit int) error { return most("maxNodes", "nodes", hit, p.MaxNodes) }

// Pods refuses a step that would hit more pods than the policy allows.
func (p *Policy) Pods(hit int) error { return most("maxPods", "pods", hit, p.MaxPods) }

// Rate refuses a load test that would send more requests per second than the policy allows.
func (p *Policy) Rate(perSecond float64) error {
	if allowed := cmp.Or(p.MaxRate, usualRate); perSecond > float64(allowed) {
		return &Refusal{
			What: fmt.Sprintf("a load of %g requests per second", perSecond),
			Why: fmt.Sprintf("is more than the %d that are allowed; choose a lower rate, or have policy.maxRate in scenario-runner.yaml raised",
				allowed),
		}
	}
	return nil
}

func most(limit, things string, hit, allowed int) error {
	if allowed == 0 || hit <= allowed {
		return nil
	}
	return &Refusal{
		What: fmt.Sprintf("hitting %d %s with one step", hit, things),
		Why:  fmt.Sprintf("is not allowed by the policy, whose %s is %d; choose fewer, or have the policy changed", limit, allowed),
	}
}
