package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// askTimeout limits how long an API server may take to say what is ready.
const askTimeout = 2 * time.Second

// backend is a service in one cluster.
type backend struct {
	name               string
	client             kubernetes.Interface
	namespace, service string
}

// ready reports whether the service has a ready endpoint now. A cluster that does not answer has none.
func (b backend) ready(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	of := metav1.ListOptions{LabelSelector: discoveryv1.LabelServiceName + "=" + b.service}
	all, err := b.client.DiscoveryV1().EndpointSlices(b.namespace).List(ctx, of)
	return err == nil && slices.ContainsFunc(all.Items, func(s discoveryv1.EndpointSlice) bool {
		return slices.ContainsFunc(s.Endpoints, func(e discoveryv1.Endpoint) bool {
			return e.Conditions.Ready != nil && *e.Conditions.Ready
		})
	})
}

// balancer answers for the service of the first cluster that was healthy when it looked the last time. Between two looks it
// does not know better, as every load balancer that checks from time to time.
type balancer struct {
	backends []backend
	chosen   atomic.Int64 // index of the backend; -1 when none was healthy
	running  sync.WaitGroup
}

func newBalancer(ctx context.Context, o options) (*balancer, error) {
	b := &balancer{}
	for _, c := range o.backends {
		config, err := c.config()
		if err != nil {
			return nil, err
		}
		client, err := kubernetes.NewForConfig(config)
		if err != nil {
			return nil, fmt.Errorf("cluster %q: make a client: %w", c.name, err)
		}
		b.backends = append(b.backends, backend{c.name, client, o.namespace, o.service})
	}
	b.look(ctx)
	b.running.Go(func() { b.checkEvery(ctx, o.check) })
	return b, nil
}

// look chooses the first healthy backend.
func (b *balancer) look(ctx context.Context) {
	b.chosen.Store(int64(slices.IndexFunc(b.backends, func(one backend) bool { return one.ready(ctx) })))
}

func (b *balancer) checkEvery(ctx context.Context, period time.Duration) {
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			b.look(ctx)
		}
	}
}

// wait returns when nothing is looked at any more.
func (b *balancer) wait() { b.running.Wait() }

// answer is what a user of the service gets.
func (b *balancer) answer(w http.ResponseWriter, r *http.Request) {
	chosen := b.chosen.Load()
	switch {
	case chosen < 0:
		say(w, http.StatusServiceUnavailable, map[string]any{"error": "no cluster is healthy"})
	case !b.backends[chosen].ready(r.Context()):
		say(w, http.StatusBadGateway, map[string]any{"error": "cluster " + b.backends[chosen].name + " does not answer"})
	default:
		say(w, http.StatusOK, map[string]any{"cluster": b.backends[chosen].name, "simulated": "the gateway answers in the place of the pods"})
	}
}

func say(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that went away hears nothing
}
