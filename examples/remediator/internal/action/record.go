package action

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// What is collected must fit into a config map, which holds a mebibyte.
const (
	mostPods   = 10
	mostEvents = 200
	logLines   = int64(50)
	logBytes   = int64(32 << 10)
)

// healthyAtOnce is the check of an action that leaves the target as it is.
func healthyAtOnce(context.Context) error { return nil }

// CollectDiagnostics saves the state of a deployment, the last log lines of its pods and
// the namespace's events in a config map. It has no parameters.
type CollectDiagnostics struct{}

// Validate has nothing to refuse.
func (*CollectDiagnostics) Validate() error { return nil }

// Apply writes the config map.
func (*CollectDiagnostics) Apply(ctx context.Context, cluster Cluster, target Target) (Change, error) {
	deployment, err := readDeployment(ctx, cluster, target)
	if err != nil {
		return Change{}, err
	}
	selector, err := metav1.LabelSelectorAsSelector(deployment.Spec.Selector)
	if err != nil {
		return Change{}, fmt.Errorf("read the selector of %s: %w", target, err)
	}
	pods, err := findPods(ctx, cluster, Target{Kind: Pod, Namespace: target.Namespace, Selector: selector.String()})
	if err != nil {
		return Change{}, err
	}
	events, err := eventLines(ctx, cluster, target.Namespace)
	if err != nil {
		return Change{}, err
	}
	status, err := json.MarshalIndent(map[string]any{"deployment": deployment.Status, "pods": podStates(pods)}, "", "  ")
	if err != nil {
		return Change{}, fmt.Errorf("encode the status of %s: %w", target, err)
	}
	data := map[string]string{"status.json": string(status), "events.txt": events}
	for _, pod := range pods[:min(len(pods), mostPods)] {
		data[pod.Name+".log"] = lastLines(ctx, cluster, pod)
	}
	return writeRecord(ctx, cluster, target, "collect-diagnostics", data)
}

// eventLines shows the last events of a namespace, oldest first.
func eventLines(ctx context.Context, cluster Cluster, namespace string) (string, error) {
	events, err := cluster.Client.CoreV1().Events(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return "", fmt.Errorf("list the events of namespace %q: %w", namespace, err)
	}
	slices.SortFunc(events.Items, func(a, b corev1.Event) int {
		return a.CreationTimestamp.Compare(b.CreationTimestamp.Time)
	})
	var text strings.Builder
	for _, event := range events.Items[max(len(events.Items)-mostEvents, 0):] {
		fmt.Fprintf(&text, "%s %s %s/%s: %s\n", event.Type, event.Reason, event.InvolvedObject.Kind, event.InvolvedObject.Name, event.Message)
	}
	return text.String(), nil
}

// lastLines returns the end of a pod's log, or why there is none: a pod that can't be read
// is part of the diagnosis.
func lastLines(ctx context.Context, cluster Cluster, pod corev1.Pod) string {
	tail, limit := logLines, logBytes
	options := &corev1.PodLogOptions{TailLines: &tail, LimitBytes: &limit, Container: pod.Spec.Containers[0].Name}
	text, err := cluster.Client.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, options).DoRaw(ctx)
	if err != nil {
		return "no log: " + err.Error()
	}
	return string(bytes.ToValidUTF8(text, []byte("?")))
}

// AuditLogs saves who changed a deployment last, and when, in a config map: what the API
// server keeps in managedFields. It has no parameters.
type AuditLogs struct{}

// Validate has nothing to refuse.
func (*AuditLogs) Validate() error { return nil }

// Apply writes the config map.
func (*AuditLogs) Apply(ctx context.Context, cluster Cluster, target Target) (Change, error) {
	deployment, err := readDeployment(ctx, cluster, target)
	if err != nil {
		return Change{}, err
	}
	data := map[string]string{"changes.txt": changeLines(deployment)}
	return writeRecord(ctx, cluster, target, "audit-logs", data)
}

// changeLines shows each writer of a deployment in the order of the API server.
func changeLines(deployment *appsv1.Deployment) string {
	var text strings.Builder
	for _, entry := range deployment.ManagedFields {
		when := "at an unknown time"
		if entry.Time != nil {
			when = entry.Time.UTC().Format(time.RFC3339)
		}
		fmt.Fprintf(&text, "%s %s %s %s\n", when, entry.Operation, entry.Manager, entry.Subresource)
	}
	return text.String()
}

// writeRecord saves what was found beside the target.
func writeRecord(ctx context.Context, cluster Cluster, target Target, operation string, data map[string]string) (Change, error) {
	made, err := cluster.Client.CoreV1().ConfigMaps(target.Namespace).Create(ctx, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{
			GenerateName: operation + "-",
			Labels:       map[string]string{operationLabel: operation},
			Annotations:  map[string]string{"remediator/target": target.String()},
		},
		Data: data,
	}, metav1.CreateOptions{DryRun: cluster.dryRun()})
	if err != nil {
		return Change{}, fmt.Errorf("save what was found about %s: %w", target, err)
	}
	return Change{After: State{"configMap": made.Name}, Verify: healthyAtOnce}, nil
}

// NotifyOnly changes nothing. It leaves an event at the target, and like every action it is
// told to the webhook of --notify.
type NotifyOnly struct{}

// Validate has nothing to refuse.
func (*NotifyOnly) Validate() error { return nil }

// Apply writes the event.
func (*NotifyOnly) Apply(ctx context.Context, cluster Cluster, target Target) (Change, error) {
	deployment, err := readDeployment(ctx, cluster, target)
	if err != nil {
		return Change{}, err
	}
	now := metav1.Now()
	event, err := cluster.Client.CoreV1().Events(target.Namespace).Create(ctx, &corev1.Event{
		ObjectMeta: metav1.ObjectMeta{GenerateName: target.Name + "-"},
		InvolvedObject: corev1.ObjectReference{
			APIVersion: appsv1.SchemeGroupVersion.String(), Kind: Deployment,
			Namespace: target.Namespace, Name: target.Name, UID: deployment.UID,
		},
		Reason: "RemediatorNotified", Message: "somebody should look into this; the remediator changed nothing",
		Type: corev1.EventTypeWarning, Source: corev1.EventSource{Component: "remediator"},
		FirstTimestamp: now, LastTimestamp: now, Count: 1,
	}, metav1.CreateOptions{DryRun: cluster.dryRun()})
	if err != nil {
		return Change{}, fmt.Errorf("leave an event at %s: %w", target, err)
	}
	return Change{After: State{"event": event.Name}, Verify: healthyAtOnce}, nil
}
