package kube

import (
	"context"
	"fmt"
)

// Study is what was learned of a cluster for checks before the run.
type Study struct {
	Cluster     string // the context or file that names it
	Kinds       int    // kinds that it serves
	Definitions int    // of custom kinds, whose fields are known now
	Unread      []string
}

// Study reads which kinds the default cluster has and the definitions of its custom ones, so that files that are checked
// from now on are compared with them. Call it before the first file is checked. What could not be read is no error:
// Unread says so.
func (e *Env) Study(ctx context.Context) (Study, error) {
	cluster, err := e.Cluster(ctx, "")
	if err != nil {
		return Study{}, err
	}
	cluster.mapper.Forget() // what was kept from earlier runs may be old
	mappings, err := cluster.Mappings(ctx)
	if err != nil {
		return Study{}, err
	}
	found := Study{Cluster: cluster.Connection.String(), Kinds: len(mappings)}
	e.kinds.Served = func(apiVersion, name string) error {
		_, err := cluster.mapper.Known(apiVersion, name)
		return err
	}
	mapping, err := cluster.Find(ctx, "apiextensions.k8s.io/v1", "customresourcedefinitions")
	if err == nil {
		objects, listErr := cluster.list(ctx, Query{Mapping: mapping})
		err = listErr
		for _, object := range objects {
			e.kinds.Live = append(e.kinds.Live, object.Object)
			cluster.mapper.Learn(object) // a new kind is listed only a moment later
		}
		found.Definitions = len(objects)
	}
	if ctx.Err() != nil {
		return Study{}, context.Cause(ctx)
	}
	if err != nil {
		found.Unread = append(found.Unread, fmt.Sprintf("custom resource definitions: %s; fields of custom kinds are not checked", err))
	}
	return found, nil
}
