package litmus

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/litmuschaos/chaos-operator/api/litmuschaos/v1alpha1"

	"github.com/scenario-runner/scenario-runner/steps/injectchaos/catalogue"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/client"
)

// definitions are the kinds of Litmus 3, as the chaos operator's own repository has them.
//
//go:embed crds.yaml
var definitions string

// version is that of Litmus's kinds.
const version = "litmuschaos.io/v1alpha1"

// reach is how far something that is created reaches.
type reach int

const (
	namespaced reach = iota
	cluster
)

func (c Config) allows(r reach) bool {
	if c.Install == nil {
		return r == namespaced
	}
	return *c.Install
}

// missingKinds returns the kinds of Litmus that the cluster does not have. It asks the server, because what is known of
// its kinds may be from before somebody installed or removed Litmus.
func missingKinds(ctx context.Context, place *kube.Target) ([]string, error) {
	wanted := []string{"ChaosEngine", "ChaosExperiment", "ChaosResult"}
	response, err := place.Cluster.Do(ctx, client.Request{Method: http.MethodGet, Path: "/apis/" + version})
	if kube.IsNotFound(err) {
		return wanted, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for the kinds of Litmus: %w", err)
	}
	var served metav1.APIResourceList
	if err := json.Unmarshal(response.Body, &served); err != nil {
		return nil, fmt.Errorf("read which kinds of Litmus are served: %w", err)
	}
	return slices.DeleteFunc(wanted, func(kind string) bool {
		return slices.ContainsFunc(served.APIResources, func(r metav1.APIResource) bool { return r.Kind == kind })
	}), nil
}

// defineKinds creates the kinds of Litmus that are missing and waits until they are served.
func defineKinds(ctx context.Context, place *kube.Target) error {
	for text := range strings.SplitSeq(definitions, "\n---\n") {
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(strings.TrimPrefix(text, "---\n")), &object.Object); err != nil {
			return fmt.Errorf("read the definitions of Litmus's kinds: %w", err)
		}
		_, err := place.Create(ctx, object, kube.Change{})
		if apierrors.IsAlreadyExists(err) {
			continue
		}
		if err != nil {
			return fmt.Errorf("define the kinds of Litmus: %w", err)
		}
		ref := kube.Ref{APIVersion: object.GetAPIVersion(), Kind: object.GetKind(), Name: object.GetName()}
		if err := place.WatchRef(ctx, ref, established); err != nil {
			return err
		}
	}
	return nil
}

func established(shot kube.Snapshot) (bool, error) {
	if shot.Object == nil {
		return false, nil
	}
	conditions, _, _ := unstructured.NestedSlice(shot.Object.Object, "status", "conditions")
	for _, entry := range conditions {
		if c, ok := entry.(map[string]any); ok && c["type"] == "Established" && c["status"] == "True" {
			return true, nil
		}
	}
	return false, nil
}

// isSecond reports whether the engines of this cluster are those of Litmus 2, which counts probe times in plain numbers.
// Whoever may not read the definition is taken to have Litmus 3.
func isSecond(ctx context.Context, place *kube.Target) (bool, error) {
	definition, err := place.Get(ctx, kube.Ref{APIVersion: "apiextensions.k8s.io/v1", Kind: "CustomResourceDefinition", Name: "chaosengines.litmuschaos.io"})
	if apierrors.IsForbidden(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look which Litmus is installed: %w", err)
	}
	versions, _, _ := unstructured.NestedSlice(definition.Object, "spec", "versions")
	for _, entry := range versions {
		v, ok := entry.(map[string]any)
		if !ok || v["name"] != "v1alpha1" {
			continue
		}
		kind, _, _ := unstructured.NestedString(below(v, "schema", "openAPIV3Schema", "properties", "spec", "properties", "experiments", "items",
			"properties", "spec", "properties", "probe", "items", "properties", "runProperties", "properties", "probeTimeout"), "type")
		return kind == "integer", nil
	}
	return false, nil
}

// below follows keys into nested mappings; nil when there is nothing.
func below(content map[string]any, keys ...string) map[string]any {
	for _, key := range keys {
		content, _ = content[key].(map[string]any)
	}
	return content
}

// prepare creates what the engine needs and is missing, and returns the name of the account that it works as.
func (f *fault) prepare(ctx context.Context) (account string, err error) {
	if f.define {
		if err := defineKinds(ctx, f.request.Place); err != nil {
			return "", err
		}
	}
	if err := f.provideExperiment(ctx); err != nil {
		return "", err
	}
	if f.config.ServiceAccount != "" {
		return f.config.ServiceAccount, nil
	}
	if !f.config.allows(namespaced) {
		return "", fmt.Errorf("litmus.install is false, so no ServiceAccount is created; name one with litmus.serviceAccount")
	}
	return f.engine, f.provideAccount(ctx)
}

// provideExperiment makes sure that the namespace has the ChaosExperiment. One that is there is used as it is.
func (f *fault) provideExperiment(ctx context.Context) error {
	place := f.request.Place
	ref := kube.Ref{APIVersion: version, Kind: "ChaosExperiment", Name: name(f.request.Experiment), Namespace: f.aim.namespace}
	_, err := place.Get(ctx, ref)
	if err == nil || !kube.IsNotFound(err) {
		return err
	}
	if !f.config.allows(namespaced) {
		return fmt.Errorf("namespace %s has no ChaosExperiment %s, and litmus.install is false; create it first", f.aim.namespace, ref.Name)
	}
	object, err := f.object(f.experiment())
	if err != nil {
		return err
	}
	if _, err := place.Create(ctx, object, kube.Change{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	return nil
}

func (f *fault) experiment() *v1alpha1.ChaosExperiment {
	own := name(f.request.Experiment)
	return &v1alpha1.ChaosExperiment{
		TypeMeta:   metav1.TypeMeta{APIVersion: version, Kind: "ChaosExperiment"},
		ObjectMeta: metav1.ObjectMeta{Name: own, Namespace: f.aim.namespace},
		Spec: v1alpha1.ChaosExperimentSpec{Definition: v1alpha1.ExperimentDef{
			Scope: f.scope(), Image: imageOf(f.config), ImagePullPolicy: corev1.PullIfNotPresent,
			Permissions: rights(f.request.Experiment), Command: []string{"/bin/bash"}, Args: []string{"-c", "./experiments -name " + own},
			ENVList: variables(nil), Labels: map[string]string{"name": own},
		}},
	}
}

func (f *fault) scope() string {
	if f.request.Experiment.Scope == catalogue.Nodes {
		return "Cluster"
	}
	return "Namespaced"
}

// provideAccount creates an account that may do what the experiment needs and no more.
func (f *fault) provideAccount(ctx context.Context) error {
	prefix := ""
	if f.scope() == "Cluster" {
		if !f.config.allows(cluster) {
			return fmt.Errorf("%s needs rights on the whole cluster; allow the step to create a ClusterRole with litmus.install: true, or name an account with litmus.serviceAccount", f.request.Experiment.Name)
		}
		prefix = "Cluster"
	}
	meta := metav1.ObjectMeta{Name: f.engine, Namespace: f.aim.namespace}
	wide := meta
	if prefix != "" {
		wide.Namespace = ""
	}
	rules := rights(f.request.Experiment)
	subject := rbacv1.Subject{Kind: "ServiceAccount", Name: f.engine, Namespace: f.aim.namespace}
	role := rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: prefix + "Role", Name: f.engine}
	for _, wanted := range []any{
		&corev1.ServiceAccount{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ServiceAccount"}, ObjectMeta: meta},
		&rbacv1.Role{TypeMeta: metav1.TypeMeta{APIVersion: "rbac.authorization.k8s.io/v1", Kind: prefix + "Role"}, ObjectMeta: wide, Rules: rules},
		&rbacv1.RoleBinding{TypeMeta: metav1.TypeMeta{APIVersion: "rbac.authorization.k8s.io/v1", Kind: prefix + "RoleBinding"}, ObjectMeta: wide, Subjects: []rbacv1.Subject{subject}, RoleRef: role},
	} {
		object, err := f.object(wanted)
		if err != nil {
			return err
		}
		if _, err := f.request.Place.Create(ctx, object, kube.Change{}); err != nil {
			return err
		}
	}
	return nil
}

// object turns a typed object into what is sent: without a status and without what is empty by accident of the type.
func (f *fault) object(typed any) (*unstructured.Unstructured, error) {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(typed)
	if err != nil {
		return nil, fmt.Errorf("write an object of Litmus: %w", err)
	}
	delete(content, "status")
	unstructured.RemoveNestedField(content, "metadata", "creationTimestamp")
	return &unstructured.Unstructured{Object: content}, nil
}
