package deploy

import (
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kinds"
)

// subject is one object that is looked at.
type subject struct {
	*inspection
	written
}

// report reports a mistake at a node of an object, with the way to it from the scenario when it stands in another file.
func (s subject) report(n *yaml.Node, check, format string, args ...any) *diag.Diagnostic {
	message := fmt.Sprintf(format, args...)
	if n == nil {
		return s.p.Mistake(strings.TrimSuffix(s.path, ".0"), check, "%s", message)
	}
	return s.p.Add(s.at(n), s.path, s.apart, check, "%s", message)
}

// object compares one object with its kind.
func (s subject) check() {
	kind, field, mistake := s.known.Identify(s.GetAPIVersion(), s.GetKind())
	if mistake != "" && s.GetAPIVersion() != "" && s.GetKind() != "" {
		s.report(s.child(field), "manifest-kind", "%s", mistake)
		return
	}
	if s.apart && !s.dynamic {
		s.literal(s.node)
	}
	if err := s.known.Absent(s.GetAPIVersion(), s.GetKind()); err != nil && kind == nil && s.p.Place().Common.Cluster.Empty() && !s.dynamicKind() {
		s.report(s.child("kind"), "missing-kind", "%s", err)
		return
	}
	if kind == nil || s.node == nil {
		return
	}
	// Somebody else's object may be there already, and a part of it be all that is meant.
	partial := s.GetNamespace() != "" || s.p.Place().Common.Elsewhere()
	for _, f := range kind.Schema.Inspect(s.node, kinds.Inspection{Dynamic: s.dynamic, File: s.apart, Partial: partial}) {
		s.report(f.Node, f.Check, "%s", f.Message)
	}
	s.selector()
}

func (s subject) dynamicKind() bool {
	return s.dynamic && strings.Contains(s.GetAPIVersion()+s.GetKind(), "${{") || s.GetKind() == "" || s.GetAPIVersion() == ""
}

// child returns the node under keys of the object, the object itself when there is none.
func (o written) child(keys ...string) *yaml.Node {
	n := o.node
	for _, key := range keys {
		next, _ := source.Lookup(n, key)
		if next == nil {
			return n
		}
		n = source.Follow(next)
	}
	return n
}

// literal advises on ${{ }} that nobody evaluates.
func (s subject) literal(n *yaml.Node) {
	n = source.Follow(n)
	if n.Kind == yaml.ScalarNode && strings.Contains(n.Value, "${{") {
		s.report(n, "manifest-template", "${{ }} stays as it is in this file; say template: true in the step to have it evaluated").Severity = diag.Warning
	}
	for _, c := range n.Content {
		if n.Kind != yaml.AliasNode {
			s.literal(c)
		}
	}
}

// selector reports a workload that would not find its own pods, which the server refuses.
func (s subject) selector() {
	if !slices.Contains([]string{"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"}, s.GetKind()) || s.partlyDynamic(s.child("spec", "selector"), s.child("spec", "template", "metadata")) {
		return
	}
	content, ok, _ := unstructured.NestedMap(s.Object, "spec", "selector")
	var wanted metav1.LabelSelector
	if !ok || runtime.DefaultUnstructuredConverter.FromUnstructured(content, &wanted) != nil {
		return
	}
	selector, err := metav1.LabelSelectorAsSelector(&wanted)
	if err != nil {
		s.report(s.child("spec", "selector"), "manifest-labels", "selector: %s", err)
		return
	}
	have, _, _ := unstructured.NestedStringMap(s.Object, "spec", "template", "metadata", "labels")
	if selector.Empty() || !selector.Matches(labels.Set(have)) {
		s.report(s.child("spec", "selector"), "manifest-labels", "the selector asks for %q, but the pod template has %q", selector, labels.Set(have)).
			Note(s.at(s.child("spec", "template")), "the pod template stands here")
	}
}

func (s subject) partlyDynamic(nodes ...*yaml.Node) bool {
	return s.dynamic && slices.ContainsFunc(nodes, holdsExpression)
}

func holdsExpression(n *yaml.Node) bool {
	n = source.Follow(n)
	if n.Kind == yaml.ScalarNode {
		return strings.Contains(n.Value, "${{")
	}
	return slices.ContainsFunc(n.Content, holdsExpression)
}

// service advises on a service that chooses none of the scenario's pods.
func (s subject) service() {
	if s.GetKind() != "Service" || s.GetAPIVersion() != "v1" || s.node == nil || s.GetNamespace() != "" || s.p.Place().Common.Elsewhere() || s.partlyDynamic(s.child("spec", "selector")) {
		return
	}
	chosen, _, _ := unstructured.NestedStringMap(s.Object, "spec", "selector")
	if _, cure, missed := kube.Misses(labels.SelectorFromSet(chosen), s.scene.Templates()); missed {
		s.report(s.child("spec", "selector"), "selector-matches-nothing", "no pod template of the scenario has the labels that service/%s selects: %s%s", s.GetName(), labels.Set(chosen), cure).Severity = diag.Warning
	}
}
