package rights

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"golang.org/x/sync/errgroup"

	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/client"
)

// nowhere is a namespace in which nobody has rights of its own: what one may do there, one may do everywhere.
const nowhere = "scenario-runner-nowhere"

// atOnce is how many questions are asked at the same time.
const atOnce = 8

// Missing returns the rules that the user of a cluster lacks, each with only the verbs that are missing. One question is asked
// for each namespace; what the answers don't allow is asked for one by one, because not every server tells all.
func (s Set) Missing(ctx context.Context, cluster *kube.Cluster) ([]Rule, error) {
	granted := map[string][]authorizationv1.ResourceRule{}
	for _, r := range s.Rules {
		if _, asked := granted[r.Namespace]; asked {
			continue
		}
		rules, err := own(ctx, cluster, r.Namespace)
		if err != nil {
			return nil, err
		}
		granted[r.Namespace] = rules
	}
	missing := make([]Rule, len(s.Rules))
	group, together := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i, r := range s.Rules {
		missing[i] = r
		missing[i].Verbs = nil
		rest := slices.DeleteFunc(slices.Clone(r.Verbs), func(verb string) bool { return allows(granted[r.Namespace], r, verb) })
		if len(rest) == 0 {
			continue
		}
		group.Go(func() error {
			for _, verb := range rest {
				may, err := may(together, cluster, r, verb)
				if err != nil {
					return err
				}
				if !may {
					missing[i].Verbs = append(missing[i].Verbs, verb)
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(missing, func(r Rule) bool { return len(r.Verbs) == 0 }), nil
}

// own asks what the present user may do in a namespace.
func own(ctx context.Context, cluster *kube.Cluster, namespace string) ([]authorizationv1.ResourceRule, error) {
	if namespace == "" {
		namespace = nowhere
	}
	var answer authorizationv1.SelfSubjectRulesReview
	err := ask(ctx, cluster, "selfsubjectrulesreviews", authorizationv1.SelfSubjectRulesReview{
		TypeMeta: metav1.TypeMeta{APIVersion: "authorization.k8s.io/v1", Kind: "SelfSubjectRulesReview"},
		Spec:     authorizationv1.SelfSubjectRulesReviewSpec{Namespace: namespace},
	}, &answer)
	return answer.Status.ResourceRules, err
}

// allows reports whether one of the granted rules covers a verb of a rule.
func allows(granted []authorizationv1.ResourceRule, r Rule, verb string) bool {
	return slices.ContainsFunc(granted, func(g authorizationv1.ResourceRule) bool {
		return matches(g.Verbs, verb) && matches(g.APIGroups, r.Group) && resourceMatches(g.Resources, r.Resource) &&
			(len(g.ResourceNames) == 0 || r.Name != "" && slices.Contains(g.ResourceNames, r.Name))
	})
}

func matches(words []string, word string) bool {
	return slices.Contains(words, "*") || slices.Contains(words, word)
}

func resourceMatches(resources []string, resource string) bool {
	_, part, sub := strings.Cut(resource, "/")
	return matches(resources, resource) || sub && slices.Contains(resources, "*/"+part)
}

// may asks for one verb of a rule.
func may(ctx context.Context, cluster *kube.Cluster, r Rule, verb string) (bool, error) {
	resource, part, _ := strings.Cut(r.Resource, "/")
	var answer authorizationv1.SelfSubjectAccessReview
	err := ask(ctx, cluster, "selfsubjectaccessreviews", authorizationv1.SelfSubjectAccessReview{
		TypeMeta: metav1.TypeMeta{APIVersion: "authorization.k8s.io/v1", Kind: "SelfSubjectAccessReview"},
		Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authorizationv1.ResourceAttributes{
			Namespace: r.Namespace, Verb: verb, Group: r.Group, Resource: resource, Subresource: part, Name: r.Name,
		}},
	}, &answer)
	return answer.Status.Allowed, err
}

// ask sends a review, which stores nothing.
func ask(ctx context.Context, cluster *kube.Cluster, resource string, review, answer any) error {
	body, err := json.Marshal(review)
	if err != nil {
		return err
	}
	response, err := cluster.Do(ctx, client.Request{
		Method: http.MethodPost, Path: "/apis/authorization.k8s.io/v1/" + resource, ContentType: "application/json", Body: body,
	})
	if err != nil {
		return fmt.Errorf("ask which rights are there: %w", err)
	}
	return json.Unmarshal(response.Body, answer)
}
