package require

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

type requirements struct{ env *kube.Env }

// unmet is a requirement that is not met, in contrast to one of which nothing could be found out.
type unmet struct{ text string }

func (u *unmet) Error() string { return u.text }

// run looks at all that is required, and tells everything that is missing at once. The steps inside come last: they may
// need what the others ask for.
func (r requirements) run(ctx context.Context, run *step.Run, c Config) (Outputs, error) {
	var out Outputs
	var missing []string
	if len(c.Kinds) > 0 || c.Version != "" || c.Nodes != nil {
		cluster, err := r.env.Cluster(ctx, run.Cluster) // a namespace is not needed yet, and maybe never
		if err != nil {
			return out, err
		}
		for _, look := range []func(context.Context, *kube.Cluster, Config, *Outputs) error{kinds, version, nodes} {
			err := look(ctx, cluster, c, &out)
			if u, ok := errors.AsType[*unmet](err); ok {
				missing = append(missing, u.text)
			} else if err != nil {
				return out, err
			}
		}
	}
	if len(missing) == 0 && c.Steps.Steps != nil {
		_, err := run.Host.Execute(ctx, c.Steps, step.Execution{})
		switch step.VerdictOf(err) {
		case step.Passed:
		case step.Errored:
			return out, err
		default:
			missing = append(missing, err.Error())
		}
	}
	return out, verdict(c, missing)
}

func verdict(c Config, missing []string) error {
	if len(missing) == 0 {
		return nil
	}
	text := strings.Join(missing, "; ")
	if c.Otherwise == inconclude {
		return step.Inconclude("a requirement is not met: %s", text)
	}
	return step.Skip("a requirement is not met: %s", text)
}

func kinds(ctx context.Context, cluster *kube.Cluster, c Config, _ *Outputs) error {
	var missing []string
	for _, kind := range c.Kinds {
		_, err := cluster.Find(ctx, kind.APIVersion, kind.Kind)
		if err == nil {
			continue
		}
		if _, reached := cluster.Mappings(ctx); reached != nil {
			return reached
		}
		missing = append(missing, err.Error())
	}
	if len(missing) > 0 {
		return &unmet{strings.Join(missing, "; ")}
	}
	return nil
}

func version(ctx context.Context, cluster *kube.Cluster, c Config, out *Outputs) error {
	if c.Version == "" {
		return nil
	}
	wanted, err := parseVersions(c.Version)
	if err != nil {
		return err
	}
	if out.Version, err = cluster.ServerVersion(ctx); err != nil {
		return err
	}
	return wanted.meets(out.Version)
}

func nodes(ctx context.Context, cluster *kube.Cluster, c Config, out *Outputs) error {
	if c.Nodes == nil {
		return nil
	}
	mapping, err := cluster.Find(ctx, "v1", "Node")
	if err != nil {
		return err
	}
	selector, err := labels.Parse(c.Nodes.Selector)
	if err != nil {
		return fmt.Errorf("selector %q: %w", c.Nodes.Selector, err)
	}
	all, err := cluster.List(ctx, kube.Query{Mapping: mapping, Labels: selector})
	if err != nil {
		return err
	}
	for _, node := range all {
		simulated := kube.Simulated(node)
		if ready(node) && !(c.Nodes.Real && simulated) && !(c.Nodes.Simulated && !simulated) {
			out.Nodes++
		}
	}
	if out.Nodes < max(c.Nodes.AtLeast, 1) {
		return &unmet{fmt.Sprintf("%s must be ready and take pods, found %d", c.Nodes, out.Nodes)}
	}
	return nil
}

// ready reports whether a node is ready and takes new pods.
func ready(node *unstructured.Unstructured) bool {
	if off, _, _ := unstructured.NestedBool(node.Object, "spec", "unschedulable"); off {
		return false
	}
	conditions, _, _ := unstructured.NestedSlice(node.Object, "status", "conditions")
	for _, entry := range conditions {
		if c, _ := entry.(map[string]any); c["type"] == "Ready" {
			return c["status"] == "True"
		}
	}
	return false
}
