package manifest_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/steps/kube/manifest"
)

// tree writes files into a fresh folder and returns it.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const (
	first  = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: first}\n"
	second = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: second}\n"
)

// described are the objects as people see them.
func described(objects []manifest.Object) []string {
	var out []string
	for _, o := range objects {
		out = append(out, o.String())
	}
	return out
}

func messages(errs []error) []string {
	var out []string
	for _, err := range errs {
		out = append(out, err.Error())
	}
	return out
}

func TestReadFindsObjectsAndTheirPlaces(t *testing.T) {
	dir := tree(t, map[string]string{
		"one.yaml":                 "# a comment\n\n" + first,
		"both.yaml":                first + "---\n# only a comment\n---\n\n" + second + "---\n",
		"list.json":                `{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"}},{"apiVersion":"v1","kind":"ConfigMapList","items":[{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"b"}}]}]}`,
		"app/b.yml":                second,
		"app/a.yaml":               first,
		"app/deep/er/c.yaml":       "apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: third-}\n",
		"app/notes.txt":            "no manifest",
		"app/story.scenario.yaml":  "kind: Scenario",
		"app/.hidden/secret.yaml":  "kind: [",
		"app/deep/er/extra.json":   `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"fourth"}}`,
		"windows.yaml":             "apiVersion: v1\r\nkind: ConfigMap\r\nmetadata: {name: first}\r\n---\r\n" + second,
		"dashes with document.yml": "--- {apiVersion: v1, kind: ConfigMap, metadata: {name: first}}\n--- # second\n" + second,
	})
	tests := []struct {
		name string
		want []string
	}{
		{"one.yaml", []string{"ConfigMap first (one.yaml:3)"}},
		{"./one.yaml", []string{"ConfigMap first (one.yaml:3)"}},
		{"both.yaml", []string{"ConfigMap first (both.yaml:1)", "ConfigMap second (both.yaml:8)"}},
		{"list.json", []string{"Secret a (list.json:1: item 1)", "ConfigMap b (list.json:1: item 2: item 1)"}},
		{"app", []string{"ConfigMap first (app/a.yaml:1)", "ConfigMap second (app/b.yml:1)", "ConfigMap third-* (app/deep/er/c.yaml:1)", "ConfigMap fourth (app/deep/er/extra.json:1)"}},
		{"app/*.y*ml", []string{"ConfigMap first (app/a.yaml:1)", "ConfigMap second (app/b.yml:1)"}},
		{"app/**/*.yaml", []string{"ConfigMap first (app/a.yaml:1)", "ConfigMap third-* (app/deep/er/c.yaml:1)"}},
		{"**/c.yaml", []string{"ConfigMap third-* (app/deep/er/c.yaml:1)"}},
		{"windows.yaml", []string{"ConfigMap first (windows.yaml:1)", "ConfigMap second (windows.yaml:5)"}},
		{"dashes with document.yml", []string{"ConfigMap first (dashes with document.yml:1)", "ConfigMap second (dashes with document.yml:3)"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			objects, errs := manifest.Read(dir, tt.name)
			if len(errs) > 0 {
				t.Fatal(errs)
			}
			if diff := cmp.Diff(tt.want, described(objects)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReadSaysWhatIsWrong(t *testing.T) {
	dir := tree(t, map[string]string{
		"manifests/web.yaml":         first,
		"syntax.yaml":                first + "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n data: x\n",
		"twice.yaml":                 first + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: b\n  a: c\n",
		"text.yaml":                  "just text\n",
		"many.yaml":                  "kind: ConfigMap\n---\napiVersion: v1\n---\napiVersion: v1\nkind: Pod\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: 5}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {version: 1.0}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: a, annotations: [a]}\n",
		"empty.yaml":                 "# nothing\n---\n",
		"none/readme.md":             "",
		"overlay/kustomization.yaml": "resources: [a.yaml]\n",
		"overlay/a.yaml":             first,
		"list.yaml":                  "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: a}\n- 5\n",
		"unclosed.yaml":              "a: [1\nb: 2\n",
	})
	tests := []struct {
		name string
		want []string
	}{
		{"manifest/web.yaml", []string{`no file or folder "manifest/web.yaml" in the scenario's folder; did you mean "manifests/web.yaml"?`}},
		{"manifest", []string{`no file or folder "manifest" in the scenario's folder; did you mean "manifests"?`}},
		{"wholly/else.yaml", []string{`no file or folder "wholly/else.yaml" in the scenario's folder`}},
		{"../web.yaml", []string{`"../web.yaml" leaves the scenario's folder; paths are relative to it and stay inside`}},
		{"/etc/passwd", []string{`"/etc/passwd" leaves the scenario's folder; paths are relative to it and stay inside`}},
		{"manifests/*.json", []string{`no file matches "manifests/*.json" in the scenario's folder; did you mean "manifests"?`}},
		{"nowhere/*.yaml", []string{`no file matches "nowhere/*.yaml" in the scenario's folder`}},
		{"[.yaml", []string{`glob "[.yaml": syntax error in pattern`}},
		{"syntax.yaml", []string{"syntax.yaml:9: did not find expected key"}},
		{"twice.yaml", []string{`twice.yaml:10: key "a" already set in map`}},
		{"text.yaml", []string{`text.yaml:1: expected an object with apiVersion and kind, found "just text"`}},
		{"many.yaml", []string{
			"many.yaml:1: the object has no apiVersion, found nothing",
			"many.yaml:3: the object has no kind, found nothing",
			"many.yaml:5: the Pod has no metadata",
			"many.yaml:8: the Pod has no metadata.name, found 5",
			`many.yaml:12: metadata.labels of Pod a: "version" must be text, found 1; put it in quotes`,
			"many.yaml:16: metadata.annotations of Pod a: expected a mapping, found a list",
		}},
		{"empty.yaml", []string{`"empty.yaml" holds no objects`}},
		{"none", []string{`folder "none" holds no .yaml, .yml or .json file`}},
		{"overlay", []string{"overlay/kustomization.yaml is a kustomization; deploy its folder with kustomize: overlay"}},
		{"list.yaml", []string{"list.yaml:1: item 2: expected an object with apiVersion and kind, found 5"}},
		{"unclosed.yaml", []string{"unclosed.yaml:2: did not find expected ',' or ']'"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, errs := manifest.Read(dir, tt.name)
			if diff := cmp.Diff(tt.want, messages(errs)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReadDoesNotFollowLinksOutOfTheFolder(t *testing.T) {
	outside := tree(t, map[string]string{"secret.yaml": first})
	dir := tree(t, map[string]string{"inside.yaml": first})
	if err := os.Symlink(filepath.Join(outside, "secret.yaml"), filepath.Join(dir, "link.yaml")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("inside.yaml", filepath.Join(dir, "near.yaml")); err != nil {
		t.Fatal(err)
	}
	if objects, errs := manifest.Read(dir, "near.yaml"); len(errs) > 0 || len(objects) != 1 {
		t.Errorf("a link inside the folder: %v, %v", objects, errs)
	}
	objects, errs := manifest.Read(dir, "link.yaml")
	if diff := cmp.Diff([]string{`"link.yaml": path escapes from parent`}, messages(errs)); diff != "" || objects != nil {
		t.Error(diff, objects)
	}
}

func TestInlineTakesMappingsListsAndText(t *testing.T) {
	objects, errs := manifest.Inline([]any{
		map[string]any{
			"apiVersion": "v1", "kind": "Thing", "metadata": map[string]any{"name": "a"},
			"spec": map[string]any{"n": 3, "wait": 90 * time.Second, "at": time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), "list": []any{1, true, nil, 1.5}},
		},
		first + "---\n" + second,
		nil,
	})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if diff := cmp.Diff([]string{"Thing a (inline[0])", "ConfigMap first (inline[1]:1)", "ConfigMap second (inline[1]:5)"}, described(objects)); diff != "" {
		t.Error(diff)
	}
	want := map[string]any{"n": int64(3), "wait": "1m30s", "at": "2026-01-02T03:04:05Z", "list": []any{int64(1), true, nil, 1.5}}
	if diff := cmp.Diff(want, objects[0].Object["spec"]); diff != "" {
		t.Error(diff)
	}
	_, errs = manifest.Inline([]any{"a: [", map[string]any{"kind": "Pod", "x": struct{}{}}, []any{1}})
	if diff := cmp.Diff([]string{
		"inline[0]:1: did not find expected node content",
		"inline[1]: a Kubernetes object can't hold a struct {}",
		"inline[2]: expected an object with apiVersion and kind, found a list",
	}, messages(errs)); diff != "" {
		t.Error(diff)
	}
}

func TestKustomizeBuilds(t *testing.T) {
	dir := tree(t, map[string]string{
		"base/kustomization.yaml":     "resources: [web.yaml]\n",
		"base/web.yaml":               first,
		"overlays/kustomization.yaml": "resources: [../base]\nnamePrefix: test-\nconfigMapGenerator:\n- name: made\n  literals: [a=b]\n",
	})
	objects, err := manifest.Kustomize(dir, "overlays")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"ConfigMap test-first (kustomize overlays)", "ConfigMap test-made-4h2mbtbbt6 (kustomize overlays)"}, described(objects)); diff != "" {
		t.Error(diff)
	}
}

func TestKustomizeSaysWhatIsWrong(t *testing.T) {
	outside := tree(t, map[string]string{"web.yaml": first, "kustomization.yaml": "resources: [web.yaml]\n"})
	dir := tree(t, map[string]string{
		"file.yaml":                  first,
		"plain/web.yaml":             first,
		"broken/kustomization.yaml":  "resources: [nowhere.yaml]\n",
		"escape/kustomization.yaml":  "resources: [linked]\n",
		"nothing/kustomization.yaml": "namePrefix: a-\n",
	})
	if err := os.Symlink(outside, filepath.Join(dir, "escape", "linked")); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, want string }{
		{"overlay", `no folder "overlay" in the scenario's folder`},
		{"file.yaml", `"file.yaml" is no folder; kustomize names the folder that holds a kustomization.yaml`},
		{"plain", `folder "plain" holds no kustomization.yaml`},
		{"../plain", `"../plain" leaves the scenario's folder; paths are relative to it and stay inside`},
		{"broken", "kustomize broken: accumulating resources: accumulation err='accumulating resources from 'nowhere.yaml': lstat broken/nowhere.yaml: no such file or directory': must build at directory: not a valid directory: lstat broken/nowhere.yaml: no such file or directory"},
		{"escape", "kustomize escape: accumulating resources: accumulation err='accumulating resources from 'linked': escape/linked leaves the scenario's folder; a kustomization uses only what is inside': must build at directory: not a valid directory: escape/linked leaves the scenario's folder; a kustomization uses only what is inside"},
		{"nothing", "kustomize nothing gives no objects"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := manifest.Kustomize(dir, tt.name)
			if err == nil || err.Error() != tt.want {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}
