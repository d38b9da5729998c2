package kube

import (
	"cmp"
	"context"
	"maps"
	"os"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/types"

	"github.com/scenario-runner/scenario-runner/steps/kube/client"
	"github.com/scenario-runner/scenario-runner/steps/kube/kinds"
	"github.com/scenario-runner/scenario-runner/steps/kube/watch"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

// FieldManager is how we present ourselves as the owner of fields unless Options say otherwise.
const FieldManager = "scenario-runner"

// Options say which clusters there are and how we present ourselves to them.
type Options struct {
	Kubeconfig string                // --kubeconfig; "" means KUBECONFIG, the usual file, or the pod's service account
	Context    string                // --context; "" means the current one
	Clusters   map[string]Connection // clusters by the name that `cluster:` uses; "" is the default cluster
	CacheDir   string                // where discovery is kept between runs; "" means nowhere
	// FieldManager owns the fields that we apply; "" means scenario-runner.
	FieldManager string
	UserAgent    string // "" means scenario-runner/Version
	Version      string
	// Getenv reads the environment; nil means os.Getenv.
	Getenv func(string) string
	// CRDs are files and folders with custom resource definitions that every scenario may rely on.
	CRDs []string
	// Settings is what the configuration of the project tells steps, its policy included.
	Settings settings.Settings
	Retry    client.Policy
	Watch    watch.Options
}

// Env is the clusters of a run. It is safe for concurrent use.
type Env struct {
	options Options
	kinds   kinds.Catalogue // what is known without a cluster
	boxes   []Connection    // of clusters in the box that this program has started

	mu         sync.Mutex
	clusters   map[Connection]*Cluster
	named      map[string]*Cluster // those of clusters that were asked for by name
	namespaces map[home]*namespace
	made       map[made]types.UID
	deeds      map[deed]bool // by whether they are meant to stay
	shared     map[any]any
}

// NewEnv returns an Env. It does not touch the network: it is also made to print documentation.
func NewEnv(options Options) *Env {
	options.FieldManager = cmp.Or(options.FieldManager, FieldManager)
	options.UserAgent = cmp.Or(options.UserAgent, "scenario-runner/"+cmp.Or(options.Version, "unknown"))
	if options.Getenv == nil {
		options.Getenv = os.Getenv
	}
	e := &Env{options: options, clusters: map[Connection]*Cluster{}, named: map[string]*Cluster{}, namespaces: map[home]*namespace{}, made: map[made]types.UID{}, shared: map[any]any{}}
	e.kinds.Shared = options.CRDs
	return e
}

// Settings returns what the configuration of the project tells steps. It is the same for every step and never changed.
func (e *Env) Settings() *settings.Settings { return &e.options.Settings }

// Cluster returns the connection to the named cluster, "" for the default one, without using it.
func (e *Env) Cluster(_ context.Context, name string) (*Cluster, error) {
	if _, other := e.options.Clusters[name]; name == defaultName && !other {
		name = ""
	}
	e.mu.Lock()
	cluster := e.named[name]
	e.mu.Unlock()
	if cluster != nil {
		return cluster, nil // every step asks, and a kubeconfig need not be read again
	}
	connection, err := e.connection(name)
	if err != nil {
		return nil, err
	}
	if cluster, err = e.open(name, connection); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.named[name] = cluster
	return cluster, nil
}

// open returns the one Cluster of a connection.
func (e *Env) open(name string, connection Connection) (*Cluster, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if cluster := e.clusters[connection]; cluster != nil {
		return cluster, nil
	}
	cluster, err := newCluster(e, name, connection)
	if err != nil {
		return nil, err
	}
	e.clusters[connection] = cluster
	return cluster, nil
}

// all returns the clusters that were used, in a stable order.
func (e *Env) all() []*Cluster {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.SortedFunc(maps.Values(e.clusters), func(a, b *Cluster) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Server(), b.Server()))
	})
}

// Stats counts what was asked of one cluster.
type Stats struct {
	Cluster  string
	Requests int64 // all that were sent, watches included
	Retries  int64
	Watch    watch.Stats
}

// Stats returns the counts so far of every cluster that was used.
func (e *Env) Stats() []Stats {
	var out []Stats
	for _, cluster := range e.all() {
		requests, retries := cluster.api.Counts()
		out = append(out, Stats{Cluster: cluster.Name, Requests: requests, Retries: retries, Watch: cluster.hub.Stats()})
	}
	return out
}

// Close ends all watches and connections and waits for their goroutines. Waits that still go on end with an error.
func (e *Env) Close() {
	for _, cluster := range e.all() {
		cluster.hub.Close()
		cluster.api.Close()
	}
}
