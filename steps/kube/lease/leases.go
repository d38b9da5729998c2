package lease

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/client"
)

var mapping = kube.Mapping{
	Group: "coordination.k8s.io", Version: "v1", Kind: "Lease", Resource: "leases", Singular: "lease", Namespaced: true,
	Verbs: []string{"create", "delete", "get", "list", "patch", "update", "watch"},
}

// Annotations of our Leases.
const (
	claimsAnnotation   = "scenario-runner.dev/claims"   // the names, as JSON
	ticketAnnotation   = "scenario-runner.dev/ticket"   // the place in the queue, once the Lease was renewed
	scenarioAnnotation = kube.NameAnnotation            // name of the scenario
	manager            = "scenario-runner"              // of our fields
	merge              = "application/merge-patch+json" // how a Lease is renewed
)

// leases are those of one cluster.
type leases struct {
	cluster *kube.Cluster
	run     string
}

func (l *leases) create(ctx context.Context, r record) (record, error) {
	claims, err := json.Marshal(r.names)
	if err != nil {
		return record{}, err
	}
	seconds, now := int32(max(1, r.duration/time.Second)), metav1.NewMicroTime(time.Now()) //nolint:gosec // some seconds
	body, err := json.Marshal(coordinationv1.Lease{
		TypeMeta: metav1.TypeMeta{APIVersion: "coordination.k8s.io/v1", Kind: "Lease"},
		ObjectMeta: metav1.ObjectMeta{
			Name: r.name, Namespace: kube.LocksNamespace,
			Labels:      map[string]string{kube.RunLabel: l.run, kube.ScenarioLabel: r.owner},
			Annotations: map[string]string{claimsAnnotation: string(claims), scenarioAnnotation: r.scenario},
		},
		Spec: coordinationv1.LeaseSpec{HolderIdentity: &r.holder, LeaseDurationSeconds: &seconds, AcquireTime: &now, RenewTime: &now},
	})
	if err != nil {
		return record{}, err
	}
	response, err := l.post(ctx, mapping.Path(kube.LocksNamespace, ""), body)
	if apierrors.IsNotFound(err) {
		if err = l.space(ctx); err == nil {
			response, err = l.post(ctx, mapping.Path(kube.LocksNamespace, ""), body)
		}
	}
	if apierrors.IsAlreadyExists(err) { // the name is random: an answer was lost
		response, err = l.cluster.Do(ctx, client.Request{Method: http.MethodGet, Path: mapping.Path(kube.LocksNamespace, r.name)})
	}
	if err != nil {
		return record{}, err
	}
	var made coordinationv1.Lease
	if err := json.Unmarshal(response.Body, &made); err != nil {
		return record{}, fmt.Errorf("read the Lease: %w", err)
	}
	return recordOf(&made), nil
}

func (l *leases) post(ctx context.Context, path string, body []byte) (*client.Response, error) {
	return l.cluster.Do(ctx, client.Request{
		Method: http.MethodPost, Path: path, ContentType: "application/json", Body: body, Query: url.Values{"fieldManager": {manager}},
	})
}

// space makes the namespace of the Leases. It stays: it is shared by all runs.
func (l *leases) space(ctx context.Context) error {
	body := fmt.Sprintf(`{"apiVersion":"v1","kind":"Namespace","metadata":{"name":%q}}`, kube.LocksNamespace)
	_, err := l.post(ctx, "/api/v1/namespaces", []byte(body))
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// list reads what the server has now; what watches know may be older.
func (l *leases) list(ctx context.Context) (table, error) {
	response, err := l.cluster.Do(ctx, client.Request{
		Method: http.MethodGet, Path: mapping.Path(kube.LocksNamespace, ""), Query: url.Values{"labelSelector": {kube.RunLabel}},
	})
	if err != nil {
		return nil, err
	}
	var found coordinationv1.LeaseList
	if err := json.Unmarshal(response.Body, &found); err != nil {
		return nil, fmt.Errorf("read the Leases: %w", err)
	}
	out := make(table, len(found.Items))
	for i := range found.Items {
		out[i] = recordOf(&found.Items[i])
	}
	return out, nil
}

func recordOf(l *coordinationv1.Lease) record {
	r := record{
		name: l.Name, uid: string(l.UID), version: l.ResourceVersion, ticket: l.ResourceVersion,
		owner: l.Labels[kube.ScenarioLabel], scenario: l.Annotations[scenarioAnnotation], duration: DefaultDuration,
	}
	if ticket := l.Annotations[ticketAnnotation]; ticket != "" {
		r.ticket = ticket
	}
	if l.Spec.HolderIdentity != nil {
		r.holder = *l.Spec.HolderIdentity
	}
	if l.Spec.LeaseDurationSeconds != nil {
		r.duration = time.Duration(*l.Spec.LeaseDurationSeconds) * time.Second
	}
	_ = json.Unmarshal([]byte(l.Annotations[claimsAnnotation]), &r.names) // one that can't be read claims nothing
	return r
}

func (l *leases) renew(ctx context.Context, r record) error {
	body, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"uid": r.uid, "annotations": map[string]any{ticketAnnotation: r.ticket}},
		"spec":     map[string]any{"renewTime": metav1.NewMicroTime(time.Now())},
	})
	if err != nil {
		return err
	}
	_, err = l.cluster.Do(ctx, client.Request{
		Method: http.MethodPatch, Path: mapping.Path(kube.LocksNamespace, r.name), ContentType: merge, Body: body, Query: url.Values{"fieldManager": {manager}},
	})
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) && strings.Contains(err.Error(), "UID") {
		return errGone
	}
	return err
}

func (l *leases) remove(ctx context.Context, r record, version string) error {
	uid := types.UID(r.uid)
	options := metav1.DeleteOptions{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "DeleteOptions"}, Preconditions: &metav1.Preconditions{UID: &uid},
	}
	if version != "" {
		options.Preconditions.ResourceVersion = &version
	}
	body, err := json.Marshal(options)
	if err != nil {
		return err
	}
	_, err = l.cluster.Do(ctx, client.Request{
		Method: http.MethodDelete, Path: mapping.Path(kube.LocksNamespace, r.name), ContentType: "application/json", Body: body,
	})
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil
	}
	return err
}

func (l *leases) watch(ctx context.Context, changed func()) error {
	return l.cluster.Watch(ctx, kube.Query{Mapping: mapping, Namespace: kube.LocksNamespace}, func(kube.Snapshot) (bool, error) {
		changed()
		return false, nil
	})
}
