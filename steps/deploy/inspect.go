package deploy

import (
	"fmt"
	"maps"
	"strings"

	"gopkg.in/yaml.v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kinds"
	"github.com/scenario-runner/scenario-runner/steps/kube/manifest"
)

// inspection is what a use of the step learns from its manifests before the run.
type inspection struct {
	config  *Config
	p       *step.Problems
	known   *kinds.Definitions
	scene   *kube.Scene
	cache   *manifest.Cache
	objects []written
}

// written is an object as its author wrote it.
type written struct {
	*unstructured.Unstructured
	node    *yaml.Node // nil when it stands in a text
	at      func(n *yaml.Node) diag.Range
	path    string // of the config, where it is named or written
	apart   bool   // it stands in a file of its own
	dynamic bool   // texts with ${{ }} are evaluated
}

func (s steps) inspection(c *Config, p *step.Problems) *inspection {
	return &inspection{config: c, p: p, known: s.env.Definitions(p.Place()), scene: kube.SceneOf(p.Place()), cache: s.cache}
}

// all looks at everything that the use names, and compares it with the rest of the file when that is known.
func (i *inspection) all() {
	c := i.config
	for index, name := range c.Manifests {
		if name == "" {
			c.unknown = true // it holds ${{ }}
			continue
		}
		i.file(fmt.Sprintf("manifests.%d", index), name)
	}
	for index, value := range c.Inline {
		i.inline(fmt.Sprintf("inline.%d", index), value)
	}
	i.duplicates()
	i.plans()
	i.p.Later(func(p *step.Problems, whole step.Whole) {
		later := *i
		later.p = p
		for _, o := range i.objects {
			about := subject{&later, o}
			about.check()
			if later.scene.Certain(whole) {
				about.service()
			}
		}
	})
}

// plans says what there will be; objects that the server has to refuse never are.
func (i *inspection) plans() {
	refused := i.p.Given("refused")
	for _, o := range i.objects {
		i.config.written = append(i.config.written, manifest.Object{Unstructured: o.Unstructured})
		i.config.origins = append(i.config.origins, origin{written: o, at: i.place(o), named: i.p.Range(i.p.Node(strings.TrimSuffix(o.path, ".0")))})
		if !refused {
			i.plan(o)
		}
	}
	if i.config.unknown && !refused {
		i.scene.Open()
	}
}

func (i *inspection) file(path, name string) {
	objects, found, err := i.cache.Inspect(i.p.Dir(), name)
	if err != nil {
		i.p.At(path, "%s", err)
		i.config.unknown = true
		return
	}
	i.p.Inside(path, found)
	if len(found) > 0 {
		i.config.unknown = true
	}
	for _, o := range objects {
		i.objects = append(i.objects, written{o.Unstructured, o.Node, o.Range, path, true, i.config.Template})
	}
}

// inline looks at an object in the scenario itself: any value may still be unknown, and the whole object too.
func (i *inspection) inline(path string, value any) {
	node := i.p.Node(path)
	if node == nil || path == "inline.0" && i.p.Node("inline").Kind != yaml.SequenceNode {
		node = i.p.Node("inline") // written without the list
	}
	if text, ok := value.(string); ok {
		i.text(path, text)
		return
	}
	if node.Kind != yaml.MappingNode {
		i.config.unknown = true
		i.config.texts++
		return
	}
	items, _ := source.Lookup(node, "items")
	for _, key := range []string{"apiVersion", "kind", "metadata"} {
		if field, _ := source.Lookup(node, key); field == nil && items == nil {
			i.p.At(path, "the object has no %s", key)
			return
		}
	}
	if items != nil {
		i.config.unknown = true
		return
	}
	object := &unstructured.Unstructured{Object: static(node)}
	named(object, node)
	i.objects = append(i.objects, written{object, node, i.p.Range, path, false, true})
}

// text looks at objects that are written as YAML text.
func (i *inspection) text(path, text string) {
	objects, errs := manifest.Parse(path, []byte(text))
	if len(errs) > 0 || text == "" {
		i.config.unknown = true
		i.config.texts++
		return
	}
	for _, o := range objects {
		i.objects = append(i.objects, written{o.Unstructured, nil, i.p.Range, path, false, true})
	}
}

// named keeps names that hold ${{ }} as they are written, so that people can tell the objects apart.
func named(object *unstructured.Unstructured, n *yaml.Node) {
	metadata, _ := source.Lookup(n, "metadata")
	for _, key := range []string{"name", "generateName", "namespace"} {
		value, _ := source.Lookup(metadata, key)
		if value = source.Follow(value); value != nil && value.Kind == yaml.ScalarNode && strings.Contains(value.Value, "${{") {
			_ = unstructured.SetNestedField(object.Object, value.Value, "metadata", key) // metadata is a mapping
		}
	}
}

// static returns what is known of a mapping before the run: without the values that hold ${{ }}.
func static(n *yaml.Node) map[string]any {
	out := map[string]any{}
	for _, p := range source.Pairs(n) {
		if value, ok := staticValue(p.Value); ok {
			out[p.Key.Value] = value
		}
	}
	return out
}

func staticValue(n *yaml.Node) (any, bool) {
	n = source.Follow(n)
	switch n.Kind {
	case yaml.MappingNode:
		return static(n), true
	case yaml.SequenceNode:
		items := []any{}
		for _, item := range n.Content {
			if value, ok := staticValue(item); ok {
				items = append(items, value)
			}
		}
		return items, true
	}
	if strings.Contains(n.Value, "${{") {
		return nil, false
	}
	plain, err := manifest.Plain(field.Scalar(n))
	return plain, err == nil
}

// plan says which objects there will be.
func (i *inspection) plan(o written) {
	i.known.Learn(o.Object)
	object := o.Unstructured
	if len(i.config.Labels) > 0 {
		object = o.DeepCopy()
		marks := object.GetLabels()
		if marks == nil {
			marks = map[string]string{}
		}
		maps.Copy(marks, i.config.Labels)
		object.SetLabels(marks)
	}
	if object.GetName() == "" && object.GetGenerateName() == "" || o.dynamic && strings.Contains(object.GetName()+object.GetGenerateName(), "${{") {
		i.scene.Open()
	}
	i.scene.Plan(i.known, kube.Planned{
		Unstructured: object, At: i.place(o), Elsewhere: o.GetNamespace() != "" || i.p.Place().Common.Elsewhere(),
	})
}

// place returns where an object begins.
func (i *inspection) place(o written) diag.Range {
	if o.node == nil {
		return i.p.Range(i.p.Node(strings.TrimSuffix(o.path, ".0")))
	}
	return o.at(o.node)
}

// duplicates reports an object that is written twice: the later one would silently win.
func (i *inspection) duplicates() {
	type key struct{ apiVersion, kind, namespace, name string }
	first := map[key]written{}
	for _, o := range i.objects {
		k := key{o.GetAPIVersion(), o.GetKind(), o.GetNamespace(), o.GetName()}
		if k.name == "" || o.dynamic && strings.Contains(k.name+k.namespace, "${{") {
			continue
		}
		if before, ok := first[k]; ok {
			d := subject{i, o}.report(o.node, "manifest-duplicate", "%s %s is there twice", k.kind, k.name)
			d.Note(i.place(before), "it stands here before")
			continue
		}
		first[k] = o
	}
}
