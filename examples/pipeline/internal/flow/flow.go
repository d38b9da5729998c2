// Package flow leads an alert through the custom resources of a remediation pipeline, from the request to its outcome. What
// is concluded and done stands in the rules, not here.
package flow

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/scenario-runner/scenario-runner/examples/pipeline/internal/cluster"
	"github.com/scenario-runner/scenario-runner/examples/pipeline/internal/rule"
	"github.com/scenario-runner/scenario-runner/examples/pipeline/internal/text"
)

const (
	apiVersion = "kubernaut.ai/v1alpha1"
	group      = ".kubernaut.ai"
	// chain is how many remedies in a row may have no effect before a human is asked.
	chain = 3
)

// Pipeline is the stand-in for one remediation platform.
type Pipeline struct {
	Cluster *cluster.Cluster
	Book    *rule.Book
	// Namespace is where the custom resources live.
	Namespace string
	Log       *slog.Logger

	mu      sync.Mutex
	running sync.WaitGroup
	active  map[string]*request // by fingerprint
	targets map[string]*history // by target
}

// request is one alert on its way.
type request struct {
	*Pipeline
	alert  Alert
	name   string
	seen   int
	done   chan struct{}
	rule   rule.Rule
	scope  text.Scope
	target rule.Target
}

// history is what was done to a target.
type history struct {
	by          *request // in progress
	last        string   // the request that came to an end before
	remediated  bool
	ineffective int
}

// Receive takes alerts and returns at once. Firing ones become requests, resolved ones end what was done for the time of
// the alert.
func (p *Pipeline) Receive(ctx context.Context, alerts []Alert) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.active == nil {
		p.active, p.targets = map[string]*request{}, map[string]*history{}
	}
	var names []string
	for _, a := range alerts {
		r := p.active[a.Fingerprint]
		switch {
		case a.Status == "resolved" && r != nil:
			delete(p.active, a.Fingerprint)
			p.running.Go(func() { r.resolve(ctx) })
		case a.Status == "resolved":
			continue
		case r != nil && !r.over():
			r.seen++
			seen := r.seen
			p.running.Go(func() { r.occurred(ctx, seen) })
		default:
			r = &request{Pipeline: p, alert: a, seen: 1, done: make(chan struct{}), name: "rr-" + short(a.Fingerprint) + "-" + strings.ToLower(rand.Text()[:6])}
			p.active[a.Fingerprint] = r
			p.running.Go(func() { r.follow(ctx) })
		}
		names = append(names, r.name)
	}
	return names
}

// Wait returns when every request has come to its end.
func (p *Pipeline) Wait() { p.running.Wait() }

func short(fingerprint string) string {
	sum := sha256.Sum256([]byte(fingerprint))
	return hex.EncodeToString(sum[:])[:10]
}

func (r *request) over() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// follow leads the request to its end.
func (r *request) follow(ctx context.Context) {
	defer close(r.done)
	if err := r.stages(ctx); err != nil && ctx.Err() == nil {
		r.Log.Error("a request failed", "request", r.name, "error", err)
		failed := map[string]any{"overallPhase": "Failed", "message": err.Error()}
		if err := r.status(ctx, "remediationrequests", r.name, failed); err != nil {
			r.Log.Error("the failure could not be recorded", "request", r.name, "error", err)
		}
	}
}

func (r *request) stages(ctx context.Context) error {
	if err := r.open(ctx); err != nil {
		return err
	}
	environment, err := r.process(ctx)
	if err != nil {
		return err
	}
	found, err := r.analyse(ctx, environment)
	if err != nil || !found {
		return err
	}
	if mine, err := r.claim(ctx); err != nil || !mine {
		return err
	}
	outcome := "Failed"
	defer func() { r.release(outcome) }()
	if r.rule.Approval || environment == "production" {
		if approved, err := r.approve(ctx); err != nil || !approved {
			return err
		}
	}
	if err := r.execute(ctx); err != nil {
		return err
	}
	outcome, err = r.verify(ctx)
	if err != nil {
		return err
	}
	return r.complete(ctx, outcome)
}

// open makes the request itself.
func (r *request) open(ctx context.Context) error {
	fingerprint := sha256.Sum256([]byte(r.alert.Fingerprint))
	now := time.Now().UTC().Format(time.RFC3339)
	started := now
	if !r.alert.StartsAt.IsZero() {
		started = r.alert.StartsAt.UTC().Format(time.RFC3339)
	}
	severity := r.alert.Labels["severity"]
	if severity == "" {
		severity = "unknown"
	}
	spec := map[string]any{
		"signalName": r.alert.Labels["alertname"], "signalType": "alert", "severity": severity, "targetType": "kubernetes",
		"signalFingerprint": hex.EncodeToString(fingerprint[:]), "firingTime": started, "receivedTime": now,
		"signalLabels": anyMap(r.alert.Labels), "signalAnnotations": anyMap(r.alert.Annotations),
		"targetResource": r.subject(),
	}
	if err := r.create(ctx, "RemediationRequest", r.name, spec); err != nil {
		return err
	}
	return r.phase(ctx, "Pending", map[string]any{"deduplication": map[string]any{"occurrenceCount": 1}})
}

// subject is the object that the alert complains about, as far as its labels tell.
func (r *request) subject() map[string]any {
	kinds := map[string]string{
		"deployment": "Deployment", "statefulset": "StatefulSet", "horizontalpodautoscaler": "HorizontalPodAutoscaler",
		"persistentvolumeclaim": "PersistentVolumeClaim", "pod": "Pod", "node": "Node",
	}
	for _, label := range slices.Sorted(maps.Keys(kinds)) {
		if name := r.alert.Labels[label]; name != "" {
			return map[string]any{"kind": kinds[label], "name": name, "namespace": r.alert.Labels["namespace"]}
		}
	}
	return map[string]any{"kind": "Namespace", "name": r.alert.Labels["namespace"]}
}

// occurred counts an alert that came again.
func (r *request) occurred(ctx context.Context, seen int) {
	count := map[string]any{"deduplication": map[string]any{"occurrenceCount": seen}}
	if err := r.status(ctx, "remediationrequests", r.name, count); err != nil {
		r.Log.Warn("an occurrence could not be counted", "request", r.name, "error", err)
	}
}

// resolve takes back what was meant for the time of the alert only.
func (r *request) resolve(ctx context.Context) {
	select {
	case <-r.done:
	case <-ctx.Done():
		return
	}
	if err := r.Cluster.Do(ctx, r.scope, r.alert.Labels["namespace"], r.rule.Resolved); err != nil {
		r.Log.Error("the end of an alert could not be followed", "request", r.name, "error", err)
	}
}

// claim makes the request the only one that works on its target.
func (r *request) claim(ctx context.Context) (bool, error) {
	key := fmt.Sprintf("%s/%s/%s", r.target.Kind, r.target.Namespace, r.target.Name)
	r.mu.Lock()
	h := r.targets[key]
	if h == nil {
		h = &history{}
		r.targets[key] = h
	}
	other, last, remediated, exhausted := h.by, h.last, h.remediated, h.ineffective >= chain
	if other == nil && !remediated && !exhausted {
		h.by = r
	}
	r.mu.Unlock()
	switch {
	case other != nil:
		return false, r.duplicate(ctx, other)
	case remediated:
		return false, r.skip(ctx, "RecentlyRemediated", last)
	case exhausted:
		message := fmt.Sprintf("%d remedies in a row had no effect on %s", chain, key)
		return false, r.phase(ctx, "Blocked", map[string]any{
			"routingStatus":    map[string]any{"blockReason": "IneffectiveChain", "blockMessage": message},
			"completionStatus": map[string]any{"outcome": "ManualReviewRequired"}, "requiresManualReview": true,
		})
	}
	return true, nil
}

// duplicate waits for the request that works on the same target.
func (r *request) duplicate(ctx context.Context, other *request) error {
	blocked := map[string]any{"blockReason": "DuplicateInProgress", "blockMessage": "duplicate of " + other.name}
	if err := r.phase(ctx, "Blocked", map[string]any{"routingStatus": blocked, "duplicateOf": other.name}); err != nil {
		return err
	}
	select {
	case <-other.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	return r.skip(ctx, "DuplicateInProgress", other.name)
}

func (r *request) skip(ctx context.Context, reason, other string) error {
	return r.phase(ctx, "Skipped", map[string]any{
		"routingStatus": map[string]any{"blockReason": reason, "blockMessage": "the same target is the business of " + other},
		"duplicateOf":   other,
	})
}

// release lets others work on the target, and remembers how it went.
func (r *request) release(outcome string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.targets[fmt.Sprintf("%s/%s/%s", r.target.Kind, r.target.Namespace, r.target.Name)]
	h.by, h.last, h.remediated = nil, r.name, outcome == "Remediated"
	h.ineffective++
	if h.remediated {
		h.ineffective = 0
	}
}
