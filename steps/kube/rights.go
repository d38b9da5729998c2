package kube

import (
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

// LocksNamespace holds the Leases by which runs keep each other off what they claim.
const LocksNamespace = "scenario-runner-locks"

// Rights collects what a use of a step must be allowed to do on its cluster, in the words of RBAC.
type Rights struct {
	env  *Env
	in   *step.Place
	why  string
	list []step.Right
}

// Rights begins the list of a use that stands in a file.
func (e *Env) Rights(in *step.Place) *Rights { return &Rights{env: e, in: in} }

// List returns what was collected.
func (r *Rights) List() []step.Right { return r.list }

// For says what the rights that follow are for, in a few words.
func (r *Rights) For(why string) *Rights {
	r.why = why
	return r
}

// Add adds verbs on what ref means, or on a part of it.
func (r *Rights) Add(ref Ref, part string, verbs ...string) *Rights {
	return r.add(ref, part, verbs, nil, false)
}

// Beyond adds verbs that are needed only where changes are taken back one by one.
func (r *Rights) Beyond(ref Ref, part string, verbs ...string) *Rights {
	return r.add(ref, part, nil, verbs, false)
}

// Helps adds verbs without which the step works all the same.
func (r *Rights) Helps(ref Ref, part string, verbs ...string) *Rights {
	return r.add(ref, part, verbs, nil, true)
}

// Read adds what one look at ref needs.
func (r *Rights) Read(ref Ref) *Rights {
	if ref.Name == "" && !r.names(ref) {
		return r.Add(ref, "", "list")
	}
	return r.Add(ref, "", "get")
}

// names reports whether a text whose kind alone is known names an object.
func (r *Rights) names(ref Ref) bool { return ref.Kind == "" && strings.Contains(ref.Start, "/") }

// Follow adds what waiting for ref, or for its end, needs.
func (r *Rights) Follow(ref Ref) *Rights { return r.Add(ref, "", "list", "watch") }

// Apply adds what server-side apply of an object and its undo need.
func (r *Rights) Apply(ref Ref, keep bool) *Rights {
	r.Add(ref, "", "create", "patch")
	if !keep {
		r.Beyond(ref, "", "get", "update", "delete").helps(ref, "list", "watch")
	}
	return r
}

// Create adds what making an object and removing it again need.
func (r *Rights) Create(ref Ref) *Rights {
	return r.Add(ref, "", "create").Beyond(ref, "", "get", "delete").helps(ref, "list", "watch")
}

// Patch adds what changing an object, or a subresource of it, and its undo need.
func (r *Rights) Patch(ref Ref, part string, keep bool) *Rights {
	r.Add(ref, part, "patch")
	if part == "scale" {
		r.Add(ref, "", "get")
	}
	if keep {
		return r
	}
	r.Beyond(ref, "", "get")
	if part == "scale" {
		part = "" // the number of replicas is restored with the object
	}
	return r.Beyond(ref, part, "update")
}

// Delete adds what removing objects and making them again need.
func (r *Rights) Delete(ref Ref, keep bool) *Rights {
	r.Add(ref, "", "delete")
	if ref.Name == "" {
		r.Add(ref, "", "list")
	}
	if !keep {
		r.Beyond(ref, "", "get", "create")
	}
	return r
}

// Pods adds what finding the pods needs that ref means, and waiting for them when wait is set.
func (r *Rights) Pods(ref Ref, wait bool) *Rights {
	verbs := []string{"list"}
	if wait {
		verbs = append(verbs, "watch")
	}
	if _, kind := ref.kind(); r.env.IsKind(kind, "Pod") {
		if ref.Name != "" && !wait {
			return r.Add(ref, "", "get")
		}
		return r.Add(Ref{APIVersion: "v1", Kind: "Pod", Namespace: ref.Namespace}, "", verbs...)
	}
	r.Add(ref, "", "get")
	return r.Add(Ref{APIVersion: "v1", Kind: "Pod", Namespace: ref.Namespace}, "", verbs...)
}

// InPods adds verbs on a part of the pods that ref means: exec, log, portforward.
func (r *Rights) InPods(ref Ref, part string, verbs ...string) *Rights {
	pod := Ref{APIVersion: "v1", Kind: "Pod", Namespace: ref.Namespace}
	if _, kind := ref.kind(); r.env.IsKind(kind, "Pod") {
		pod.Name = ref.Name
	}
	return r.Add(pod, part, verbs...)
}

// Ready adds what waiting until a workload is ready needs, and what its failure is explained with.
func (r *Rights) Ready(ref Ref) *Rights {
	r.Follow(ref)
	return r.Explain(ref)
}

// Explain adds what the failure of a wait for ref is explained with.
func (r *Rights) Explain(ref Ref) *Rights {
	_, kind := ref.kind()
	if !r.hasPods(kind) {
		return r
	}
	why := r.why
	r.why = "explain failures"
	at := func(apiVersion, kind string) Ref {
		return Ref{APIVersion: apiVersion, Kind: kind, Namespace: ref.Namespace}
	}
	r.Helps(at("v1", "Pod"), "", "list", "watch").Helps(at("v1", "Pod"), "log", "get").Helps(at("v1", "Event"), "", "list")
	if r.env.IsKind(kind, "Deployment") {
		r.Helps(at("apps/v1", "ReplicaSet"), "", "list", "watch")
	}
	r.why = why
	return r
}

func (r *Rights) hasPods(kind string) bool {
	for _, workload := range []string{"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "Pod"} {
		if r.env.IsKind(kind, workload) {
			return true
		}
	}
	return false
}

// Claim adds what claiming objects in the place of ref across runs needs.
func (r *Rights) Claim(ref Ref) *Rights {
	return r.append(ClaimRight(ref.Namespace, r.clusterWide(ref)))
}

// ClaimRight is what keeping other runs off objects needs: Leases in one namespace. where is the namespace of the objects;
// those in the scenario's own namespace are nobody else's.
func ClaimRight(where string, everywhere bool) step.Right {
	return step.Right{
		Beyond: []string{"create", "delete", "get", "list", "patch", "watch"}, What: "leases.coordination.k8s.io", Where: where, Everywhere: everywhere,
		Kept: LocksNamespace, Why: "hold locks across runs", Helps: true,
	}
}

// Programs adds that the step runs a program with the credentials of the run.
func (r *Rights) Programs(why string) *Rights { return r.append(step.Right{Why: why}) }

func (r *Rights) helps(ref Ref, verbs ...string) *Rights { return r.add(ref, "", nil, verbs, true) }

func (r *Rights) add(ref Ref, part string, verbs, beyond []string, helps bool) *Rights {
	what := r.env.resource(r.in, ref)
	if what != "" && part != "" {
		what += "/" + part
	}
	name, where := ref.Name, ref.Namespace
	if strings.Contains(name, "${{") {
		name = ""
	}
	why := r.why
	if what == "" {
		why += ", whose kind is known only when it runs"
	}
	return r.append(step.Right{Verbs: verbs, Beyond: beyond, What: what, Name: name, Where: where, Everywhere: r.clusterWide(ref), Why: why, Helps: helps})
}

func (r *Rights) append(right step.Right) *Rights {
	r.list = append(r.list, right)
	return r
}

// clusterWide reports whether ref means objects that belong to no namespace.
func (r *Rights) clusterWide(ref Ref) bool {
	apiVersion, kind := ref.kind()
	word, _, _ := strings.Cut(kind, ".")
	if WholeCluster(word) {
		return true
	}
	found, ok := r.env.Definitions(r.in).Find(apiVersion, kind)
	return ok && found.WholeCluster
}

// resource returns the resource of the kind that ref means, as in deployments.apps; "" when the kind is not known yet. Of
// kinds that nobody has defined it is what their authors most likely chose.
func (e *Env) resource(in *step.Place, ref Ref) string {
	apiVersion, kind := ref.kind()
	if kind == "" || strings.Contains(kind, "${{") {
		return ""
	}
	if found, ok := e.Definitions(in).Find(apiVersion, kind); ok {
		return strings.TrimSuffix(found.Plural+"."+found.Group, ".")
	}
	if word, group, qualified := strings.Cut(kind, "."); qualified {
		return strings.ToLower(word) + "." + group
	}
	version, err := schema.ParseGroupVersion(apiVersion)
	if err != nil {
		return ""
	}
	plural, _ := meta.UnsafeGuessKindToResource(version.WithKind(kind))
	return plural.GroupResource().String()
}

// Grant adds rights that the step hands out to others: only who has them may do that.
func (r *Rights) Grant(namespace string, everywhere bool, groups, resources, verbs []string) *Rights {
	for _, group := range groups {
		for _, resource := range resources {
			name, part, _ := strings.Cut(resource, "/")
			what := strings.TrimSuffix(name+"."+group, ".")
			if part != "" {
				what += "/" + part
			}
			r.append(step.Right{Verbs: verbs, What: what, Where: namespace, Everywhere: everywhere, Why: r.why})
		}
	}
	return r
}

// Everywhere adds verbs on objects in whatever namespace.
func (r *Rights) Everywhere(ref Ref, part string, verbs ...string) *Rights {
	r.Add(ref, part, verbs...)
	r.list[len(r.list)-1].Everywhere = true
	return r
}
