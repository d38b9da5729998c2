package simulator

import (
	"fmt"
	"slices"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
)

// kindsLifetime bounds how long a kind of an aggregated API server stays unnoticed; custom resources are noticed at once.
const kindsLifetime = 10 * time.Second

// kinds remembers which kinds of objects live in namespaces and can be deleted.
type kinds struct {
	client discovery.DiscoveryInterface

	mu        sync.Mutex
	resources []schema.GroupVersionResource
	until     time.Time
	// generation counts how often the kinds were forgotten, so that what was asked before that isn't kept.
	generation int
}

func (k *kinds) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.until = time.Time{}
	k.generation++
}

// namespaced returns the kinds; pods come last.
func (k *kinds) namespaced() ([]schema.GroupVersionResource, error) {
	k.mu.Lock()
	resources, fresh, generation := k.resources, time.Now().Before(k.until), k.generation
	k.mu.Unlock()
	if fresh {
		return resources, nil
	}
	// A group that can't be asked, because its server is down, keeps the namespace: it may have objects there.
	lists, err := discovery.ServerPreferredNamespacedResources(k.client)
	if err != nil {
		return nil, fmt.Errorf("ask which kinds of objects there are: %w", err)
	}
	resources, err = deletable(lists)
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if generation == k.generation {
		k.resources, k.until = resources, time.Now().Add(kindsLifetime)
	}
	return resources, nil
}

// deletable returns the resources that can be listed and deleted. Events are stored once and served by two groups.
func deletable(lists []*metav1.APIResourceList) ([]schema.GroupVersionResource, error) {
	var resources []schema.GroupVersionResource
	pods := schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	for _, list := range lists {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			return nil, fmt.Errorf("read which kinds of objects there are: %w", err)
		}
		for _, resource := range list.APIResources {
			found := version.WithResource(resource.Name)
			if !slices.Contains(resource.Verbs, "list") || !slices.Contains(resource.Verbs, "deletecollection") ||
				found == pods || found.Group == "events.k8s.io" {
				continue
			}
			resources = append(resources, found)
		}
	}
	return append(resources, pods), nil
}
