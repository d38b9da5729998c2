package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	drained "github.com/scenario-runner/scenario-runner/steps/kube/drain"
	"github.com/scenario-runner/scenario-runner/steps/kube/pods"
)

type steps struct{ env *kube.Env }

// run chooses the nodes, has the policy look at them, and changes them.
func (s steps) run(ctx context.Context, run *step.Run, c Config) (out Outputs, err error) {
	began := time.Now()
	defer func() { out.Took = time.Since(began) }()
	out = Outputs{Nodes: []string{}, Changed: []string{}, Evicted: []Pod{}, Left: []Pod{}}
	place, err := s.env.Target(ctx, run)
	if err != nil {
		return out, err
	}
	nodes, err := choose(ctx, place, c)
	if err != nil {
		return out, err
	}
	for _, node := range nodes {
		out.Nodes = append(out.Nodes, node.Name)
	}
	if len(nodes) == 0 {
		return out, step.Inconclude("%s hit nothing: %s", c.Action, nothing(place, c))
	}
	g := guard{project: s.env.Settings(), safety: run.Scenario.Safety}
	if err := g.permit(place, c.Action, len(nodes)); err != nil {
		return out, err
	}
	locks := make([]string, len(out.Nodes))
	for i, name := range out.Nodes {
		locks[i] = place.Lock("node", "", name)
	}
	if err := run.Host.Claim(ctx, locks...); err != nil {
		return out, err
	}
	run.Progress("%s %s", c.Action, strings.Join(out.Nodes, ", "))
	d := drained.New(run, place, drained.Options{
		Nodes: out.Nodes, Force: c.Force, DeleteEmptyDir: c.DeleteEmptyDir, Wait: c.Wait, Keep: c.Undo == "keep", GracePeriod: c.GracePeriod,
		Permit: g.pods,
	})
	if c.Action == drain {
		if err := d.Look(ctx); err != nil {
			return out, err
		}
	}
	for _, node := range nodes {
		changed, err := change(ctx, run, place, c, node)
		if changed {
			out.Changed = append(out.Changed, node.Name)
		}
		if err != nil {
			return out, fmt.Errorf("%s node %s: %w", c.Action, node.Name, err)
		}
	}
	if c.Action == drain {
		err = d.Evict(ctx)
		out.Evicted, out.Left = d.Evicted(), d.Left()
	}
	return out, err
}

// choose returns the nodes that are meant, sorted by name.
func choose(ctx context.Context, place *kube.Target, c Config) ([]*corev1.Node, error) {
	names := c.Name
	if c.Of.Kind != "" {
		found, err := pods.List(ctx, place, c.Of)
		if err != nil {
			return nil, err
		}
		names = nodesOf(found)
	}
	var out []*corev1.Node
	if c.Selector != "" {
		objects, err := place.List(ctx, kube.Ref{APIVersion: "v1", Kind: "Node", Selector: c.Selector})
		if err != nil {
			return nil, err
		}
		for _, object := range objects {
			node, err := nodeOf(object)
			if err != nil {
				return nil, err
			}
			out = append(out, node)
		}
	}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		node, err := read(ctx, place, name)
		if kube.IsNotFound(err) {
			return nil, step.Fail("node %s does not exist", name)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, node)
	}
	slices.SortFunc(out, func(a, b *corev1.Node) int { return cmp.Compare(a.Name, b.Name) })
	if c.Count > 0 && len(out) > c.Count {
		out = out[:c.Count]
	}
	return out, nil
}

// nodesOf returns the nodes on which living pods run.
func nodesOf(found []*unstructured.Unstructured) []string {
	var names []string
	for _, pod := range found {
		if name, _, _ := unstructured.NestedString(pod.Object, "spec", "nodeName"); name != "" && pods.Living(pod) {
			names = append(names, name)
		}
	}
	return names
}

// nothing says why no node was found.
func nothing(place *kube.Target, c Config) string {
	if c.Selector != "" {
		return "no node has the labels " + c.Selector
	}
	return fmt.Sprintf("no pod of %s runs on a node, in namespace %s", c.Of, cmp.Or(c.Of.Namespace, place.Namespace))
}

// change makes the edits of one node, with the undo in the ledger before each attempt, and reports whether it had to.
func change(ctx context.Context, run *step.Run, place *kube.Target, c Config, node *corev1.Node) (changed bool, err error) {
	for range attempts {
		wanted := plan(c, node)
		if wanted.empty() {
			return changed, nil
		}
		var recorded step.Entry
		if c.Undo != "keep" {
			if recorded, err = run.Record(ctx, undoName, entry{
				Cluster: place.Cluster.Name, Connection: place.Cluster.Connection, Server: place.Cluster.Server(),
				Name: node.Name, UID: node.UID, Edits: wanted,
			}); err != nil {
				return changed, err
			}
		}
		err = send(ctx, place, node, wanted, c.Undo == "keep")
		if err == nil {
			return true, nil
		}
		if _, refused := errors.AsType[*apierrors.StatusError](err); !refused {
			changed = true // perhaps: the answer was lost, and the entry stays
		} else if recorded != nil {
			if forget := recorded.Forget(ctx); forget != nil {
				return changed, errors.Join(err, forget)
			}
		}
		if !overtaken(err) {
			return changed, err
		}
		fresh, readErr := read(ctx, place, node.Name)
		if readErr != nil {
			return changed, readErr
		}
		node = fresh
	}
	return changed, err
}
