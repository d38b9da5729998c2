package kinds

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/version"

	"github.com/scenario-runner/scenario-runner/engine/eval"
)

// Definitions is the kinds that one scenario file can know: the built-in ones and those of the
// CustomResourceDefinitions that it brings along. It must not be used by several goroutines at once.
type Definitions struct {
	builtin *Catalogue
	folder  func() []map[string]any // reads the definitions beside the file and those of all, nil when that is done
	index   index
	learned []*Kind // in order
	seen    map[string]bool
}

// Definitions returns the kinds of a file that stands in a folder. The definitions in its folder crds are read when a
// kind is asked for that is not known otherwise.
func (c *Catalogue) Definitions(dir string) *Definitions {
	read := func() []map[string]any {
		return slices.Concat(readFolder(filepath.Join(dir, Folder)), c.definitions(), c.Live)
	}
	return &Definitions{builtin: c, folder: read, index: index{}, seen: map[string]bool{}}
}

// Type returns the type of the objects of the kind that a name means, Any when it is not known or not certain.
func (d *Definitions) Type(apiVersion, name string) eval.Type {
	if k, ok := d.Find(apiVersion, name); ok {
		return k.Type
	}
	return eval.AnyType
}

// Find returns the kind that a name means, unless it is not known or not certain.
func (d *Definitions) Find(apiVersion, name string) (*Kind, bool) {
	if name == "" {
		return nil, false
	}
	if k, ok := d.builtin.Find(apiVersion, name); ok {
		return k, true
	}
	found := d.index.find(apiVersion, name)
	if len(found) == 0 && d.folder != nil {
		for _, object := range d.folder() {
			d.Learn(object)
		}
		d.folder = nil
		found = d.index.find(apiVersion, name)
	}
	if len(found) == 0 || slices.ContainsFunc(found, func(k *Kind) bool { return k.Group != found[0].Group }) {
		return nil, false
	}
	newest := slices.MaxFunc(found, func(a, b *Kind) int { return version.CompareKubeAwareVersionStrings(a.Version, b.Version) })
	return newest, true
}

// Learn takes over the kinds of a CustomResourceDefinition; any other object says nothing. The first definition counts.
func (d *Definitions) Learn(object map[string]any) {
	get := func(path ...string) string {
		value, _, _ := unstructured.NestedString(object, path...)
		return value
	}
	if get("kind") != "CustomResourceDefinition" || get("apiVersion") != "apiextensions.k8s.io/v1" {
		return
	}
	base := Kind{
		Group: get("spec", "group"), Name: get("spec", "names", "kind"), Plural: strings.ToLower(get("spec", "names", "plural")),
		Singular: strings.ToLower(get("spec", "names", "singular")), WholeCluster: get("spec", "scope") == "Cluster",
	}
	if key := base.Plural + "." + base.Group; base.Name == "" || d.seen[key] {
		return
	} else {
		d.seen[key] = true
	}
	for _, short := range list(child(object, "spec", "names")["shortNames"]) {
		if word, ok := short.(string); ok {
			base.Short = append(base.Short, strings.ToLower(word))
		}
	}
	for _, entry := range list(child(object, "spec")["versions"]) {
		v, _ := entry.(map[string]any)
		if served, ok := v["served"].(bool); !ok || !served {
			continue
		}
		k := base
		k.Version, _ = v["name"].(string)
		k.Type = d.builtin.custom(child(v, "schema", "openAPIV3Schema"), base.Plural+"."+base.Group+" "+k.Version+" ")
		k.Schema = d.builtin.customSchema(child(v, "schema", "openAPIV3Schema"))
		d.index.add(&k)
		d.learned = append(d.learned, &k)
	}
}

// custom is the type of the objects of a schema. Every object has a kind, an API version and metadata, whatever it says.
// origin is of the fields at the top: the name of the definition and its version.
func (c *Catalogue) custom(schema map[string]any, origin string) eval.Type {
	t := schemaType(schema, origin)
	if t.Kind != eval.Object {
		return eval.AnyType
	}
	return eval.ObjectOf(func() []eval.Field {
		fields := []eval.Field{
			{Name: "apiVersion", Doc: "API version of the object.", Type: text},
			{Name: "kind", Doc: "Kind of the object.", Type: text},
			{Name: "metadata", Doc: "Name, labels and the like.", Type: c.metadata()},
		}
		for _, f := range t.Members() {
			if f.Name != "apiVersion" && f.Name != "kind" && f.Name != "metadata" {
				fields = append(fields, f)
			}
		}
		return fields
	})
}

// schemaType turns a structural schema into a type. What may hold more than it says is Any. origin leads to the schema.
func schemaType(schema map[string]any, origin string) eval.Type {
	if schema["x-kubernetes-preserve-unknown-fields"] == true || schema["x-kubernetes-int-or-string"] == true || schema["x-kubernetes-embedded-resource"] == true {
		return eval.AnyType
	}
	switch schema["type"] {
	case "string":
		return text
	case "boolean":
		return eval.Type{Kind: eval.Bool}
	case "integer":
		return eval.Type{Kind: eval.Int}
	case "number":
		return eval.Type{Kind: eval.Float}
	case "array":
		items, ok := schema["items"].(map[string]any)
		if !ok {
			return eval.ListOf(eval.AnyType)
		}
		return eval.ListOf(schemaType(items, origin+"/items"))
	case "object":
		return objectType(schema, origin)
	}
	return eval.AnyType
}

func objectType(schema map[string]any, origin string) eval.Type {
	properties, ok := schema["properties"].(map[string]any)
	if ok {
		return eval.ObjectOf(func() []eval.Field {
			var fields []eval.Field
			for _, name := range slices.Sorted(maps.Keys(properties)) {
				of, _ := properties[name].(map[string]any)
				doc, _ := of["description"].(string)
				from := origin + "/properties/" + strings.ReplaceAll(name, "/", "~1")
				fields = append(fields, eval.Field{Name: name, Doc: doc, Type: schemaType(of, from), Origin: from})
			}
			return fields
		})
	}
	switch more := schema["additionalProperties"].(type) {
	case map[string]any:
		return eval.MapOf(schemaType(more, origin+"/additionalProperties"))
	case bool:
		if more {
			return eval.MapOf(eval.AnyType)
		}
	}
	return eval.AnyType
}

func child(object map[string]any, path ...string) map[string]any {
	for _, name := range path {
		object, _ = object[name].(map[string]any)
	}
	return object
}

func list(value any) []any {
	items, _ := value.([]any)
	return items
}
