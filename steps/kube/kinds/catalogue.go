package kinds

import (
	"reflect"
	"slices"
	"strings"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scenario-runner/scenario-runner/engine/eval"
)

// Kind is one version of a kind of objects.
type Kind struct {
	Group, Version string
	Name           string // Deployment
	Plural         string // deployments
	Singular       string // deployment
	Short          []string
	WholeCluster   bool      // a custom kind whose objects belong to no namespace
	Type           eval.Type // of its objects
	Schema         *Schema   // of its manifests
}

// APIVersion is what manifests write: "apps/v1", or "v1" for the core group.
func (k Kind) APIVersion() string { return strings.TrimPrefix(k.Group+"/"+k.Version, "/") }

// words are the names that mean the kind, in lower case.
func (k Kind) words() []string {
	words := append([]string{strings.ToLower(k.Name), k.Plural, k.Singular}, k.Short...)
	slices.Sort(words)
	return slices.DeleteFunc(slices.Compact(words), func(word string) bool { return word == "" })
}

// in reports whether a qualifier, as in deployments.apps or deployments.v1.apps, means the group of the kind.
func (k Kind) in(qualifier string) bool {
	return qualifier == k.Group || qualifier == strings.TrimSuffix(k.Version+"."+k.Group, ".")
}

// index finds kinds by what people call them.
type index map[string][]*Kind

func (i index) add(k *Kind) {
	for _, word := range k.words() {
		i[word] = append(i[word], k)
	}
}

// find returns the kinds that a name means: a kind, plural, singular or short name in any case, alone or followed by
// .group or .version.group. apiVersion narrows it when it is not "".
func (i index) find(apiVersion, name string) []*Kind {
	word, qualifier, qualified := strings.Cut(strings.ToLower(name), ".")
	var out []*Kind
	for _, k := range i[word] {
		if (!qualified || k.in(qualifier)) && (apiVersion == "" || apiVersion == k.APIVersion()) {
			out = append(out, k)
		}
	}
	return out
}

// Catalogue is the built-in kinds. The zero value is ready to use and safe for concurrent use.
type Catalogue struct {
	// Shared are files and folders with definitions for every scenario, beside those in its own folder. They are read when
	// a kind is asked for that is not known otherwise. It must not change once the catalogue is used.
	Shared []string
	// Live are the definitions of a cluster that was asked. They count where nothing else says anything.
	Live []map[string]any
	// Served says what is wrong with a name that the cluster which was asked does not know; nil when none was asked.
	Served func(apiVersion, name string) error

	sharedOnce sync.Once
	shared     []map[string]any
	reflection reflection
	schemas    schemas
	once       sync.Once
	kinds      []*Kind
	index      index
}

func (c *Catalogue) fill() {
	c.index = index{}
	for _, g := range append(builtins(), wellKnown()...) {
		for _, row := range g.kinds {
			k := &Kind{
				Group: g.group, Version: g.version, Name: row.object.Name(), Plural: row.plural,
				Singular: strings.ToLower(row.object.Name()), Type: c.reflection.typeOf(row.object), Schema: c.schemas.of(row.object),
			}
			if row.short != "" {
				k.Short = strings.Split(row.short, ",")
			}
			c.kinds = append(c.kinds, k)
			c.index.add(k)
		}
	}
}

// Find returns the built-in kind that a name means, the one that a server would choose if it means several.
func (c *Catalogue) Find(apiVersion, name string) (*Kind, bool) {
	c.once.Do(c.fill)
	found := c.index.find(apiVersion, name)
	if len(found) == 0 {
		return nil, false
	}
	return found[0], true
}

// All returns the built-in kinds in a stable order.
func (c *Catalogue) All() []*Kind {
	c.once.Do(c.fill)
	return slices.Clone(c.kinds)
}

// metadata is the type of the metadata of every object.
func (c *Catalogue) metadata() eval.Type {
	return c.reflection.typeOf(reflect.TypeFor[metav1.ObjectMeta]())
}

func (c *Catalogue) metadataSchema() *Schema {
	return c.schemas.of(reflect.TypeFor[metav1.ObjectMeta]())
}
