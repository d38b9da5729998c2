package deploy

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/manifest"
	"github.com/scenario-runner/scenario-runner/steps/kube/ready"
)

// needs returns the rights to apply what is known before the run. A kustomization is built for that.
func (s steps) needs(c, shown *Config, in *step.Place, w step.Written) []step.Right {
	r := s.env.Rights(in)
	all, known := c.written, true
	if w.Given("kustomize") {
		built, err := manifest.Kustomize(in.Dir, shown.Kustomize) // one with ${{ }} is no folder
		all, known = slices.Concat(all, built), err == nil
	}
	for _, o := range all {
		ref := kube.Ref{APIVersion: o.GetAPIVersion(), Kind: o.GetKind(), Name: o.GetName(), Namespace: o.GetNamespace()}
		short := kube.Ref{Kind: o.GetKind(), Name: o.GetName()}.String()
		if r.For("apply " + short); o.GetName() == "" {
			r.Create(ref)
		} else {
			r.Apply(ref, c.Undo == "keep")
		}
		grants(r, o, all)
		if c.WaitReady && !ready.Of(o.Unstructured).Ready {
			r.For("wait for " + short).Ready(ref)
		}
	}
	if !known || c.texts > 0 || w.Given("manifests") && len(c.Manifests) == 0 || w.Given("inline") && len(c.Inline) == 0 {
		r.For("apply objects").Add(kube.Ref{}, "", "create", "patch")
	}
	return r.List()
}

// grants adds what whoever hands rights out must have: those rights themselves, or the right to bind a role that exists.
func grants(r *kube.Rights, o manifest.Object, all []manifest.Object) {
	switch o.GetKind() {
	case "Role", "ClusterRole":
		rules, _, _ := unstructured.NestedSlice(o.Object, "rules")
		for _, raw := range rules {
			rule, _ := raw.(map[string]any)
			r.Grant(o.GetNamespace(), o.GetKind() == "ClusterRole", texts(rule["apiGroups"]), texts(rule["resources"]), texts(rule["verbs"]))
		}
	case "RoleBinding", "ClusterRoleBinding":
		kind, _, _ := unstructured.NestedString(o.Object, "roleRef", "kind")
		name, _, _ := unstructured.NestedString(o.Object, "roleRef", "name")
		own := func(other manifest.Object) bool { return other.GetKind() == kind && other.GetName() == name }
		if !slices.ContainsFunc(all, own) {
			r.Add(kube.Ref{APIVersion: "rbac.authorization.k8s.io/v1", Kind: kind, Name: name, Namespace: o.GetNamespace()}, "", "bind")
		}
	}
}

func texts(value any) []string {
	list, _ := value.([]any)
	var out []string
	for _, entry := range list {
		if text, ok := entry.(string); ok {
			out = append(out, text)
		}
	}
	return out
}
