package kube

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/steps/kube/client"
)

// startRestore makes an object what it was before: it updates the one that is there, creates one that is missing, and
// replaces one whose fields can't be changed back.
func (e *Env) startRestore(ctx context.Context, o object) error {
	return e.bringBack(ctx, "restore", o, func(cluster *Cluster, current *unstructured.Unstructured) error {
		return cluster.update(ctx, o, current)
	})
}

// startRecreate creates an object that was removed. One that is there again, whoever has made it, is left alone.
func (e *Env) startRecreate(ctx context.Context, o object) error {
	return e.bringBack(ctx, "create again", o, func(*Cluster, *unstructured.Unstructured) error { return nil })
}

// bringBack creates the object if it is missing, after the end of a dying one, and else leaves it to found. A concurrent
// change makes it look again.
func (e *Env) bringBack(ctx context.Context, verb string, o object, found func(*Cluster, *unstructured.Unstructured) error) error {
	cluster, err := e.cluster(o)
	if err != nil {
		return err
	}
	for range conflictTries {
		var current *unstructured.Unstructured
		current, err = cluster.target().get(ctx, o.Mapping, o.Namespace, o.Name)
		switch {
		case apierrors.IsNotFound(err):
			err = cluster.recreate(ctx, o)
		case err != nil:
		case current.GetDeletionTimestamp() != nil:
			if err = cluster.gone(ctx, o.query(), current.GetUID()); err == nil {
				err = cluster.recreate(ctx, o)
			}
		default:
			err = found(cluster, current)
		}
		if !apierrors.IsConflict(err) && !apierrors.IsAlreadyExists(err) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("%s %s %s: %w", verb, o.Mapping.Kind, o.Name, harmless(err))
	}
	return nil
}

// update puts the previous state over the current one.
func (c *Cluster) update(ctx context.Context, o object, current *unstructured.Unstructured) error {
	previous := o.body()
	if string(current.GetUID()) != o.uid() {
		adopt(previous, current)
	}
	previous.SetResourceVersion(current.GetResourceVersion())
	err := c.send(ctx, o, http.MethodPut, o.Mapping.Path(o.Namespace, o.Name, subresource(o)...), previous)
	if apierrors.IsInvalid(err) && o.Subresource == "" && replaceable(o.Mapping) {
		return c.replace(ctx, o, current)
	}
	return err
}

// uid is that of the previous object.
func (o object) uid() string {
	uid, _, _ := unstructured.NestedString(o.Previous, "metadata", "uid")
	return uid
}

// adopt keeps what ties the object that is there to its own volume, when it is not the one that was changed.
func adopt(previous, current *unstructured.Unstructured) {
	volume, bound, _ := unstructured.NestedString(current.Object, "spec", "volumeName")
	if current.GetKind() != "PersistentVolumeClaim" || !bound {
		return
	}
	_ = unstructured.SetNestedField(previous.Object, volume, "spec", "volumeName") // spec is an object on every claim
}

func subresource(o object) []string {
	if o.Subresource == "" {
		return nil
	}
	return []string{o.Subresource}
}

// replace removes the object that is there and creates the one that was: some fields can't be changed back.
func (c *Cluster) replace(ctx context.Context, o object, current *unstructured.Unstructured) error {
	if _, err := c.remove(ctx, o.query(), Deletion{UID: current.GetUID()}); err != nil {
		return err
	}
	if err := c.gone(ctx, o.query(), current.GetUID()); err != nil {
		return err
	}
	return c.recreate(ctx, o)
}

// replaceable reports whether removing an object of this kind for a moment does no more harm than leaving it changed:
// these kinds would take data or other objects with them.
func replaceable(mapping Mapping) bool {
	return !slices.Contains([]string{"Namespace", "PersistentVolumeClaim", "PersistentVolume", "CustomResourceDefinition", "Node"}, mapping.Kind)
}

// recreate creates the object anew. A namespace that is gone took the object with it, and nothing is to be restored.
func (c *Cluster) recreate(ctx context.Context, o object) error {
	if o.Subresource != "" {
		return nil
	}
	body := o.body()
	forNewLife(body)
	err := c.send(ctx, o, http.MethodPost, o.Mapping.Path(o.Namespace, ""), body)
	if apierrors.IsInvalid(err) && o.Mapping.Kind == "Service" {
		// Its addresses and ports may have been given to another by now.
		releaseAddresses(body)
		err = c.send(ctx, o, http.MethodPost, o.Mapping.Path(o.Namespace, ""), body)
	}
	if o.Mapping.Namespaced && apierrors.IsNotFound(err) && !isNoSuchResource(err) {
		return nil
	}
	return err
}

func (c *Cluster) send(ctx context.Context, o object, method, path string, body *unstructured.Unstructured) error {
	content, err := body.MarshalJSON()
	if err != nil {
		return err
	}
	response, err := c.Do(ctx, client.Request{
		Method: method, Path: path, ContentType: "application/json", Body: content,
		Query: c.target().parameters(nil, Change{}),
	})
	if err != nil {
		return err
	}
	restored, err := decode(response.Body)
	if err == nil {
		c.hub.Observe(o.Mapping, restored)
	}
	return err
}

// body returns the previous object without what only the server sets. The status travels along for kinds whose status is
// an ordinary field, and when it is the status that is restored.
func (o object) body() *unstructured.Unstructured {
	body := (&unstructured.Unstructured{Object: o.Previous}).DeepCopy()
	for _, field := range []string{"managedFields", "resourceVersion", "uid", "creationTimestamp", "generation", "selfLink", "deletionTimestamp", "deletionGracePeriodSeconds"} {
		unstructured.RemoveNestedField(body.Object, "metadata", field)
	}
	if o.Subresource == "" && slices.Contains(o.Mapping.Subresources, "status") {
		unstructured.RemoveNestedField(body.Object, "status")
	}
	return body
}

// forNewLife removes what ties an object to its former self.
func forNewLife(body *unstructured.Unstructured) {
	remove := func(path ...string) { unstructured.RemoveNestedField(body.Object, path...) }
	switch body.GetKind() {
	case "Pod":
		remove("spec", "nodeName")
	case "PersistentVolumeClaim":
		remove("spec", "volumeName")
		for _, note := range []string{"pv.kubernetes.io/bind-completed", "pv.kubernetes.io/bound-by-controller"} {
			remove("metadata", "annotations", note)
		}
	case "Job":
		if manual, _, _ := unstructured.NestedBool(body.Object, "spec", "manualSelector"); manual {
			return
		}
		remove("spec", "selector")
		for _, label := range []string{"controller-uid", "batch.kubernetes.io/controller-uid", "job-name", "batch.kubernetes.io/job-name"} {
			remove("spec", "template", "metadata", "labels", label)
		}
	}
}

func releaseAddresses(service *unstructured.Unstructured) {
	for _, field := range []string{"clusterIP", "clusterIPs", "healthCheckNodePort"} {
		unstructured.RemoveNestedField(service.Object, "spec", field)
	}
	ports, _, _ := unstructured.NestedSlice(service.Object, "spec", "ports")
	for _, entry := range ports {
		if port, ok := entry.(map[string]any); ok {
			delete(port, "nodePort")
		}
	}
	if len(ports) > 0 {
		_ = unstructured.SetNestedSlice(service.Object, ports, "spec", "ports") // the path was just read
	}
}

// harmless drops the text of a refusal that may quote the object, which may be a Secret.
func harmless(err error) error {
	status, ok := errors.AsType[*apierrors.StatusError](err)
	if !ok || !apierrors.IsInvalid(err) || status.ErrStatus.Details == nil {
		return err
	}
	var fields []string
	for _, cause := range status.ErrStatus.Details.Causes {
		fields = append(fields, cause.Field)
	}
	return fmt.Errorf("the server does not accept the fields %v as they were", fields)
}
