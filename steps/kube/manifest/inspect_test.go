package manifest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/steps/kube/manifest"
)

func TestInspectSaysWhere(t *testing.T) {
	dir := tree(t, map[string]string{
		"one.yaml":      "# first\n" + first,
		"both.yaml":     first + "---\n# the second\n" + second,
		"list.yaml":     "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: a}\n- 5\n",
		"syntax.yaml":   first + "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n data: x\n",
		"twice.yaml":    first + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: b\n  a: c\n",
		"text.yaml":     "just text\n",
		"many.yaml":     "kind: ConfigMap\n---\napiVersion: v1\n---\napiVersion: v1\nkind: Pod\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: 5}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {version: 1.0}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: a, annotations: [a]}\n",
		"merged.yaml":   "apiVersion: v1\nkind: List\n<<: {items: [{apiVersion: v1, kind: Pod, metadata: {name: a}}]}\n",
		"anchor.yaml":   "apiVersion: v1\nkind: List\nitems:\n- &a {apiVersion: v1, kind: Pod, metadata: {name: a}}\n- *a\n",
		"unclosed.yaml": first + "---\na: [1\nb: 2\n",
	})
	var cache manifest.Cache
	for name, want := range map[string][]string{
		"one.yaml":    {"ConfigMap first (one.yaml:2) at 2:1"},
		"both.yaml":   {"ConfigMap first (both.yaml:1) at 1:1", "ConfigMap second (both.yaml:6) at 6:1"},
		"anchor.yaml": {"Pod a (anchor.yaml:1: item 1) at 4:3", "Pod a (anchor.yaml:1: item 2) at 4:3"},
		"merged.yaml": {"Pod a (merged.yaml:1: item 1) at 3:14"},
		"list.yaml":   {"Pod a (list.yaml:1: item 1) at 4:3", "list.yaml:7:3: expected an object with apiVersion and kind, found 5 [manifest-object]"},
		"syntax.yaml": {"ConfigMap first (syntax.yaml:1) at 1:1", "syntax.yaml:9:2: not valid YAML: this line is indented by 1, which fits to no line above; write 0 or 2 [manifest-syntax]"},
		"twice.yaml":  {"ConfigMap first (twice.yaml:1) at 1:1", `twice.yaml:10:3: key "a" is given twice; first given at 9:3 [manifest-syntax]`},
		"text.yaml":   {`text.yaml:1:1: expected an object with apiVersion and kind, found "just text" [manifest-object]`},
		"many.yaml": {
			"many.yaml:1:1: the object has no apiVersion, found nothing [manifest-object]",
			"many.yaml:3:1: the object has no kind, found nothing [manifest-object]",
			"many.yaml:5:1: the Pod has no metadata [manifest-object]",
			"many.yaml:10:18: the Pod has no metadata.name, found 5 [manifest-object]",
			`many.yaml:14:39: metadata.labels of Pod a: "version" must be text, found 1; put it in quotes [manifest-object]`,
			"many.yaml:18:21: metadata.annotations of Pod a: expected a mapping, found a list [manifest-object]",
		},
		"unclosed.yaml": {"ConfigMap first (unclosed.yaml:1) at 1:1", "unclosed.yaml:5:4: not valid YAML: \"[\" is never closed [manifest-syntax]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(dir)
			objects, diags, err := cache.Inspect(".", name)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, o := range objects {
				got = append(got, fmt.Sprintf("%s at %s", o, o.Range(o.Node).Start))
			}
			for _, d := range diags {
				got = append(got, d.Error())
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		})
	}
	if _, _, err := new(manifest.Cache).Inspect(dir, "on.yaml"); err == nil || err.Error() != `no file or folder "on.yaml" in the scenario's folder; did you mean "one.yaml"?` {
		t.Error(err)
	}
}

func TestCacheSeesThatAFileChanged(t *testing.T) {
	dir := tree(t, map[string]string{"one.yaml": first})
	var cache manifest.Cache
	for _, text := range []string{first, first, second, "kind: [\n", first} {
		if err := os.WriteFile(filepath.Join(dir, "one.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, diags, err := cache.Inspect(dir, "one.yaml")
		fresh, freshDiags, freshErr := new(manifest.Cache).Inspect(dir, "one.yaml")
		if err != nil || freshErr != nil {
			t.Fatal(err, freshErr)
		}
		if d := cmp.Diff(described(objectsOf(fresh)), described(objectsOf(got))); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff(freshDiags, diags); d != "" {
			t.Error(d)
		}
	}
}

func objectsOf(located []manifest.Located) []manifest.Object {
	var out []manifest.Object
	for _, l := range located {
		out = append(out, l.Object)
	}
	return out
}
