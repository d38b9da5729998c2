package cani

import (
	"fmt"
	"slices"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"

	"github.com/scenario-runner/scenario-runner/engine/diag"
)

// Permission is verbs on resources, or on paths of the server.
type Permission struct {
	Verbs     []string `yaml:"verbs" required:"true" single:"true" doc:"Verbs as in a role: get, list, watch, create, update, patch, delete, or * for all." example:"[get, list]"`
	Resources []string `yaml:"resources" required:"true" single:"true" doc:"Resources such as pods, deployments.apps and pods/exec, or paths such as /healthz; * for all." example:"[pods]"`
	Name      string   `yaml:"name" doc:"Name of the one object that is meant."`
}

// UnmarshalText reads verbs and resources: get,list pods,services.
func (r *Permission) UnmarshalText(text []byte) error {
	words := strings.Fields(string(text))
	if len(words) != 2 {
		return fmt.Errorf("%q is not a permission: write verbs and resources, as in get,list pods", text)
	}
	r.Verbs, r.Resources = strings.Split(words[0], ","), strings.Split(words[1], ",")
	if slices.Contains(r.Verbs, "") || slices.Contains(r.Resources, "") {
		return fmt.Errorf("%q is not a permission: there is nothing beside one of its commas", text)
	}
	return nil
}

// each lists the single permissions as text.
func (r Permission) each() []string {
	var out []string
	for _, resource := range r.Resources {
		for _, verb := range r.Verbs {
			text := verb + " " + resource
			if r.Name != "" {
				text += " " + r.Name
			}
			out = append(out, text)
		}
	}
	return out
}

// subject is somebody who is asked about.
type subject struct {
	text   string // as the author wrote it
	me     bool
	user   string
	groups []string
	// namespace and account are those of a service account.
	namespace, account string
}

const subjectForms = "write serviceaccount/NAME, serviceaccount/NAMESPACE/NAME, user/NAME, group/NAME, or me"

// parseSubject reads the text form. namespace is that of service accounts that name none.
func parseSubject(text, namespace string) (subject, error) {
	s := subject{text: text}
	if text == "me" {
		s.me = true
		return s, nil
	}
	kind, name, ok := strings.Cut(text, "/")
	if !ok || name == "" {
		return s, fmt.Errorf("%q does not say who: %s", text, subjectForms)
	}
	switch kind {
	case "user":
		s.user, s.groups = name, []string{"system:authenticated"}
	case "group":
		s.groups = []string{name}
		if name != "system:unauthenticated" && name != "system:authenticated" {
			s.groups = append(s.groups, "system:authenticated")
		}
	case "serviceaccount", "sa":
		s.namespace, s.account = namespace, name
		if other, account, found := strings.Cut(name, "/"); found {
			s.namespace, s.account = other, account
		}
		s.user = "system:serviceaccount:" + s.namespace + ":" + s.account
		s.groups = []string{"system:serviceaccounts", "system:serviceaccounts:" + s.namespace, "system:authenticated"}
	default:
		return s, fmt.Errorf("%q is no kind of people%s; %s", kind, diag.DidYouMean(kind, []string{"serviceaccount", "user", "group"}), subjectForms)
	}
	return s, nil
}

// question is one cell before it is asked.
type question struct {
	who      subject
	resource *authorizationv1.ResourceAttributes
	path     *authorizationv1.NonResourceAttributes
	cell     Cell
}
