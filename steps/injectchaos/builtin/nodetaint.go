package builtin

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/driver"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// planNodeTaint hits nodes that do not carry the taint already.
func planNodeTaint(ctx context.Context, request driver.Request) (driver.Fault, error) {
	if err := only(ctx, request, "Node"); err != nil {
		return nil, err
	}
	taint, err := parseTaint(request.Parameters.Text("taint"))
	if err != nil {
		return nil, err
	}
	nodes, err := candidates(ctx, request)
	if err != nil {
		return nil, err
	}
	nodes = slices.DeleteFunc(nodes, taint.on)
	fault := &lasting{request: request, candidates: len(nodes)}
	for _, node := range choose(request, nodes) {
		query, err := queryOf(ctx, request.Place, node)
		if err != nil {
			return nil, err
		}
		fault.hits = append(fault.hits, taint.hit(node, query))
	}
	return fault, nil
}

// taint is a taint of a node. Key and effect identify it.
type taint struct{ key, value, effect string }

// parseTaint reads key=value:effect and key:effect.
func parseTaint(text string) (taint, error) {
	rest, effect, found := strings.Cut(text, ":")
	key, value, _ := strings.Cut(rest, "=")
	if !found || key == "" {
		return taint{}, fmt.Errorf("%q is not a taint: write key=value:Effect or key:Effect, as in dedicated=database:NoSchedule", text)
	}
	effects := []string{"NoSchedule", "PreferNoSchedule", "NoExecute"}
	if !slices.Contains(effects, effect) {
		return taint{}, fmt.Errorf("%q is not an effect of a taint%s", effect, diag.DidYouMean(effect, effects))
	}
	return taint{key, value, effect}, nil
}

// on reports whether a node carries exactly this taint.
func (t taint) on(node *unstructured.Unstructured) bool {
	_, found, there := locate(node.Object, t.path())
	entry, _ := found.(map[string]any)
	value, _ := entry["value"].(string)
	return there && value == t.value
}

func (t taint) path() []string {
	return []string{"spec", "taints", fmt.Sprintf("[key=%s,effect=%s]", t.key, t.effect)}
}

func (t taint) String() string {
	if t.value == "" {
		return t.key + ":" + t.effect
	}
	return t.key + "=" + t.value + ":" + t.effect
}

func (t taint) hit(node *unstructured.Unstructured, query kube.Query) *hit {
	every := query
	every.EveryEvent = true
	after := map[string]any{"key": t.key, "effect": t.effect}
	if t.value != "" {
		after["value"] = t.value
	}
	look := func(wanted bool, what string) func(kube.Snapshot) (bool, string) {
		return func(shot kube.Snapshot) (bool, string) {
			if shot.Object == nil {
				return !wanted, fmt.Sprintf("Node/%s does not exist", node.GetName())
			}
			return t.on(shot.Object) == wanted, fmt.Sprintf("Node/%s %s the taint %s", node.GetName(), what, t)
		}
	}
	return &hit{
		object: node,
		edits: func(content map[string]any) ([]edit, error) {
			return []edit{prepare(content, after, t.path()...)}, nil
		},
		proof: sight{every, look(true, "does not carry")},
		gone:  sight{query, look(false, "still carries")},
	}
}
