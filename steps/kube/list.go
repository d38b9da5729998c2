package kube

import (
	"context"
	"net/http"
	"net/url"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/steps/kube/client"
	"github.com/scenario-runner/scenario-runner/steps/kube/watch"
)

// List returns the objects that query is about. Unlike Target.List it needs no place to work in, so that no namespace is
// made for it.
func (c *Cluster) List(ctx context.Context, query Query) ([]*unstructured.Unstructured, error) {
	return c.list(ctx, query)
}

// list reads all that query is about, page by page. Labels are matched by the server, fields by us because servers know
// only a few paths.
func (c *Cluster) list(ctx context.Context, query Query) ([]*unstructured.Unstructured, error) {
	parameters := url.Values{"limit": {"500"}}
	if query.Labels != nil {
		parameters.Set("labelSelector", query.Labels.String())
	}
	if query.Name != "" {
		parameters.Set("fieldSelector", "metadata.name="+query.Name)
	}
	var out []*unstructured.Unstructured
	var page watch.List
	check := func(response *client.Response) (err error) {
		page, err = watch.ParseList(query.Mapping, response.Body)
		if err != nil || parameters.Has("continue") {
			return err
		}
		if err := c.hub.FreshList(query.Mapping, query.Namespace, page); err != nil {
			return client.Again(err)
		}
		return nil
	}
	for {
		_, err := c.Do(ctx, client.Request{
			Method: http.MethodGet, Path: query.Mapping.Path(query.Namespace, ""), Query: parameters, Check: check,
		})
		if err != nil {
			return nil, err
		}
		for _, object := range page.Items {
			if query.Matches(object) {
				out = append(out, object)
			}
		}
		if page.Continue == "" {
			return out, nil
		}
		parameters.Set("continue", page.Continue)
	}
}
