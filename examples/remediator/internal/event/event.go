// Package event takes the warnings that Kubernetes writes down as Events for alerts: a source of alerts beside
// Alertmanager, without any rule. It knows nothing about what is done with an alert.
package event

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/alert"
)

// SourceLabel is the label that tells alerts of this source from others, by the value Kubernetes.
const (
	SourceLabel = "source"
	Kubernetes  = "kubernetes"
)

// pause is how long the source waits before it asks again a server that has refused.
const pause = time.Second

// mostOwners ends the way from a pod to what controls it.
const mostOwners = 3

// Source turns the warnings of a namespace into alerts.
type Source struct {
	// Client reaches the cluster.
	Client kubernetes.Interface
	// Namespace is the one whose warnings count.
	Namespace string
	// Receive takes an alert.
	Receive func(ctx context.Context, a alert.Alert) error
	// Log tells what went wrong.
	Log *slog.Logger
}

// Run watches until ctx ends. What was there before it began is no alert.
func (s Source) Run(ctx context.Context) {
	version := ""
	for ctx.Err() == nil {
		var err error
		if version, err = s.follow(ctx, version); err == nil {
			continue // the server has ended the watch, as it does from time to time
		}
		if ctx.Err() == nil {
			s.Log.Warn("events can't be watched; trying again", "namespace", s.Namespace, "error", err)
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
}

// follow hands over the warnings after a version, or from now on, and returns where it came to. With an error that is
// nowhere: the server may have forgotten the version.
func (s Source) follow(ctx context.Context, version string) (string, error) {
	events := s.Client.CoreV1().Events(s.Namespace)
	options := metav1.ListOptions{FieldSelector: "type=" + corev1.EventTypeWarning, Limit: 1}
	if version == "" {
		now, err := events.List(ctx, options)
		if err != nil {
			return "", fmt.Errorf("list the events: %w", err)
		}
		version = now.ResourceVersion
	}
	options.Limit, options.ResourceVersion = 0, version
	changes, err := events.Watch(ctx, options)
	if err != nil {
		return "", fmt.Errorf("watch the events: %w", err)
	}
	defer changes.Stop()
	for change := range changes.ResultChan() {
		event, ok := change.Object.(*corev1.Event)
		if !ok {
			return "", fmt.Errorf("watch the events: %w", apierrors.FromObject(change.Object))
		}
		version = event.ResourceVersion
		if change.Type != watch.Added && change.Type != watch.Modified {
			continue
		}
		if err := s.Receive(ctx, s.alert(ctx, event)); err != nil {
			s.Log.Warn("an event was not taken", "event", event.Name, "error", err)
		}
	}
	return version, nil
}

// alert returns what a warning says as an alert: the reason is its name, and labels name the object and what controls it.
func (s Source) alert(ctx context.Context, event *corev1.Event) alert.Alert {
	about := event.InvolvedObject
	labels := map[string]string{
		alert.NameLabel: event.Reason, "severity": "warning", SourceLabel: Kubernetes, "namespace": s.Namespace,
		"kind": about.Kind, "object": about.Name, strings.ToLower(about.Kind): about.Name,
	}
	kind, name := about.Kind, about.Name
	for range mostOwners {
		owner := s.controller(ctx, kind, name)
		if owner == nil {
			break
		}
		kind, name = owner.Kind, owner.Name
		labels[strings.ToLower(kind)] = name
	}
	starts := event.FirstTimestamp.Time
	if starts.IsZero() {
		starts = event.CreationTimestamp.Time
	}
	return alert.Fire(labels, map[string]string{"description": event.Message}, starts)
}

// controller returns what controls a pod or a set of pods, nil when nothing does or when it is not there any more.
func (s Source) controller(ctx context.Context, kind, name string) *metav1.OwnerReference {
	var object metav1.Object
	var err error
	switch kind {
	case "Pod":
		object, err = s.Client.CoreV1().Pods(s.Namespace).Get(ctx, name, metav1.GetOptions{})
	case "ReplicaSet":
		object, err = s.Client.AppsV1().ReplicaSets(s.Namespace).Get(ctx, name, metav1.GetOptions{})
	default:
		return nil
	}
	if err != nil {
		return nil
	}
	return metav1.GetControllerOf(object)
}
