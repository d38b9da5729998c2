package http

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/client"
)

// ServiceAccount says whose token is sent.
type ServiceAccount struct {
	Name      string        `yaml:"name" required:"true" shorthand:"true" doc:"Name of the service account." example:"dashboard"`
	Namespace string        `yaml:"namespace" doc:"Its namespace; the step's if not given."`
	Audiences []string      `yaml:"audiences" single:"true" doc:"Whom the token is for. Without it, the API server." example:"https://shop.example.test"`
	Lifetime  time.Duration `yaml:"lifetime" doc:"How long the token is good; 10m if not given, which is also the shortest that clusters make." example:"1h"`
}

// shortestLife is the shortest life of a token that an API server makes.
const shortestLife = 10 * time.Minute

func (a *ServiceAccount) check(p *step.Problems) {
	if a == nil {
		return
	}
	if a.Lifetime != 0 && a.Lifetime < shortestLife {
		p.At("serviceAccount.lifetime", "a cluster makes no token that is good for less than %s; found %s", shortestLife, a.Lifetime)
	}
	if node := p.Node("headers"); node != nil {
		for i := 0; i < len(node.Content); i += 2 {
			if strings.EqualFold(node.Content[i].Value, "Authorization") {
				p.Mistake("serviceAccount", "exclusive-fields", "only one of serviceAccount, headers.%s can be given", node.Content[i].Value)
			}
		}
	}
}

// token has the cluster make a token. It is masked before anybody else sees it.
func (a *ServiceAccount) token(ctx context.Context, run *step.Run, env *kube.Env) (string, error) {
	target, err := env.Target(ctx, run)
	if err != nil {
		return "", err
	}
	if a.Namespace != "" {
		target = target.In(a.Namespace)
	}
	life := a.Lifetime
	if life == 0 {
		life = shortestLife
	}
	spec := map[string]any{"expirationSeconds": int64(life / time.Second)}
	if len(a.Audiences) > 0 {
		spec["audiences"] = a.Audiences
	}
	body, err := json.Marshal(map[string]any{"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec})
	if err != nil {
		return "", err
	}
	response, err := target.Cluster.Do(ctx, client.Request{
		Method: http.MethodPost, ContentType: "application/json", Body: body,
		Path: fmt.Sprintf("/api/v1/namespaces/%s/serviceaccounts/%s/token", target.Namespace, a.Name),
	})
	if err != nil {
		return "", fmt.Errorf("make a token of service account %s in namespace %s: %w", a.Name, target.Namespace, err)
	}
	var made struct {
		Status struct {
			Token string `json:"token"`
		} `json:"status"`
	}
	if err := json.Unmarshal(response.Body, &made); err != nil || made.Status.Token == "" {
		return "", fmt.Errorf("the cluster made no token of service account %s", a.Name)
	}
	run.Host.Mask(made.Status.Token)
	return made.Status.Token, nil
}
