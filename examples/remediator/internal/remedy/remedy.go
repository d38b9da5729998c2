package remedy

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/action"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/alert"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/history"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/metric"
)

// ErrStopping is returned for alerts that arrive while the process is on its way out.
var ErrStopping = errors.New("the remediator is stopping")

// ClusterLabel is the label by which an alert says which cluster it is about.
const ClusterLabel = "cluster"

// notifyTimeout limits how long a notification may take.
const notifyTimeout = 5 * time.Second

// Config is what a Remediator works with.
type Config struct {
	Cluster action.Cluster
	// Clusters are further ones; the label cluster of an alert chooses among them.
	Clusters map[string]action.Cluster
	// Notify tells somebody about an entry that will not change any more; it may be nil.
	Notify  func(ctx context.Context, entry history.Entry) error
	Decider Decider
	History *history.History
	Metrics *metric.Metrics
	Log     *slog.Logger
	// Parallel is how many actions run at once; more of them wait for their turn, the most urgent first.
	Parallel int
}

// Remediator carries out what is decided about alerts.
type Remediator struct {
	config     Config
	claims     *claims
	slots      *queue
	endings    *endings
	gatherings gatherings

	mu       sync.Mutex
	closed   bool
	stopping chan struct{}
	running  sync.WaitGroup
}

// New returns a Remediator; Close must be called to wait for its actions.
func New(config Config) *Remediator {
	return &Remediator{
		config:   config,
		claims:   newClaims(),
		slots:    newQueue(max(config.Parallel, 1)),
		endings:  newEndings(),
		stopping: make(chan struct{}),
	}
}

// Receive records an alert and starts the action that is decided upon, without waiting
// for its end. An error means that the alert was not taken and should be sent again.
func (r *Remediator) Receive(ctx context.Context, a alert.Alert) (history.Entry, error) {
	if err := r.enter(); err != nil {
		return history.Entry{}, err
	}
	defer r.running.Done()
	r.config.Metrics.AlertReceived(a.Name(), a.Status)
	entry := history.Entry{
		ID: newID(), Alertname: a.Name(), Fingerprint: a.Fingerprint, Labels: a.Labels,
		Status: history.Received, FiresSince: a.StartsAt, StartedAt: time.Now(),
	}
	if a.Status != alert.Firing {
		r.endings.note(a)
		return r.finish(ctx, entry, history.Resolved, "the alert is over")
	}
	if r.endings.overtaken(a) {
		return r.finish(ctx, entry, history.Resolved, "the alert was over before the message that it fires arrived")
	}
	decision, err := r.config.Decider.Decide(ctx, a)
	if decision != nil {
		entry.Action, entry.Target, entry.Model = decision.ActionName, &decision.Target, decision.Model
	}
	switch {
	case err != nil:
		return r.finish(ctx, entry, history.Failed, err.Error())
	case decision == nil:
		return r.finish(ctx, entry, history.NoAction, "no rule matches the alert")
	case decision.NoAction != "":
		entry.Action, entry.Target = "", nil
		return r.finish(ctx, entry, history.NoAction, decision.NoAction)
	case decision.Forbidden != "":
		return r.finish(ctx, entry, history.Forbidden, decision.Forbidden)
	}
	if name := a.Labels[ClusterLabel]; name != "" && len(r.config.Clusters) > 0 {
		if _, known := r.config.Clusters[name]; !known {
			return r.finish(ctx, entry, history.Failed, fmt.Sprintf("the alert is about cluster %q, which no flag --cluster names", name))
		}
		decision.Target.Cluster = name
	}
	return r.begin(ctx, entry, *decision)
}

// cluster returns the cluster of a target.
func (r *Remediator) cluster(target action.Target) action.Cluster {
	if cluster, found := r.config.Clusters[target.Cluster]; found {
		return cluster
	}
	return r.config.Cluster
}

// finish records the final status of an entry, counts and logs it.
func (r *Remediator) finish(ctx context.Context, entry history.Entry, status history.Status, reason string) (history.Entry, error) {
	entry = r.seal(entry, status, reason)
	if err := r.record(ctx, entry); err != nil {
		return history.Entry{}, err
	}
	return entry, nil
}

// seal gives an entry its final status, counts and logs it.
func (r *Remediator) seal(entry history.Entry, status history.Status, reason string) history.Entry {
	now := time.Now()
	entry.Status, entry.Reason, entry.FinishedAt = status, reason, &now
	if status != history.Resolved {
		r.config.Metrics.ActionFinished(entry.Action, string(status))
	}
	target := ""
	if entry.Target != nil {
		target = entry.Target.String()
	}
	r.config.Log.Info("alert handled", "id", entry.ID, "alertname", entry.Alertname, "action", entry.Action,
		"target", target, "status", status, "reason", reason)
	return entry
}

// record writes an entry that will not change any more into the history, and tells about it.
func (r *Remediator) record(ctx context.Context, entry history.Entry) error {
	if err := r.config.History.Record(entry); err != nil {
		return err
	}
	if r.config.Notify != nil {
		r.running.Go(func() { r.notify(context.WithoutCancel(ctx), entry) })
	}
	return nil
}

// notify tells about the end of an entry. Nobody waits for it but Close, and what goes
// wrong is logged: the remedy itself does not depend on it.
func (r *Remediator) notify(ctx context.Context, entry history.Entry) {
	ctx, cancel := context.WithTimeout(ctx, notifyTimeout)
	defer cancel()
	if err := r.config.Notify(ctx, entry); err != nil {
		r.config.Log.Warn("a notification was not delivered", "id", entry.ID, "error", err)
	}
}

// enter counts a caller in, unless the process is stopping.
func (r *Remediator) enter() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return ErrStopping
	}
	r.running.Add(1)
	return nil
}

// Waiting returns how many actions wait for their turn.
func (r *Remediator) Waiting() int { return r.slots.len() }

// Stopping reports whether alerts are refused.
func (r *Remediator) Stopping() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}

// Close refuses further alerts, lets the actions that have begun come to their end, and
// returns when all of them are recorded.
func (r *Remediator) Close() {
	r.mu.Lock()
	if !r.closed {
		r.closed = true
		close(r.stopping)
	}
	r.mu.Unlock()
	r.running.Wait()
}

// newID returns an identifier that is unique across restarts.
func newID() string { return strings.ToLower(rand.Text()[:16]) }
