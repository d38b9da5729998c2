package kube

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
)

// Ref names one object or a set of objects. Authors write it as text (deployment/web, deploy/web, deployments.apps/web,
// apps/v1/Deployment/web, pods) or as a mapping with these fields.
type Ref struct {
	APIVersion string            `yaml:"apiVersion,omitempty" json:"apiVersion,omitempty" doc:"API version, as in apps/v1. Only needed when a kind exists in several groups."`
	Kind       string            `yaml:"kind" json:"kind" doc:"Kind, plural or short name: Deployment, deployments, deploy, deployments.apps." refers:"kind"`
	Name       string            `yaml:"name,omitempty" json:"name,omitempty" doc:"Name of the object. Without it all that match the selectors are meant."`
	Namespace  string            `yaml:"namespace,omitempty" json:"namespace,omitempty" doc:"Namespace; the step's if not given."`
	Selector   string            `yaml:"selector,omitempty" json:"selector,omitempty" doc:"Label selector, as in app=web,tier!=cache."`
	Labels     map[string]string `yaml:"labels,omitempty" json:"labels,omitempty" doc:"Labels that the objects must have."`
	// Start is the part before the first ${{ of a text form that is not known before the run.
	Start         string `yaml:"-" json:"-"`
	FieldSelector string `yaml:"fieldSelector,omitempty" json:"fieldSelector,omitempty" doc:"Field selector over any path, as in status.phase=Running."`
}

const refForms = "write kind/name as in deployment/web, apps/v1/Deployment/web, or a kind alone as in pods"

// ParseRef reads the text form.
func ParseRef(text string) (Ref, error) {
	parts := strings.Split(strings.TrimSpace(text), "/")
	if slices.Contains(parts, "") {
		return Ref{}, fmt.Errorf("%q does not name an object: %s", text, refForms)
	}
	switch len(parts) {
	case 1:
		return Ref{Kind: parts[0]}, nil
	case 2:
		return Ref{Kind: parts[0], Name: parts[1]}, nil
	case 3:
		return Ref{APIVersion: parts[0], Kind: parts[1], Name: parts[2]}, nil
	case 4:
		return Ref{APIVersion: parts[0] + "/" + parts[1], Kind: parts[2], Name: parts[3]}, nil
	}
	return Ref{}, fmt.Errorf("%q has too many parts to name an object: %s", text, refForms)
}

// UnmarshalText reads the text form, for decoders.
func (r *Ref) UnmarshalText(text []byte) error {
	parsed, err := ParseRef(string(text))
	if err != nil {
		return err
	}
	*r = parsed
	return nil
}

// Refers says that texts of this type name objects.
func (r Ref) Refers() string { return "object" }

// String is the text form, with the selectors in brackets.
func (r Ref) String() string {
	text := r.Kind
	if r.APIVersion != "" {
		text = r.APIVersion + "/" + text
	}
	if r.Name != "" {
		text += "/" + r.Name
	}
	var selectors []string
	if r.Selector != "" {
		selectors = append(selectors, r.Selector)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Labels)) {
		selectors = append(selectors, name+"="+r.Labels[name])
	}
	if r.FieldSelector != "" {
		selectors = append(selectors, r.FieldSelector)
	}
	if len(selectors) > 0 {
		text += "[" + strings.Join(selectors, ",") + "]"
	}
	return text
}

// Check reports mistakes that can be seen without a cluster.
func (r Ref) Check() error {
	if r.Kind == "" {
		return errors.New("no kind is given, expected one such as Deployment")
	}
	if r.Name != "" && (r.Selector != "" || len(r.Labels) > 0) {
		return fmt.Errorf("%s has a name and a label selector; give one of them", r)
	}
	_, _, err := r.selectors()
	return err
}

// selectors returns the parsed selectors, nil for one that is not given.
func (r Ref) selectors() (labels.Selector, fields.Selector, error) {
	var byLabel labels.Selector
	var byField fields.Selector
	if r.Selector != "" || len(r.Labels) > 0 {
		parsed, err := labels.Parse(r.Selector)
		if err != nil {
			return nil, nil, fmt.Errorf("selector %q: %w", r.Selector, err)
		}
		requirements, _ := labels.SelectorFromSet(r.Labels).Requirements()
		byLabel = parsed.Add(requirements...)
	}
	if r.FieldSelector != "" {
		parsed, err := fields.ParseSelector(r.FieldSelector)
		if err != nil {
			return nil, nil, fmt.Errorf("field selector %q: %w", r.FieldSelector, err)
		}
		byField = parsed
	}
	return byLabel, byField, nil
}

// KindName returns the kind as far as it is known: of deployment/${{ vars.name }} it is before the run.
func (r Ref) KindName() string {
	_, kind := r.kind()
	return kind
}
