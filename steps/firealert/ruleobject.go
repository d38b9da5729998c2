package firealert

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// What the Prometheus Operator calls an object that holds rules.
const (
	operatorVersion = "monitoring.coreos.com/v1"
	ruleKind        = "PrometheusRule"
)

const (
	usualPatience = time.Minute            // with the operator, which makes Prometheus load a rule
	loadedEvery   = 500 * time.Millisecond // how often Prometheus is asked whether it has
)

// RuleObject brings the rule as an object of the Prometheus Operator.
type RuleObject struct {
	Namespace string            `yaml:"namespace" doc:"Namespace of the object, one in which the operator's Prometheus looks for rules. Without it, the scenario's own."`
	Labels    map[string]string `yaml:"labels" doc:"Labels by which the operator's Prometheus chooses its rules." example:"{release: monitoring}"`
	Within    time.Duration     `yaml:"within" doc:"How long the operator may take until Prometheus has loaded the rule; 1m if not given." example:"2m"`
}

// check reports mistakes.
func (o *RuleObject) check(p *step.Problems) {
	if o == nil {
		return
	}
	if p.Given("rule.dir") {
		p.AtKey("rule.dir", "exclusive-fields", "only one of dir, object can be given: a folder is for a Prometheus without the operator")
	}
	if o.Namespace != "" && !p.Dynamic("rule.object.namespace") && len(validation.IsDNS1123Label(o.Namespace)) > 0 {
		p.At("rule.object.namespace", "%q is no name of a namespace", o.Namespace)
	}
}

// createObject makes the object that holds the rules; the cluster's own ledger entry takes it away again.
func (r *raising) createObject(ctx context.Context, env *kube.Env, every time.Duration) error {
	target, err := env.Target(ctx, r.run)
	if err != nil {
		return err
	}
	target = target.In(r.config.Rule.Object.Namespace)
	made, err := target.Apply(ctx, r.manifest(target.Namespace, every), kube.Change{Keep: r.config.Undo == "keep"})
	if err != nil {
		return fmt.Errorf("rule.object brings the rule by the Prometheus Operator: %w", err)
	}
	r.Object = made.Object.GetNamespace() + "/" + made.Object.GetName()
	r.run.Progress("made the PrometheusRule %s; waiting until the operator has Prometheus load it", r.Object)
	return nil
}

// manifest returns the object with the rules.
func (r *raising) manifest(namespace string, every time.Duration) *unstructured.Unstructured {
	rules := make([]any, len(r.rules))
	for i, rule := range r.rules {
		one := map[string]any{"alert": rule.Alert, "expr": rule.Expr}
		if rule.For != "" {
			one["for"] = rule.For
		}
		for name, texts := range map[string]map[string]string{"labels": rule.Labels, "annotations": rule.Annotations} {
			if len(texts) > 0 {
				one[name] = anyTexts(texts)
			}
		}
		rules[i] = one
	}
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": operatorVersion, "kind": ruleKind,
		"spec": map[string]any{"groups": []any{map[string]any{"name": r.Group, "interval": promDuration(every), "rules": rules}}},
	}}
	object.SetName(objectName(r.Group))
	object.SetNamespace(namespace)
	object.SetLabels(maps.Clone(r.config.Rule.Object.Labels))
	return object
}

// objectName shortens the name of a group to what an object may be called; the end tells groups apart.
func objectName(group string) string {
	const longest = validation.DNS1123LabelMaxLength
	name := strings.ToLower(group)
	if len(name) > longest {
		name = "r" + name[len(name)-longest+1:]
	}
	return name
}

func anyTexts(texts map[string]string) map[string]any {
	out := make(map[string]any, len(texts))
	for name, text := range texts {
		out[name] = text
	}
	return out
}

// loadedByOperator waits until Prometheus has loaded what the operator made of the object.
func (r *raising) loadedByOperator(ctx context.Context) error {
	limit := r.config.Rule.Object.Within
	if limit == 0 {
		limit = usualPatience
	}
	ticker, timer := time.NewTicker(loadedEvery), time.NewTimer(limit)
	defer ticker.Stop()
	defer timer.Stop()
	for {
		loaded, err := r.client.Rules(ctx, r.Group)
		if err != nil || len(loaded) == len(r.rules) {
			return err
		}
		select {
		case <-ticker.C:
		case <-timer.C:
			return step.Inconclude("the PrometheusRule %s is made, but Prometheus at %s has not loaded it within %s: "+
				"either no Prometheus Operator is running, or its Prometheus does not choose the rule by namespace and labels; see ruleSelector and ruleNamespaceSelector",
				r.Object, r.client, limit)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
