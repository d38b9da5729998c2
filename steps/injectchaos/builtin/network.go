package builtin

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/rand"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/driver"
	"github.com/scenario-runner/scenario-runner/steps/kube/client"
)

// isolatedLabel marks the pods that a policy of ours is about. Pods that are made meanwhile don't have it.
const isolatedLabel = "scenario-runner.dev/isolated"

// isolation cuts pods off by a NetworkPolicy, as far as the network of the cluster enforces such policies: whether it
// does is measured from inside the pods.
type isolation struct {
	lasting   // of the label
	reach     reach
	container []string // one for each pod
	policies  []*unstructured.Unstructured
	entries   []step.Entry
	check     check
}

// check is a script that tries in a container what the fault takes away. It ends with 0 when that works, with 97 when the
// container has no program to try it with.
type check struct{ script, what, tools string }

const noTool = 97

// connecting tries whether a pod gets anywhere. Not every nc knows -z: the one of Debian's BusyBox does not.
func connecting() check {
	return check{
		script: `h="$KUBERNETES_SERVICE_HOST"; p="$KUBERNETES_SERVICE_PORT"
if command -v nc >/dev/null 2>&1; then nc -z -w 2 "$h" "$p" 2>/dev/null || nc -w 2 "$h" "$p" </dev/null >/dev/null 2>&1; exit $?; fi
if command -v curl >/dev/null 2>&1; then curl -ksS -m 2 -o /dev/null "https://$h:$p/"; exit $?; fi
if command -v timeout >/dev/null 2>&1 && command -v bash >/dev/null 2>&1; then timeout 2 bash -c "</dev/tcp/$h/$p"; exit $?; fi
exit 97`,
		what: "a connection to the API server", tools: "nc, curl or bash",
	}
}

// resolving tries whether a pod gets names looked up. The nslookup of BusyBox completes no name that has a dot, so it is
// given the whole one.
func resolving() check {
	return check{
		script: `if command -v getent >/dev/null 2>&1; then timeout 5 getent hosts kubernetes.default.svc >/dev/null; exit $?; fi
n=kubernetes.default.svc
while read -r k v; do [ "$k" = search ] && for s in $v; do case $s in svc.*) n=kubernetes.default.$s;; esac; done; done </etc/resolv.conf
if command -v nslookup >/dev/null 2>&1; then timeout 5 nslookup "$n" >/dev/null 2>&1; exit $?; fi
exit 97`,
		what: "a look-up of kubernetes.default.svc", tools: "getent or nslookup",
	}
}

// planIsolation hits running pods of the namespaces that are meant.
func (b builtin) planIsolation(ctx context.Context, request driver.Request) (driver.Fault, error) {
	pods, number, err := chosenPods(ctx, request)
	if err != nil {
		return nil, err
	}
	spec, try, err := policyOf(request)
	if err != nil {
		return nil, err
	}
	if request.Parameters.Text("destinations") != "" {
		return nil, &driver.Unable{Reason: "the builtin driver cuts pods off from everything; leave destinations out, or use driver: litmus"}
	}
	mark := rand.String(8)
	fault := &isolation{lasting: lasting{request: request, candidates: number}, reach: b.reach, check: try}
	spec["podSelector"] = map[string]any{"matchLabels": map[string]any{isolatedLabel: mark}}
	seen := map[string]bool{}
	for _, pod := range pods {
		container, err := podContainer(pod, "")
		if err != nil {
			return nil, err
		}
		fault.container = append(fault.container, container)
		fault.hits = append(fault.hits, &hit{object: pod, edits: func(content map[string]any) ([]edit, error) {
			return []edit{prepare(content, mark, "metadata", "labels", isolatedLabel)}, nil
		}})
		if !seen[pod.GetNamespace()] {
			seen[pod.GetNamespace()] = true
			fault.policies = append(fault.policies, seed(request, "networking.k8s.io/v1", "NetworkPolicy", pod.GetNamespace(), spec))
		}
	}
	return fault, nil
}

// policyOf returns the policy without its pods, and how its effect is measured.
func policyOf(request driver.Request) (map[string]any, check, error) {
	if request.Experiment.Name == "dns-failure" {
		return map[string]any{"policyTypes": []any{"Egress"}, "egress": []any{map[string]any{"ports": allButNames()}}}, resolving(), nil
	}
	switch direction := request.Parameters.Text("direction"); direction {
	case "both":
		return map[string]any{"policyTypes": []any{"Ingress", "Egress"}}, connecting(), nil
	case "egress":
		return map[string]any{"policyTypes": []any{"Egress"}}, connecting(), nil
	default:
		return nil, check{}, &driver.Unable{Reason: fmt.Sprintf("the builtin driver can prove a partition by direction both or egress, found %q; for ingress alone use driver: litmus", direction)}
	}
}

// allButNames are all ports except the one of name servers: a policy says what is allowed.
func allButNames() []any {
	var ports []any
	for _, protocol := range []string{"TCP", "UDP", "SCTP"} {
		ports = append(ports,
			map[string]any{"protocol": protocol, "port": int64(1), "endPort": int64(52)},
			map[string]any{"protocol": protocol, "port": int64(54), "endPort": int64(65535)},
		)
	}
	return ports
}

// Inject makes sure that the effect can be measured and is not there already, and then makes the policies.
func (i *isolation) Inject(ctx context.Context) error {
	if err := i.measurable(ctx); err != nil {
		return err
	}
	for _, policy := range i.policies {
		entry, err := put(ctx, i.request, policy)
		if entry != nil {
			i.entries = append(i.entries, entry)
		}
		if err != nil {
			return err
		}
	}
	return i.lasting.Inject(ctx)
}

func (i *isolation) measurable(ctx context.Context) error {
	for n, h := range i.hits {
		simulated, err := i.reach.simulated(ctx, i.request.Place, h.object)
		if err != nil {
			return err
		}
		if simulated {
			return step.Inconclude("%s proves nothing here: %s runs on a simulated node, which carries no packets, so a NetworkPolicy has no effect; nothing was done", i.request.Experiment.Name, describe(h.object))
		}
		works, last, err := i.try(ctx, n)
		if err != nil {
			return err
		}
		if !works {
			return step.Inconclude("%s can't be proved: %s before anything was done", i.request.Experiment.Name, last)
		}
	}
	return nil
}

// try reports whether what the fault takes away works in a pod now.
func (i *isolation) try(ctx context.Context, n int) (works bool, last string, err error) {
	pod, container := i.hits[n].object, i.container[n]
	code, _, err := i.reach.shell(ctx, i.request.Place, pod, container, i.check.script)
	switch {
	case err != nil:
		return false, "", err
	case code == 0:
		return true, i.check.what + " still works in " + describe(pod).String(), nil
	case code == noTool || code == 126 || code == 127:
		return false, fmt.Sprintf("container %q of %s has neither a shell nor one of %s to measure it with", container, describe(pod), i.check.tools), nil
	}
	return false, fmt.Sprintf("%s fails in %s", i.check.what, describe(pod)), nil
}

// Proof waits until what the fault takes away no longer works in any of the pods. A network that enforces no policies
// never shows that.
func (i *isolation) Proof(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, i.reach.enforcement)
	defer cancel()
	err := i.each(limited, false)
	if unseen, ok := errors.AsType[*driver.Unseen](err); ok && ctx.Err() == nil {
		return step.Inconclude("the network of this cluster does not enforce NetworkPolicies: %s %s after the policy was made", unseen.Last, i.reach.enforcement)
	}
	return err
}

// Gone waits until it works in all of the pods again.
func (i *isolation) Gone(ctx context.Context) error { return i.each(ctx, true) }

func (i *isolation) each(ctx context.Context, wanted bool) error {
	for n := range i.hits {
		backoff := client.NewBackoff(client.Policy{})
		last := ""
		for {
			works, now, err := i.try(ctx, n)
			if works == wanted && err == nil {
				break
			}
			switch {
			case err != nil && last != "" && ctx.Err() != nil: // the time was over in the middle of a look
			case err != nil:
				last = err.Error()
			default:
				last = now
			}
			i.request.Run.Progress("%s", last)
			if err := client.Wait(ctx, backoff.Failed(nil)); err != nil {
				return &driver.Unseen{Last: last, Cause: err}
			}
		}
	}
	return nil
}

// Remove takes the labels and the policies back.
func (i *isolation) Remove(ctx context.Context) error {
	return errors.Join(i.lasting.Remove(ctx), takeBack(ctx, i.entries))
}
