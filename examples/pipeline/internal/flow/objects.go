package flow

import (
	"context"
	"maps"
	"strings"
)

// plural returns the resource of a kind that the pipeline makes.
func plural(kind string) string {
	if kind == "AIAnalysis" {
		return "aianalyses"
	}
	return strings.ToLower(kind) + "s"
}

// create makes an object of the pipeline.
func (r *request) create(ctx context.Context, kind, name string, spec map[string]any) error {
	return r.Cluster.Create(ctx, plural(kind)+group, r.Namespace, map[string]any{
		"apiVersion": apiVersion, "kind": kind, "metadata": map[string]any{"name": name}, "spec": spec,
	})
}

// child makes an object that belongs to the request.
func (r *request) child(ctx context.Context, kind, name string, spec map[string]any) error {
	with := map[string]any{"remediationRequestRef": map[string]any{"name": r.name, "namespace": r.Namespace}}
	maps.Copy(with, spec)
	return r.create(ctx, kind, name, with)
}

// status writes a part of the status of an object of the pipeline.
func (r *request) status(ctx context.Context, resource, name string, status map[string]any) error {
	return r.Cluster.Status(ctx, resource+group, r.Namespace, name, status)
}

// phase moves the request on.
func (r *request) phase(ctx context.Context, phase string, with map[string]any) error {
	status := map[string]any{"overallPhase": phase}
	maps.Copy(status, with)
	r.Log.Info("a request moves on", "request", r.name, "phase", phase)
	return r.status(ctx, "remediationrequests", r.name, status)
}

// notify writes a notification and marks it as sent: nobody is behind the stand-in who would send it.
func (r *request) notify(ctx context.Context, about, body string) error {
	name := "nr-" + about + "-" + r.name
	spec := map[string]any{"type": about, "subject": r.alert.Labels["alertname"], "body": body}
	if err := r.child(ctx, "NotificationRequest", name, spec); err != nil {
		return err
	}
	return r.status(ctx, "notificationrequests", name, map[string]any{"phase": "Sent"})
}

func anyMap(in map[string]string) map[string]any {
	out := make(map[string]any, len(in))
	for key, value := range in {
		out[key] = value
	}
	return out
}
