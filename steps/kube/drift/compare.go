package drift

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// Change is a difference between two states that no undo explains.
type Change struct {
	What string // "clusterrole reader"
	How  string // "was created", "changed: taint dedicated=db:NoSchedule was added"
	By   string // who did it, as far as that is known, when it was not this run
	Ours bool   // this run did it
	Kept bool   // and means it to stay
}

// Since returns what is not as it was, kind by kind and name by name. What the run did and took back is no difference, nor is what
// other runs do, who take it back themselves.
func (s *State) Since(before *State) []Change {
	var out []Change
	for _, mapping := range shared() {
		key := mapping.String()
		if slices.Contains(before.Unread, key) || slices.Contains(s.Unread, key) {
			continue
		}
		for _, name := range names(before.objects[key], s.objects[key]) {
			old, was := before.objects[key][name]
			now, is := s.objects[key][name]
			did, kept := s.cluster.Did(mapping, name)
			c, differs := s.compare(pair{mapping, old, now, was, is}, before.at, Change{Ours: did, Kept: did && kept})
			if !differs {
				continue
			}
			c.What = mapping.Singular + " " + name
			if s.cluster.Name != "" {
				c.What = "cluster " + s.cluster.Name + ": " + c.What
			}
			out = append(out, c)
		}
	}
	return out
}

// pair is an object at two times.
type pair struct {
	mapping  kube.Mapping
	old, now object
	was, is  bool
}

// compare tells what happened to one object. c says whether this process has changed it.
func (s *State) compare(p pair, start time.Time, c Change) (Change, bool) {
	switch {
	case !p.is:
		c.How = "was removed"
		return c, p.old.DeletionTimestamp == nil
	case p.now.DeletionTimestamp != nil || expected(p.now, s.run):
		return c, false
	case !p.was || p.old.UID != p.now.UID:
		c.How, c.By = "was created", managers(p.now, start)
		if p.was {
			c.How = "was made anew"
		}
		if p.was && c.Ours && !c.Kept {
			return c, false // removed, and made again by its undo
		}
		c.Ours = c.Ours || p.now.Labels[kube.RunLabel] == s.run
		return c, true
	}
	differences := append(labels(p.old, p.now), placing(p.old, p.now)...)
	switch {
	case len(differences) > 0:
		c.How = "changed: " + texts(differences)
	case c.Ours && !c.Kept, p.mapping.Kind == "Node", reflect.DeepEqual(fields(p.old), fields(p.now)):
		return c, false // what we changed was put back, and of nodes no more than the differences counts
	default:
		c.How = "changed"
	}
	c.By = cmp.Or(managers(p.now, start, differences...), managers(p.now, start))
	if others := !routine(c.By); others || !c.Ours {
		c.Ours, c.Kept = false, false // what we changed besides was put back
		return c, others
	}
	return c, true
}

// expected reports whether an object is there for a known reason: it is another run's, the place of the locks, or made by the
// server for a definition.
func expected(o object, run string) bool {
	by := o.Labels[kube.RunLabel]
	return by != "" && by != run || o.Name == kube.LocksNamespace || o.Labels["kube-aggregator.kubernetes.io/automanaged"] != ""
}

// difference is one difference of an object.
type difference struct {
	text  string
	field string // as managed fields name it
}

func texts(all []difference) string {
	out := make([]string, len(all))
	for i, d := range all {
		out[i] = d.text
	}
	return strings.Join(out, ", ")
}

// labels tells which labels differ.
func labels(old, now object) []difference {
	var out []difference
	keys := slices.Concat(slices.Collect(maps.Keys(old.Labels)), slices.Collect(maps.Keys(now.Labels)))
	slices.Sort(keys)
	for _, key := range slices.Compact(keys) {
		before, was := old.Labels[key]
		after, is := now.Labels[key]
		switch {
		case !was:
			out = append(out, difference{fmt.Sprintf("label %s=%s was added", key, after), key})
		case !is:
			out = append(out, difference{fmt.Sprintf("label %s=%s was removed", key, before), key})
		case before != after:
			out = append(out, difference{fmt.Sprintf("label %s is %s and was %s", key, after, before), key})
		}
	}
	return out
}

// placing tells what keeps pods from a node that did not before, and the other way round.
func placing(old, now object) []difference {
	var out []difference
	if old.Spec.Unschedulable != now.Spec.Unschedulable {
		out = append(out, difference{map[bool]string{true: "it was cordoned", false: "it was uncordoned"}[now.Spec.Unschedulable], "unschedulable"})
	}
	before, after := taints(old), taints(now)
	for _, taint := range after {
		if !slices.Contains(before, taint) {
			out = append(out, difference{"taint " + taint + " was added", "taints"})
		}
	}
	for _, taint := range before {
		if !slices.Contains(after, taint) {
			out = append(out, difference{"taint " + taint + " was removed", "taints"})
		}
	}
	return out
}

// taints lists the taints of a node without those that only say how it is.
func taints(o object) []string {
	var out []string
	for _, taint := range o.Spec.Taints {
		if !strings.HasPrefix(taint.Key, "node.kubernetes.io/") {
			out = append(out, (&corev1.Taint{Key: taint.Key, Value: taint.Value, Effect: taint.Effect}).ToString())
		}
	}
	slices.Sort(out)
	return out
}

// fields is who owns which fields, without the status.
func fields(o object) []metav1.ManagedFieldsEntry {
	return slices.DeleteFunc(slices.Clone(o.ManagedFields), func(e metav1.ManagedFieldsEntry) bool { return e.Subresource != "" })
}

// managers names who has changed fields of an object since a time, by what programs call themselves, beside this one: all, or
// those that own one of some fields. Times are kept in seconds.
func managers(o object, since time.Time, of ...difference) string {
	var out []string
	for _, e := range fields(o) {
		owns := func(d difference) bool {
			return e.FieldsV1 != nil && strings.Contains(e.FieldsV1.GetRawString(), fmt.Sprintf("%q", "f:"+d.field))
		}
		if len(of) > 0 && !slices.ContainsFunc(of, owns) {
			continue
		}
		if e.Manager != kube.FieldManager && e.Time != nil && !e.Time.Time.Before(since.Truncate(time.Second)) && !slices.Contains(out, e.Manager) {
			out = append(out, e.Manager)
		}
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// routine reports whether only the control plane did something, as it does all the time.
func routine(by string) bool {
	parts := []string{"kube-controller-manager", "kube-apiserver", "kube-scheduler", "kubelet"}
	return by == "" || !slices.ContainsFunc(strings.Split(by, ", "), func(manager string) bool { return !slices.Contains(parts, manager) })
}
