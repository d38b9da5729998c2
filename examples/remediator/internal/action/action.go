// Package action holds the remediations: each one changes one kind of Kubernetes object,
// says how it was before and after, and watches until the object is healthy again.
// It does not decide when to act, and it does not keep a record.
package action

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// The kinds of object that an action can be aimed at.
const (
	DaemonSet               = "DaemonSet"
	Deployment              = "Deployment"
	HorizontalPodAutoscaler = "HorizontalPodAutoscaler"
	NetworkPolicy           = "NetworkPolicy"
	Node                    = "Node"
	PersistentVolumeClaim   = "PersistentVolumeClaim"
	Pod                     = "Pod"
	Secret                  = "Secret"
	Service                 = "Service"
	StatefulSet             = "StatefulSet"
)

// Target names what an action is aimed at.
type Target struct {
	Cluster   string `json:"cluster,omitempty"`
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name,omitempty"`
	Selector  string `json:"selector,omitempty"`
}

// String writes the target as messages show it, such as Deployment shop/web.
func (t Target) String() string {
	text := t.Name
	if text == "" {
		text = t.Selector
	}
	if t.Namespace != "" {
		text = t.Namespace + "/" + text
	}
	if t.Cluster != "" {
		text += " of cluster " + t.Cluster
	}
	return t.Kind + " " + text
}

// State is what an action saw of its target, as it is shown in the history.
type State map[string]any

// Change is what an action did.
type Change struct {
	Before State
	After  State
	// Verify watches the target and returns nil as soon as it is healthy again. It ends
	// with an error that says what was seen last when its context ends.
	Verify func(ctx context.Context) error
	// Undo takes the change back. It is nil where there is no way back.
	Undo func(ctx context.Context) error
}

// Cluster is where actions are carried out.
type Cluster struct {
	Client kubernetes.Interface
	// DryRun sends every change for admission and validation only; nothing is stored.
	DryRun bool
}

// dryRun returns the value of the field dryRun that every write carries.
func (c Cluster) dryRun() []string {
	if c.DryRun {
		return []string{metav1.DryRunAll}
	}
	return nil
}

// Action is one remediation with its parameters.
type Action interface {
	// Validate says which parameter is wrong, as a *ParameterError where it is one.
	Validate() error
	// Apply changes the target.
	Apply(ctx context.Context, cluster Cluster, target Target) (Change, error)
}

// ParameterError is the complaint about one parameter of a rule.
type ParameterError struct {
	Name    string
	Problem string
}

// Error names the parameter and the problem.
func (e *ParameterError) Error() string { return "parameter " + e.Name + " " + e.Problem }
