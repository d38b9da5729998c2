package kube

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube/kinds"
)

// Mention is a place of a config that names objects.
type Mention struct {
	Path string
	Ref  Ref
	// Acts says that the step can't work without the objects. One that only looks may wait for what the system under test
	// makes, so it is doubted only where a name looks misspelt.
	Acts bool
	// Container names a container of the objects, "" for none. ContainerPath is where that is written.
	Container, ContainerPath string
}

// Expect advises, when the whole file is known, on objects that nobody deploys although everything that is deployed is
// known, and on selectors and containers that do not fit.
func Expect(p *step.Problems, m Mention) {
	p.Later(func(p *step.Problems, whole step.Whole) {
		if m.absent(p, whole) {
			return
		}
		scene := SceneOf(p.Place())
		if scene.known == nil || !scene.Certain(whole) || p.Place().Common.Elsewhere() || m.dynamic(p) {
			return
		}
		kind, ok := scene.known.Find(m.Ref.APIVersion, m.Ref.Kind)
		if !ok {
			return
		}
		if m.Ref.Name != "" {
			m.named(p, scene, kind)
			return
		}
		m.selected(p, scene, kind)
	})
}

// absent reports a kind that the cluster which was asked does not have, unless something that runs before may install it.
func (m Mention) absent(p *step.Problems, whole step.Whole) bool {
	definitions := known(p.Place())
	if definitions == nil || m.Ref.Kind == "" || mayMake(whole) || literalCluster(p.Place()) {
		return false
	}
	err := definitions.Absent(m.Ref.APIVersion, m.Ref.Kind)
	if err != nil {
		p.Mistake(m.Path, "missing-kind", "%s", err)
	}
	return err != nil
}

// literalCluster reports whether a use names a cluster: it is another one than that which was asked.
func literalCluster(in *step.Place) bool { return !in.Common.Cluster.Empty() }

// dynamic reports whether the mention is not known before the run or leads elsewhere.
func (m Mention) dynamic(p *step.Problems) bool {
	r := m.Ref
	if r.Kind == "" || p.Given(m.Path+".namespace") || r.Namespace != "" || r.FieldSelector != "" {
		return true
	}
	blank := r.Name == "" && p.Given(m.Path+".name") || r.Selector == "" && p.Given(m.Path+".selector")
	for _, value := range r.Labels {
		blank = blank || value == ""
	}
	return blank
}

// onlyWritten are kinds whose objects come from manifests alone. Of others a controller may make more.
func onlyWritten() []string {
	return []string{
		"Deployment", "StatefulSet", "DaemonSet", "CronJob", "Service", "Ingress", "HorizontalPodAutoscaler", "PodDisruptionBudget",
		"NetworkPolicy", "Role", "RoleBinding", "ResourceQuota", "LimitRange",
	}
}

func (m Mention) named(p *step.Problems, scene *Scene, kind *kinds.Kind) {
	there := scene.of(kind)
	names := make([]string, len(there))
	for i, o := range there {
		names[i] = o.GetName()
		if names[i] == "" && strings.HasPrefix(m.Ref.Name, o.GetGenerateName()) {
			return
		}
	}
	if i := slices.Index(names, m.Ref.Name); i >= 0 {
		m.contains(p, there[i])
		return
	}
	near := diag.Suggest(m.Ref.Name, names)
	if len(there) == 0 || !slices.Contains(onlyWritten(), kind.Name) || near == "" && !m.Acts {
		return
	}
	word := strings.ToLower(kind.Name)
	d := p.Warn(m.Path, "not-deployed", "no step deploys %s/%s%s", word, m.Ref.Name, diag.DidYouMean(m.Ref.Name, names))
	if i := slices.Index(names, near); i >= 0 {
		d.Note(there[i].At, "%s/%s stands here", word, near)
	}
}

// contains advises on a container that an object does not have.
func (m Mention) contains(p *step.Problems, o Planned) {
	names := containers(o)
	if m.Container == "" || len(names) == 0 || slices.Contains(names, m.Container) {
		return
	}
	p.Warn(m.ContainerPath, "unknown-container", "%s/%s has no container %q%s", strings.ToLower(o.GetKind()), o.GetName(), m.Container, diag.DidYouMean(m.Container, names)).
		Note(o.At, "%s/%s stands here", strings.ToLower(o.GetKind()), o.GetName())
}

func (m Mention) selected(p *step.Problems, scene *Scene, kind *kinds.Kind) {
	selector, _, err := m.Ref.selectors()
	if err != nil || selector == nil {
		return
	}
	what := "no pod template of the scenario has"
	sets := scene.Templates()
	if kind.Name != "Pod" || kind.Group != "" {
		if !slices.Contains(onlyWritten(), kind.Name) {
			return
		}
		what, sets = "no "+kind.Name+" of the scenario has", nil
		for _, o := range scene.of(kind) {
			sets = append(sets, o.GetLabels())
		}
	}
	if key, cure, missed := Misses(selector, sets); missed && (m.Acts || cure != "") {
		at := m.Path + ".selector"
		if _, ok := m.Ref.Labels[key]; ok {
			at = m.Path + ".labels." + key
		}
		p.Warn(at, "selector-matches-nothing", "%s the labels %s%s", what, selector, cure)
	}
}

// Misses reports whether a selector matches none of some sets of labels although it asks only for labels that some of
// them have: the label that is likely wrong, and what may be meant. Labels that none of them has are those that somebody
// adds later.
func Misses(selector labels.Selector, sets []labels.Set) (key, cure string, missed bool) {
	requirements, _ := selector.Requirements()
	if len(sets) == 0 || len(requirements) == 0 || slices.ContainsFunc(sets, func(set labels.Set) bool { return selector.Matches(set) }) {
		return "", "", false
	}
	var keys []string
	for _, set := range sets {
		for key := range set {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	keys = slices.Compact(keys)
	for _, r := range requirements {
		if !slices.Contains(keys, r.Key()) {
			if near := diag.Suggest(r.Key(), keys); near != "" {
				return r.Key(), diag.DidYouMean(r.Key(), keys), true
			}
			return "", "", false
		}
		if cure == "" {
			key, cure = r.Key(), nearValue(r, sets)
		}
	}
	return key, cure, true
}

// nearValue proposes a value that some set has for one that none has.
func nearValue(r labels.Requirement, sets []labels.Set) string {
	var have []string
	for _, set := range sets {
		if value, ok := set[r.Key()]; ok && !slices.Contains(have, value) {
			have = append(have, value)
		}
	}
	for _, value := range r.ValuesUnsorted() {
		if near := diag.Suggest(value, have); near != "" && !slices.Contains(have, value) {
			return diag.DidYouMean(value, have)
		}
	}
	return ""
}
