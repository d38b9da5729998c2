package deploy_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/deploy"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

func TestContract(t *testing.T) {
	steptest.Contract(t, deploy.New(kube.NewEnv(kube.Options{})))
}

// files writes files into dir.
func files(t *testing.T, dir string, content map[string]string) {
	t.Helper()
	for name, text := range content {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

const settings = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {mode: slow}\n"

func TestCompileReportsMistakes(t *testing.T) {
	t.Chdir(t.TempDir())
	files(t, ".", map[string]string{
		"manifests/web.yaml":      settings,
		"broken.yaml":             "a: [1\nb: 2\n",
		"overlay/readme":          "",
		"good/kustomization.yaml": "resources: [a.yaml]",
	})
	tests := []struct{ name, body, want string }{
		{"nothing", "waitReady: false", "step.yaml:1:1: deploy needs one of manifests, inline, kustomize [invalid-value]\n"},
		{"near name", "manifests: [manifests/web.yaml, manifest/web.yaml]", `step.yaml:1:33: no file or folder "manifest/web.yaml" in the scenario's folder; did you mean "manifests/web.yaml"? [invalid-value]` + "\n"},
		{"syntax", "manifests: broken.yaml", "broken.yaml:1:4: not valid YAML: \"[\" is never closed [manifest-syntax]\n   = the file is named here (step.yaml:1:12)\n"},
		{"kustomize", "kustomize: overlay", `step.yaml:1:12: folder "overlay" holds no kustomization.yaml [invalid-value]` + "\n"},
		{"inline", "inline:\n- {kind: Pod, metadata: {name: a}}\n- {apiVersion: v1, kind: Pod}\n- {apiVersion: v1, kind: \"${{ vars.kind }}\", metadata: {name: b}}", "step.yaml:2:3: the object has no apiVersion [invalid-value]\nstep.yaml:3:3: the object has no metadata [invalid-value]\n"},
		{"template", "inline: {apiVersion: v1, kind: Pod, metadata: {name: a}}\ntemplate: true", "step.yaml:2:11: template is about manifest files, but there are none; inline objects are evaluated always [invalid-value]\n"},
		{"tolerate", "manifests: manifests\ntolerate: [imagePul]", `step.yaml:2:12: "imagePul" is not a state that ends a wait; did you mean "imagePull"? [invalid-value]` + "\n"},
		{"undo", "manifests: manifests\nundo: keeep", `step.yaml:2:7: undo: "keeep" is not one of its values; did you mean "keep"? [unknown-value]` + "\n"},
		{"good", "manifests: [manifests, \"${{ vars.file }}\"]\nkustomize: good", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, diags := steptest.Use{Definition: deploy.New(kube.NewEnv(kube.Options{}))}.Compile(t, tt.body)
			if diff := cmp.Diff(tt.want, heads(diags)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// heads drops the excerpts of diagnostics.
func heads(diags string) string {
	var b strings.Builder
	for line := range strings.Lines(diags) {
		if line != "\n" && !strings.HasPrefix(line, " ") || strings.HasPrefix(line, "   = ") {
			b.WriteString(line)
		}
	}
	return b.String()
}

func names(out map[string]any) []string {
	var list []string
	for _, o := range out["objects"].([]any) {
		object := o.(map[string]any)
		list = append(list, object["kind"].(string)+"/"+object["name"].(string))
	}
	return list
}

const web = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: app, image: "registry.example/app:1"}]}
`

func TestDeploysEverySourceInOrder(t *testing.T) {
	c := kubetest.New(t)
	t.Chdir(c.Run.Scenario.Dir) // diagnostics look where the file stands, and that of a test stands nowhere
	files(t, ".", map[string]string{
		"app/web.yaml":              web + "---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n",
		"app/nested/list.json":      `{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"runner"}}]}`,
		"more/a.yaml":               settings,
		"overlay/kustomization.yml": "resources: [x.yaml]\nnamePrefix: test-\n",
		"overlay/x.yaml":            "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: reader}\nrules: [{apiGroups: [\"\"], resources: [pods], verbs: [get]}]\n",
	})
	c.Run.Scope = eval.Scope{"vars": map[string]any{"replicas": 3, "name": "extra"}}
	out, err := steptest.Use{Definition: deploy.New(c.Env), Run: c.Run}.Do(t.Context(), t, `
manifests: [app, "more/*.yaml"]
kustomize: overlay
inline:
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: "${{ vars.name }}", labels: {own: yes-1}}
  data: {n: "${{ vars.replicas }} pieces"}
- |
  apiVersion: v1
  kind: Secret
  metadata: {name: hidden}
labels: {team: shop}
annotations: {why: test}
`)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"ServiceAccount/runner", "Role/test-reader", "Service/web", "ConfigMap/settings", "ConfigMap/extra", "Secret/hidden", "Deployment/web"}
	if diff := cmp.Diff(want, names(out)); diff != "" {
		t.Error(diff)
	}
	if out["count"] != 7 || out["ready"] != true || out["took"].(time.Duration) <= 0 {
		t.Errorf("count %v, ready %v, took %v", out["count"], out["ready"], out["took"])
	}
	object := out["object"].(map[string]any)
	if object["kind"] != "Deployment" {
		t.Errorf("object is %v", object["kind"])
	}
	extra, err := c.Target.Get(t.Context(), kube.Ref{Kind: "configmap", Name: "extra"})
	if err != nil {
		t.Fatal(err)
	}
	if extra.GetLabels()["team"] != "shop" || extra.GetLabels()["own"] != "yes-1" || extra.GetAnnotations()["why"] != "test" {
		t.Errorf("labels %v, annotations %v", extra.GetLabels(), extra.GetAnnotations())
	}
	if data := extra.Object["data"].(map[string]any)["n"]; data != "3 pieces" {
		t.Errorf("data is %v", data)
	}
	deployment, err := c.Target.Get(t.Context(), kube.Ref{Kind: "deployment", Name: "web"})
	if err != nil {
		t.Fatal(err)
	}
	if available := deployment.Object["status"].(map[string]any)["availableReplicas"]; available != int64(2) {
		t.Errorf("availableReplicas is %v when the step ends", available)
	}
}

func TestTemplatesAreEvaluatedOnRequest(t *testing.T) {
	c := kubetest.New(t)
	t.Chdir(c.Run.Scenario.Dir) // diagnostics look where the file stands, and that of a test stands nowhere
	files(t, ".", map[string]string{
		"web.yaml": strings.Replace(web, "replicas: 2", "replicas: ${{ vars.n }}", 1),
		"raw.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: raw}\ndata: {text: \"${{ vars.n }}\"}\n",
		"bad.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: raw}\ndata: {text: \"${{ vars.n + }}\"}\n",
	})
	c.Run.Scope = eval.Scope{"vars": map[string]any{"n": 1}}
	use := steptest.Use{Definition: deploy.New(c.Env), Run: c.Run}
	out, err := use.Do(t.Context(), t, "manifests: web.yaml\ntemplate: true")
	if err != nil {
		t.Fatal(err)
	}
	if n := out["object"].(map[string]any)["spec"].(map[string]any)["replicas"]; n != 1 {
		t.Errorf("replicas is %v (%T)", n, n)
	}
	out, err = use.Do(t.Context(), t, "manifests: raw.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if text := out["object"].(map[string]any)["data"].(map[string]any)["text"]; text != "${{ vars.n }}" {
		t.Errorf("text is %v", text)
	}
	_, err = use.Do(t.Context(), t, "manifests: bad.yaml\ntemplate: true")
	if err == nil || !strings.HasPrefix(err.Error(), `bad.yaml:1: "${{ vars.n + }}": `) {
		t.Errorf("error is %v", err)
	}
}

func TestErrorsNameThePlace(t *testing.T) {
	c := kubetest.New(t)
	t.Chdir(c.Run.Scenario.Dir) // diagnostics look where the file stands, and that of a test stands nowhere
	files(t, ".", map[string]string{
		"kind.yaml":  settings + "---\napiVersion: apps/v1\nkind: Deploymnt\nmetadata: {name: web}\n",
		"field.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndate: {}\n",
		"twice.yaml": settings + "---\n" + settings,
	})
	tests := []struct{ body, want string }{
		{`manifests: "${{ vars.kind }}"`, `kind.yaml:6: the server has no kind "Deploymnt" in apps/v1; did you mean "deployment"?`},
		{`manifests: "${{ vars.field }}"`, `field.yaml:1: apply ConfigMap a in namespace ` + c.Target.Namespace + `: .date: field not declared in schema`},
		{`manifests: "${{ vars.twice }}"`, "ConfigMap settings (twice.yaml:6) is there twice: it was in twice.yaml:1 before"},
		{`manifests: "${{ vars.away }}"`, `"../away.yaml" leaves the scenario's folder; paths are relative to it and stay inside`},
		{`inline: "${{ vars.nothing }}"`, "there is no object to apply"},
	}
	c.Run.Scope = eval.Scope{"vars": map[string]any{"away": "../away.yaml", "nothing": "", "kind": "kind.yaml", "field": "field.yaml", "twice": "twice.yaml"}}
	for _, tt := range tests {
		t.Run(tt.body, func(t *testing.T) {
			_, err := steptest.Use{Definition: deploy.New(c.Env), Run: c.Run}.Do(t.Context(), t, tt.body)
			if err == nil || err.Error() != tt.want || step.VerdictOf(err) != step.Errored {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestCustomResourcesFollowTheirDefinition(t *testing.T) {
	c := kubetest.New(t)
	group := c.Target.Namespace + ".example.com"
	t.Chdir(c.Run.Scenario.Dir) // diagnostics look where the file stands, and that of a test stands nowhere
	files(t, ".", map[string]string{"all.yaml": `
apiVersion: ` + group + `/v1
kind: Widget
metadata: {name: one}
spec: {size: 3}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.` + group + `}
spec:
  group: ` + group + `
  names: {plural: widgets, singular: widget, kind: Widget}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}}
`})
	out, err := steptest.Use{Definition: deploy.New(c.Env), Run: c.Run}.Do(t.Context(), t, "manifests: all.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"CustomResourceDefinition/widgets." + group, "Widget/one"}, names(out)); diff != "" {
		t.Error(diff)
	}
}

func TestPullFailureEndsTheWaitEarly(t *testing.T) {
	c := kubetest.New(t)
	c.Run.Timeout = 4 * time.Minute
	use := steptest.Use{Definition: deploy.New(c.Env), Run: c.Run}
	t.Chdir(c.Run.Scenario.Dir) // diagnostics look where the file stands, and that of a test stands nowhere
	files(t, ".", map[string]string{"web.yaml": strings.ReplaceAll(web, "app:1", "does-not-exist:1")})
	out, err := use.Do(t.Context(), t, "manifests: web.yaml")
	failure, ok := errors.AsType[*step.Failure](err)
	if !ok || failure.Verdict != step.Failed {
		t.Fatalf("error is %v", err)
	}
	text := failure.Message
	if !strings.HasPrefix(text, "Deployment web will not become ready: Pod web-") || !strings.Contains(text, `: container app waits: `) || !strings.Contains(text, "registry.example/does-not-exist:1") {
		t.Errorf("message is %s", text)
	}
	if len(failure.Facts) != 1 || failure.Facts[0] != (step.Fact{Name: "to wait all the same", Value: "tolerate: [imagePull]"}) {
		t.Errorf("facts are %v", failure.Facts)
	}
	if len(failure.Sections) == 0 {
		t.Error("nothing explains the failure")
	}
	if out["ready"] != false || out["count"] != 1 {
		t.Errorf("outputs are %v", out)
	}
}

func TestToleratedStateIsWaitedThrough(t *testing.T) {
	c := kubetest.New(t)
	use := steptest.Use{Definition: deploy.New(c.Env), Run: c.Run}
	t.Chdir(c.Run.Scenario.Dir) // diagnostics look where the file stands, and that of a test stands nowhere
	files(t, ".", map[string]string{"web.yaml": strings.ReplaceAll(web, "app:1", "does-not-exist:1")})
	c.Run.Timeout = 4 * time.Second
	ctx, cancel := context.WithTimeout(t.Context(), c.Run.Timeout)
	defer cancel()
	_, err := use.Do(ctx, t, "manifests: web.yaml\ntolerate: imagePull")
	failure, ok := errors.AsType[*step.Failure](err)
	if !ok || failure.Verdict != step.Failed || !strings.HasPrefix(failure.Message, "timed out after 4s: Deployment web is not ready: container app waits: ImagePullBackOff: ") {
		t.Fatalf("error is %v", err)
	}
	if _, err := use.Do(t.Context(), t, "manifests: web.yaml\nwaitReady: false"); err != nil {
		t.Errorf("without waiting: %v", err)
	}
}

func TestTimeoutNamesWhatIsMissing(t *testing.T) {
	c := kubetest.New(t)
	late := strings.Replace(web, "metadata: {labels: {app: web}}", "metadata: {labels: {app: web}, annotations: {sandbox.scenario-runner.dev/not-ready: \"true\"}}", 1)
	t.Chdir(c.Run.Scenario.Dir)
	files(t, ".", map[string]string{
		"all.yaml": settings + "---\n" + late + "---\n" + strings.ReplaceAll(web, "web", "good") + "---\n" + strings.ReplaceAll(late, "web", "slow"),
	})
	c.Run.Timeout = 1500 * time.Millisecond
	ctx, cancel := context.WithTimeout(t.Context(), c.Run.Timeout)
	defer cancel()
	_, err := steptest.Use{Definition: deploy.New(c.Env), Run: c.Run}.Do(ctx, t, "manifests: all.yaml")
	failure, ok := errors.AsType[*step.Failure](err)
	if !ok || failure.Verdict != step.Failed || failure.Message != "timed out after 1.5s with 2 of 4 objects ready" {
		t.Fatalf("error is %v", err)
	}
	want := []step.Fact{{Name: "Deployment web", Value: "container app runs but is not ready"}, {Name: "Deployment slow", Value: "container app runs but is not ready"}}
	if diff := cmp.Diff(want, failure.Facts); diff != "" {
		t.Error(diff)
	}
	if len(failure.Sections) < 2 || !strings.HasPrefix(failure.Sections[0].Lines[0], "Deployment web") {
		t.Errorf("sections are %v", failure.Sections)
	}
	if seen := c.Host.Seen(); !slices.Contains(seen, "4 of 4 objects applied") || !strings.HasPrefix(seen[len(seen)-1], "2 of 4 ready; Deployment web: ") {
		t.Errorf("progress was %v", seen)
	}
}

func TestFailedJobEndsTheWaitEarly(t *testing.T) {
	c := kubetest.New(t)
	t.Chdir(c.Run.Scenario.Dir) // diagnostics look where the file stands, and that of a test stands nowhere
	files(t, ".", map[string]string{"job.yaml": `
apiVersion: batch/v1
kind: Job
metadata: {name: migrate}
spec:
  backoffLimit: 0
  template:
    metadata: {annotations: {sandbox.scenario-runner.dev/run-for: 100ms, sandbox.scenario-runner.dev/exit-code: "3"}}
    spec: {restartPolicy: Never, containers: [{name: migrate, image: "registry.example/migrate:1"}]}
`})
	_, err := steptest.Use{Definition: deploy.New(c.Env), Run: c.Run}.Do(t.Context(), t, "manifests: job.yaml")
	want := "Job migrate will not become ready: BackoffLimitExceeded: Job has reached the specified backoff limit; container migrate ended with Error, exit code 3"
	if step.VerdictOf(err) != step.Failed || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestCancellationIsPrompt(t *testing.T) {
	c := kubetest.New(t)
	ctx, cancel := context.WithCancel(t.Context())
	c.Host.OnProgress = func(text string) {
		if strings.HasPrefix(text, "Deployment web:") {
			cancel()
		}
	}
	_, err := steptest.Use{Definition: deploy.New(c.Env), Run: c.Run}.Do(ctx, t, `
inline: |
  apiVersion: apps/v1
  kind: Deployment
  metadata: {name: web}
  spec:
    selector: {matchLabels: {app: web}}
    template:
      metadata: {labels: {app: web}, annotations: {sandbox.scenario-runner.dev/not-ready: "true"}}
      spec: {containers: [{name: app, image: "registry.example/app:1"}]}
`)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}

func TestObjectsElsewhereAreUndone(t *testing.T) {
	c := kubetest.New(t)
	t.Chdir(c.Run.Scenario.Dir) // diagnostics look where the file stands, and that of a test stands nowhere
	files(t, ".", map[string]string{"away.yaml": `
apiVersion: v1
kind: ConfigMap
metadata: {name: ` + c.Target.Namespace + `, namespace: default}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: here}
`, "kept.yaml": `
apiVersion: v1
kind: ConfigMap
metadata: {name: ` + c.Target.Namespace + `-kept, namespace: default}
`})
	use := steptest.Use{Definition: deploy.New(c.Env), Run: c.Run}
	out, err := use.Do(t.Context(), t, "manifests: away.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var spaces []string
	for _, o := range out["objects"].([]any) {
		spaces = append(spaces, o.(map[string]any)["namespace"].(string))
	}
	if diff := cmp.Diff([]string{"default", c.Target.Namespace}, spaces); diff != "" {
		t.Error(diff)
	}
	if _, err := use.Do(t.Context(), t, "manifests: kept.yaml\nundo: keep"); err != nil {
		t.Fatal(err)
	}
	want := []string{"delete namespace " + c.Target.Namespace, "delete configmap " + c.Target.Namespace + " in namespace default"}
	if diff := cmp.Diff(want, c.Host.Open()); diff != "" {
		t.Error(diff)
	}
	if err := c.Host.Close(); err != nil {
		t.Fatal(err)
	}
	away := kube.Ref{Kind: "configmap", Name: c.Target.Namespace, Namespace: "default"}
	if _, err := c.Target.Get(t.Context(), away); !kube.IsNotFound(err) {
		t.Errorf("the object elsewhere is still there: %v", err)
	}
	away.Name += "-kept"
	if _, err := c.Target.Delete(t.Context(), away, kube.Deletion{Change: kube.Change{Keep: true}}); err != nil {
		t.Errorf("the kept object: %v", err)
	}
}
