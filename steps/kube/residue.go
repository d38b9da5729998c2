package kube

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"golang.org/x/sync/errgroup"

	"github.com/scenario-runner/scenario-runner/steps/kube/client"
	"github.com/scenario-runner/scenario-runner/steps/kube/watch"
)

// Residue is an object that carries the label of a run.
type Residue struct {
	Mapping   Mapping
	Namespace string
	Name      string
	UID       types.UID
	Run       string
	Scenario  string
	Dying     bool // its deletion was asked for already
}

// String names the object.
func (r Residue) String() string {
	if r.Namespace == "" {
		return r.Mapping.Singular + " " + r.Name
	}
	return r.Mapping.Singular + " " + r.Name + " in namespace " + r.Namespace
}

// metadataOnly asks for lists without specs: some kinds are big, and Secrets are nobody's business here.
const metadataOnly = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

// Residue finds what runs have left on a cluster, by labels alone: namespaces first, then objects outside of these. run
// is the id of one run, "" for all runs.
func (e *Env) Residue(ctx context.Context, clusterName, run string) ([]Residue, error) {
	cluster, err := e.Cluster(ctx, clusterName)
	if err != nil {
		return nil, err
	}
	selector := RunLabel
	if run != "" {
		selector += "=" + run
	}
	found, err := cluster.labelled(ctx, namespaces, selector)
	if err != nil {
		return nil, fmt.Errorf("look for namespaces of runs: %w", err)
	}
	mappings, err := cluster.Mappings(ctx)
	if err != nil {
		return nil, err
	}
	others, err := cluster.labelledObjects(ctx, mappings, selector)
	if err != nil {
		return nil, err
	}
	for _, object := range others {
		inside := func(space Residue) bool { return space.Mapping.Kind == "Namespace" && space.Name == object.Namespace }
		if !slices.ContainsFunc(found, inside) {
			found = append(found, object)
		}
	}
	return found, nil
}

// labelledObjects looks through every kind that can be listed and deleted, a few at a time.
func (c *Cluster) labelledObjects(ctx context.Context, mappings []Mapping, selector string) ([]Residue, error) {
	results := make([][]Residue, len(mappings))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(8)
	seen := map[string]bool{"namespaces": true, "events": true, "events.events.k8s.io": true}
	for i, mapping := range mappings {
		if seen[mapping.String()] || !mapping.Can("list") || !mapping.Can("delete") {
			continue
		}
		seen[mapping.String()] = true
		group.Go(func() error {
			found, err := c.labelled(ctx, mapping, selector)
			if apierrors.IsForbidden(err) || apierrors.IsNotFound(err) || apierrors.IsMethodNotSupported(err) {
				return nil // what we may not see, we did not make
			}
			results[i] = found
			return err
		})
	}
	err := group.Wait()
	return slices.Concat(results...), err
}

// labelled lists the objects of one kind that carry the label and that no controller keeps.
func (c *Cluster) labelled(ctx context.Context, mapping Mapping, selector string) ([]Residue, error) {
	response, err := c.Do(ctx, client.Request{
		Method: http.MethodGet, Path: mapping.Path("", ""), Accept: metadataOnly, Query: url.Values{"labelSelector": {selector}},
	})
	if err != nil {
		return nil, err
	}
	list, err := watch.ParseList(mapping, response.Body)
	if err != nil {
		return nil, err
	}
	var out []Residue
	for _, object := range list.Items {
		if !kept(object) {
			out = append(out, Residue{
				Mapping: mapping, Namespace: object.GetNamespace(), Name: object.GetName(), UID: object.GetUID(),
				Run: object.GetLabels()[RunLabel], Scenario: object.GetLabels()[ScenarioLabel], Dying: object.GetDeletionTimestamp() != nil,
			})
		}
	}
	slices.SortFunc(out, func(a, b Residue) int {
		return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
	})
	return out, nil
}

func kept(object *unstructured.Unstructured) bool {
	return slices.ContainsFunc(object.GetOwnerReferences(), func(owner metav1.OwnerReference) bool {
		return owner.Controller != nil && *owner.Controller
	})
}

// Remove deletes a residue; it does not wait for its end, which AwaitRemoval does.
func (e *Env) Remove(ctx context.Context, clusterName string, residue Residue) error {
	cluster, err := e.Cluster(ctx, clusterName)
	if err != nil {
		return err
	}
	return cluster.removeOnly(ctx, object{Mapping: residue.Mapping, Namespace: residue.Namespace, Name: residue.Name}, residue.UID)
}

// AwaitRemoval waits until a residue is gone.
func (e *Env) AwaitRemoval(ctx context.Context, clusterName string, residue Residue) error {
	cluster, err := e.Cluster(ctx, clusterName)
	if err != nil {
		return err
	}
	return cluster.gone(ctx, Query{Mapping: residue.Mapping, Namespace: residue.Namespace, Name: residue.Name}, residue.UID)
}
