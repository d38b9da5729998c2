package kube

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube/client"
	"github.com/scenario-runner/scenario-runner/steps/kube/discovery"
	"github.com/scenario-runner/scenario-runner/steps/kube/watch"
)

// Mapping ties a kind to the resource under which the server serves it.
type Mapping = discovery.Mapping

// Query says which objects a wait is about.
type Query = watch.Query

// Snapshot is a state of what a wait is about.
type Snapshot = watch.Snapshot

// ErrEnough and ErrBlind are about the end of waits for every event: a cause that wraps the former claims that all was
// seen, and the latter is the answer when the watch was interrupted.
var (
	ErrEnough = watch.ErrEnough
	ErrBlind  = watch.ErrBlind
)

// Cluster is a connection to one API server, shared by all scenarios of a run.
type Cluster struct {
	Name       string // as in `cluster:`; "" is the default
	Connection Connection

	env    *Env
	config *rest.Config
	api    *client.Client
	mapper *discovery.Mapper
	hub    *watch.Hub
}

func newCluster(e *Env, name string, connection Connection) (*Cluster, error) {
	config, err := connection.config(e.options.UserAgent)
	if err != nil {
		return nil, err
	}
	api, err := client.New(config, e.options.Retry)
	if err != nil {
		return nil, err
	}
	identity := api.Server() + "\x00" + string(config.CAData) + config.CAFile
	return &Cluster{
		Name: name, Connection: connection, env: e, config: config, api: api,
		mapper: discovery.New(api, e.options.CacheDir, identity), hub: watch.NewHub(api, e.options.Watch),
	}, nil
}

// Server returns the address of the API server.
func (c *Cluster) Server() string { return c.api.Server() }

// Config returns a copy of the connection settings, for what this package does not do: exec, logs, port-forward.
func (c *Cluster) Config() *rest.Config { return rest.CopyConfig(c.config) }

// Do sends one request with the retries of this package, for API calls that Target has no method for.
func (c *Cluster) Do(ctx context.Context, request client.Request) (*client.Response, error) {
	response, err := c.api.Do(ctx, request)
	return response, c.explain(err)
}

// Find returns the mapping that a type name means (deployment, deploy, deployments.apps); apiVersion may be "".
func (c *Cluster) Find(ctx context.Context, apiVersion, name string) (Mapping, error) {
	mapping, err := c.mapper.Find(ctx, apiVersion, name)
	return mapping, c.explain(err)
}

// Mappings returns every kind that the server has.
func (c *Cluster) Mappings(ctx context.Context) ([]Mapping, error) {
	mappings, err := c.mapper.All(ctx)
	return mappings, c.explain(err)
}

// explain says of a server that can't be reached where its address came from and what to do.
func (c *Cluster) explain(err error) error {
	var unreachable *client.Unreachable
	if errors.As(err, &unreachable) {
		return fmt.Errorf("%s does not answer: %w; %s", c.called(), unreachable, orSandbox)
	}
	if silent, ok := errors.AsType[*client.Silent](err); ok {
		return &step.Failure{Verdict: step.Errored, Message: c.called() + " does not answer any more", Cause: silent}
	}
	if _, stranger := errors.AsType[x509.UnknownAuthorityError](err); stranger {
		return fmt.Errorf("the certificate of %s is signed by an authority that %s does not trust; name it there as certificate-authority: %w", c.Server(), c.Connection, err)
	}
	if apierrors.IsUnauthorized(err) {
		return fmt.Errorf("%s refuses the credentials of %s: %w", c.Server(), c.Connection, err)
	}
	return err
}

// called names the cluster and where its address came from.
func (c *Cluster) called() string {
	if c.Name == "" {
		return "the cluster of " + c.Connection.String()
	}
	return fmt.Sprintf("cluster %q of %s", c.Name, c.Connection)
}

// Watch calls f with the present state of what query is about and after each change; see watch.Hub.
func (c *Cluster) Watch(ctx context.Context, query Query, f func(Snapshot) (done bool, err error)) error {
	return c.explain(c.hub.Watch(ctx, query, f))
}

// ServerVersion returns the version of the server, as in "v1.37.2".
func (c *Cluster) ServerVersion(ctx context.Context) (string, error) {
	response, err := c.Do(ctx, client.Request{Method: http.MethodGet, Path: "/version"})
	if err != nil {
		return "", err
	}
	version, err := decode(response.Body)
	if err != nil {
		return "", fmt.Errorf("read the server's version: %w", err)
	}
	text, _ := version.Object["gitVersion"].(string)
	return cmp.Or(text, "unknown"), nil
}

// Transient reports whether an error is expected to go away by itself; all requests of this package already try such
// errors again.
func Transient(err error) bool { return client.Transient(err) }
