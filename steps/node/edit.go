package node

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// edits are the changes of one node, exact enough to be taken back. Whatever was like that already is not among them.
type edits struct {
	Unschedulable *bool       `json:"unschedulable,omitempty"` // what it became; it was the opposite
	Taints        []taintEdit `json:"taints,omitempty"`
	Labels        []labelEdit `json:"labels,omitempty"`
}

// taintEdit is a taint before and after; nil where there is none. Key and effect identify it.
type taintEdit struct {
	Before *corev1.Taint `json:"before,omitempty"`
	After  *corev1.Taint `json:"after,omitempty"`
}

// labelEdit is a label before and after; nil where there is none.
type labelEdit struct {
	Key    string  `json:"key"`
	Before *string `json:"before,omitempty"`
	After  *string `json:"after,omitempty"`
}

func (e edits) empty() bool {
	return e.Unschedulable == nil && len(e.Taints) == 0 && len(e.Labels) == 0
}

// plan returns what the action has to change on a node.
func plan(c Config, node *corev1.Node) edits {
	switch c.Action {
	case cordon, drain:
		return schedulability(node, true)
	case uncordon:
		return schedulability(node, false)
	case taint:
		return edits{Taints: planTaints(c, node.Spec.Taints)}
	}
	return edits{Labels: planLabels(c, node.Labels)}
}

func schedulability(node *corev1.Node, unschedulable bool) edits {
	if node.Spec.Unschedulable == unschedulable {
		return edits{}
	}
	return edits{Unschedulable: &unschedulable}
}

func planTaints(c Config, present []corev1.Taint) []taintEdit {
	var out []taintEdit
	for _, wanted := range c.Taints {
		after := corev1.Taint{Key: wanted.Key, Value: wanted.Value, Effect: corev1.TaintEffect(wanted.Effect)}
		before := taintOf(present, after.Key, after.Effect)
		if before == nil || before.Value != after.Value {
			out = append(out, taintEdit{Before: before, After: &after})
		}
	}
	for _, key := range c.Remove {
		bare, effect, _ := strings.Cut(key, ":")
		for _, there := range present {
			if there.Key == bare && (effect == "" || string(there.Effect) == effect) {
				out = append(out, taintEdit{Before: there.DeepCopy()})
			}
		}
	}
	return out
}

func taintOf(taints []corev1.Taint, key string, effect corev1.TaintEffect) *corev1.Taint {
	for _, t := range taints {
		if t.Key == key && t.Effect == effect {
			return t.DeepCopy()
		}
	}
	return nil
}

func planLabels(c Config, present map[string]string) []labelEdit {
	var out []labelEdit
	for _, key := range sortedKeys(c.Labels) {
		after := c.Labels[key]
		if before := labelOf(present, key); before == nil || *before != after {
			out = append(out, labelEdit{Key: key, Before: before, After: &after})
		}
	}
	for _, key := range c.Remove {
		if before := labelOf(present, key); before != nil {
			out = append(out, labelEdit{Key: key, Before: before})
		}
	}
	return out
}

func labelOf(labels map[string]string, key string) *string {
	if value, ok := labels[key]; ok {
		return &value
	}
	return nil
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

// reverse returns the edits that take e back from a node as it is now. What somebody else has changed since is left alone.
func (e edits) reverse(node *corev1.Node) edits {
	var out edits
	if e.Unschedulable != nil && node.Spec.Unschedulable == *e.Unschedulable {
		before := !*e.Unschedulable
		out.Unschedulable = &before
	}
	for _, t := range e.Taints {
		identity := t.After
		if identity == nil {
			identity = t.Before
		}
		if now := taintOf(node.Spec.Taints, identity.Key, identity.Effect); sameTaint(now, t.After) {
			out.Taints = append(out.Taints, taintEdit{Before: now, After: t.Before})
		}
	}
	for _, l := range e.Labels {
		if now := labelOf(node.Labels, l.Key); sameLabel(now, l.After) {
			out.Labels = append(out.Labels, labelEdit{Key: l.Key, Before: now, After: l.Before})
		}
	}
	return out
}

// sameTaint compares what we have set with what is there; the server may have added the time.
func sameTaint(a, b *corev1.Taint) bool {
	return a == nil && b == nil || a != nil && b != nil && a.Value == b.Value
}

func sameLabel(a, b *string) bool {
	return a == nil && b == nil || a != nil && b != nil && *a == *b
}

// operation is one operation of a JSON patch.
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value,omitempty"`
}

// operations are the JSON patch that makes the edits on exactly this version of the node: the taints are one list, and
// the controllers of the cluster write it too.
func (e edits) operations(node *corev1.Node) []operation {
	out := []operation{{"test", "/metadata/resourceVersion", node.ResourceVersion}}
	if e.Unschedulable != nil {
		if *e.Unschedulable {
			out = append(out, operation{"add", "/spec/unschedulable", true})
		} else {
			out = append(out, operation{Op: "remove", Path: "/spec/unschedulable"})
		}
	}
	if len(e.Taints) > 0 {
		out = append(out, taintOperation(node.Spec.Taints, e.Taints))
	}
	if len(e.Labels) > 0 && node.Labels == nil {
		out = append(out, operation{"add", "/metadata/labels", map[string]string{}})
	}
	for _, l := range e.Labels {
		path := "/metadata/labels/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(l.Key)
		if l.After == nil {
			out = append(out, operation{Op: "remove", Path: path})
			continue
		}
		out = append(out, operation{"add", path, *l.After})
	}
	return out
}

func taintOperation(present []corev1.Taint, changes []taintEdit) operation {
	taints := slices.Clone(present)
	for _, change := range changes {
		identity := change.After
		if identity == nil {
			identity = change.Before
		}
		at := slices.IndexFunc(taints, func(t corev1.Taint) bool { return t.MatchTaint(identity) })
		switch {
		case change.After == nil && at >= 0:
			taints = slices.Delete(taints, at, at+1)
		case change.After != nil && at >= 0:
			taints[at] = *change.After
		case change.After != nil:
			taints = append(taints, *change.After)
		}
	}
	if len(taints) == 0 {
		return operation{Op: "remove", Path: "/spec/taints"}
	}
	return operation{"add", "/spec/taints", taints}
}
