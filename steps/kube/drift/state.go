// Package drift compares what all users of a cluster share before and after a run: namespaces, nodes, definitions, webhooks,
// rights on the whole cluster, volumes, classes and API services. It tells what the run has left from what others did meanwhile.
//
// It reads metadata, and of nodes what keeps pods away; it changes nothing. What is in namespaces is not its part: those of
// scenarios go as a whole, and elsewhere the ledger takes changes back one by one.
package drift

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"golang.org/x/sync/errgroup"

	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/client"
)

// atOnce is how many lists are read at the same time.
const atOnce = 8

// metadataOnly asks for lists without specs.
const metadataOnly = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

// shared are the kinds that are compared.
func shared() []kube.Mapping {
	kind := func(group, name, resource, singular string) kube.Mapping {
		return kube.Mapping{Group: group, Version: "v1", Kind: name, Resource: resource, Singular: singular}
	}
	return []kube.Mapping{
		kind("", "Namespace", "namespaces", "namespace"),
		kind("", "Node", "nodes", "node"),
		kind("", "PersistentVolume", "persistentvolumes", "persistentvolume"),
		kind("apiextensions.k8s.io", "CustomResourceDefinition", "customresourcedefinitions", "customresourcedefinition"),
		kind("apiregistration.k8s.io", "APIService", "apiservices", "apiservice"),
		kind("admissionregistration.k8s.io", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", "mutatingwebhookconfiguration"),
		kind("admissionregistration.k8s.io", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations", "validatingwebhookconfiguration"),
		kind("rbac.authorization.k8s.io", "ClusterRole", "clusterroles", "clusterrole"),
		kind("rbac.authorization.k8s.io", "ClusterRoleBinding", "clusterrolebindings", "clusterrolebinding"),
		kind("scheduling.k8s.io", "PriorityClass", "priorityclasses", "priorityclass"),
		kind("storage.k8s.io", "StorageClass", "storageclasses", "storageclass"),
	}
}

// object is what is compared of an object.
type object struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Taints        []corev1.Taint `json:"taints"`
		Unschedulable bool           `json:"unschedulable"`
	} `json:"spec"`
}

// State is what the users of one cluster share at one time.
type State struct {
	// Unread names the kinds that this user may not list, which are not compared.
	Unread []string

	cluster *kube.Cluster
	run     string
	at      time.Time
	objects map[string]map[string]object // by resource and name
}

// Take reads the present state of a cluster. run is the id of the run before or after which that is.
func Take(ctx context.Context, cluster *kube.Cluster, run string) (*State, error) {
	s := &State{cluster: cluster, run: run, at: time.Now(), objects: map[string]map[string]object{}}
	kinds := shared()
	found, unread := make([]map[string]object, len(kinds)), make([]bool, len(kinds))
	group, together := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i, mapping := range kinds {
		group.Go(func() (err error) {
			found[i], err = list(together, cluster, mapping)
			if apierrors.IsForbidden(err) {
				unread[i], err = true, nil
			}
			if apierrors.IsNotFound(err) { // the server does not have this kind
				err = nil
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("compare what is shared on %s: %w", cluster.Connection, err)
	}
	for i, mapping := range kinds {
		s.objects[mapping.String()] = found[i]
		if unread[i] {
			s.Unread = append(s.Unread, mapping.String())
		}
	}
	return s, nil
}

// list reads all objects of a kind, page by page. Of nodes more than the metadata counts.
func list(ctx context.Context, cluster *kube.Cluster, mapping kube.Mapping) (map[string]object, error) {
	accept, parameters := metadataOnly, url.Values{"limit": {"500"}}
	if mapping.Kind == "Node" {
		accept = ""
	}
	out := map[string]object{}
	for {
		response, err := cluster.Do(ctx, client.Request{Method: http.MethodGet, Path: mapping.Path("", ""), Accept: accept, Query: parameters})
		if err != nil {
			return nil, err
		}
		var page struct {
			metav1.ListMeta `json:"metadata"`
			Items           []object `json:"items"`
		}
		if err := json.Unmarshal(response.Body, &page); err != nil {
			return nil, fmt.Errorf("read the list of %s: %w", mapping, err)
		}
		for _, o := range page.Items {
			out[o.Name] = o
		}
		if page.Continue == "" {
			return out, nil
		}
		parameters.Set("continue", page.Continue)
	}
}

// names lists the objects of a kind that are there before or after, sorted.
func names(before, after map[string]object) []string {
	all := slices.Concat(slices.Collect(maps.Keys(before)), slices.Collect(maps.Keys(after)))
	slices.Sort(all)
	return slices.Compact(all)
}
