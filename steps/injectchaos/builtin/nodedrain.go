package builtin

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/steps/injectchaos/driver"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/drain"
)

// nodeDrain cordons nodes and evicts their pods. What is taken back is the cordon: where pods go is up to the scheduler.
type nodeDrain struct {
	lasting
	drain *drain.Drain
}

// planNodeDrain hits nodes that take pods, and refuses before anything is changed when a pod would be lost for good.
func planNodeDrain(ctx context.Context, request driver.Request) (driver.Fault, error) {
	if err := only(ctx, request, "Node"); err != nil {
		return nil, err
	}
	nodes, err := candidates(ctx, request)
	if err != nil {
		return nil, err
	}
	nodes = slices.DeleteFunc(nodes, func(node *unstructured.Unstructured) bool { return cordoned(node) })
	fault := &nodeDrain{lasting: lasting{request: request, candidates: len(nodes)}}
	var names []string
	for _, node := range choose(request, nodes) {
		query, err := queryOf(ctx, request.Place, node)
		if err != nil {
			return nil, err
		}
		fault.hits = append(fault.hits, cordonHit(node, query))
		names = append(names, node.GetName())
	}
	force, _ := request.Parameters["force"].(bool)
	lose, _ := request.Parameters["deleteEmptyDir"].(bool)
	fault.drain = drain.New(request.Run, request.Place, drain.Options{Nodes: names, Force: force, DeleteEmptyDir: lose, Wait: true})
	return fault, fault.drain.Look(ctx)
}

func cordoned(node *unstructured.Unstructured) bool {
	unschedulable, _, _ := unstructured.NestedBool(node.Object, "spec", "unschedulable")
	return unschedulable
}

func cordonHit(node *unstructured.Unstructured, query kube.Query) *hit {
	every := query
	every.EveryEvent = true
	look := func(wanted bool, what string) func(kube.Snapshot) (bool, string) {
		return func(shot kube.Snapshot) (bool, string) {
			if shot.Object == nil {
				return !wanted, fmt.Sprintf("Node/%s does not exist", node.GetName())
			}
			return cordoned(shot.Object) == wanted, fmt.Sprintf("Node/%s %s", node.GetName(), what)
		}
	}
	return &hit{
		object: node,
		edits: func(content map[string]any) ([]edit, error) {
			return []edit{prepare(content, true, "spec", "unschedulable")}, nil
		},
		proof: sight{every, look(true, "still takes pods")},
		gone:  sight{query, look(false, "takes no pods yet")},
	}
}

// Inject cordons the nodes, evicts their pods as far as disruption budgets allow it, and waits until they are gone.
func (d *nodeDrain) Inject(ctx context.Context) error {
	if err := d.lasting.Inject(ctx); err != nil {
		return err
	}
	return d.drain.Evict(ctx)
}

// Pods is how many pods are evicted.
func (d *nodeDrain) Pods() int { return d.drain.Pods() }
