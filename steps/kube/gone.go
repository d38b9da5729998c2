package kube

import (
	"context"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/steps/kube/client"
)

// pollGone is for users who may read an object but not watch its kind.
func (c *Cluster) pollGone(ctx context.Context, o object) error {
	for {
		found, err := c.target().get(ctx, o.Mapping, o.Namespace, o.Name)
		switch {
		case apierrors.IsNotFound(err):
			return nil
		case err != nil:
			return err
		case !o.ours(found):
			return nil
		}
		if err := client.Wait(ctx, time.Second); err != nil {
			return fmt.Errorf("%s %s is still there%s: %w", o.Mapping.Kind, o.Name, whyStill(found), err)
		}
	}
}

// whyStill says what holds an object that should be gone: what a terminating namespace reports, or finalizers.
func whyStill(object *unstructured.Unstructured) string {
	if object.GetDeletionTimestamp() == nil {
		return ", and nobody has asked for its deletion"
	}
	conditions, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	var reasons []string
	for _, entry := range conditions {
		condition, ok := entry.(map[string]any)
		if !ok || condition["status"] != "True" {
			continue
		}
		if kind, _ := condition["type"].(string); strings.HasPrefix(kind, "Namespace") {
			reasons = append(reasons, fmt.Sprint(condition["message"]))
		}
	}
	if len(reasons) > 0 {
		return " (" + strings.Join(reasons, "; ") + ")"
	}
	if finalizers := object.GetFinalizers(); len(finalizers) > 0 {
		return " (held by the finalizers " + strings.Join(finalizers, ", ") + ")"
	}
	return ""
}
