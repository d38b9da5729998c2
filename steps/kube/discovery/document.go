package discovery

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/scenario-runner/scenario-runner/steps/kube/client"
)

// aggregated asks for all groups in one document; every server since Kubernetes 1.27 has it.
const aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

// document is the part of an APIGroupDiscoveryList that we need.
type document struct {
	Kind  string `json:"kind"`
	Items []struct {
		Metadata struct {
			Name string `json:"name"`
		} `json:"metadata"`
		Versions []struct {
			Version   string     `json:"version"`
			Resources []resource `json:"resources"`
		} `json:"versions"`
	} `json:"items"`
}

type resource struct {
	Resource         string   `json:"resource"`
	Scope            string   `json:"scope"`
	SingularResource string   `json:"singularResource"`
	Verbs            []string `json:"verbs"`
	ShortNames       []string `json:"shortNames"`
	ResponseKind     struct {
		Kind string `json:"kind"`
	} `json:"responseKind"`
	Subresources []struct {
		Subresource string `json:"subresource"`
	} `json:"subresources"`
}

// fetch reads everything the server has, in its order of preference: the core group first.
func fetch(ctx context.Context, api *client.Client) ([]Mapping, error) {
	var all []Mapping
	for _, path := range []string{"/api", "/apis"} {
		response, err := api.Do(ctx, client.Request{Method: http.MethodGet, Path: path, Accept: aggregated})
		if err != nil {
			return nil, fmt.Errorf("list the kinds that the server has: %w", err)
		}
		var found document
		if err := json.Unmarshal(response.Body, &found); err != nil {
			return nil, fmt.Errorf("list the kinds that the server has: %w", err)
		}
		if found.Kind != "APIGroupDiscoveryList" {
			return nil, fmt.Errorf("list the kinds that the server has: %s answered with a %q instead of an APIGroupDiscoveryList; Kubernetes 1.27 or newer is needed", path, found.Kind)
		}
		all = append(all, found.mappings()...)
	}
	return all, nil
}

func (d document) mappings() []Mapping {
	var out []Mapping
	for _, group := range d.Items {
		for _, version := range group.Versions {
			for _, r := range version.Resources {
				if r.ResponseKind.Kind != "" && len(r.Verbs) > 0 {
					out = append(out, r.mapping(group.Metadata.Name, version.Version))
				}
			}
		}
	}
	return out
}

func (r resource) mapping(group, version string) Mapping {
	m := Mapping{
		Group: group, Version: version, Kind: r.ResponseKind.Kind, Resource: r.Resource, Singular: strings.ToLower(r.SingularResource),
		ShortNames: r.ShortNames, Namespaced: r.Scope == "Namespaced", Verbs: r.Verbs,
	}
	for _, sub := range r.Subresources {
		m.Subresources = append(m.Subresources, sub.Subresource)
	}
	return m
}
