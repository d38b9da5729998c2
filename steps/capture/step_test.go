package capture_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/capture"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

func TestContract(t *testing.T) {
	steptest.Contract(t, capture.New(kube.NewEnv(kube.Options{})))
}

func TestCompileReportsMistakes(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"nothing", "{}", "step.yaml:1:1: capture needs objects or logs: what to keep [missing-field]\n"},
		{"whose", "objects: pods\nof: deployment/web", "step.yaml:2:5: of says whose logs are kept; say logs: true as well [invalid-value]\n"},
		{"tail", "logs: true\ntail: 0", "step.yaml:2:7: tail: expected a number of lines, found 0 [invalid-value]\n"},
		{"size", "logs: true\nmaxSize: big", `step.yaml:2:10: "big" is not a size, expected a quantity such as 256Ki or 4Mi [invalid-value]` + "\n"},
		{"no size", "logs: true\nmaxSize: \"0\"", `step.yaml:2:10: "0" is not a size, expected a quantity such as 256Ki or 4Mi [invalid-value]` + "\n"},
		{"object", "objects: [{kind: pod, name: a, labels: {b: c}}]", "step.yaml:1:11: pod/a[b=c] has a name and a label selector; give one of them [invalid-value]\n"},
		{"known later", "objects: [\"${{ vars.kind }}\"]\nlogs: ${{ vars.logs }}\nof: ${{ vars.of }}\ntail: ${{ vars.tail }}", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, diags := steptest.Use{Definition: capture.New(kube.NewEnv(kube.Options{}))}.Compile(t, tt.body)
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
		if strings.HasPrefix(line, "step.yaml:") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// names lists the files of an outcome.
func names(out map[string]any) []string {
	var list []string
	for _, file := range out["files"].([]any) {
		list = append(list, fmt.Sprint(file.(map[string]any)["name"]))
	}
	return list
}

func settings(name, value string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + ", labels: {app: web}}\ndata: {mode: " + value + "}\n"
}

func TestKeepsObjectsAndHidesSecrets(t *testing.T) {
	c := kubetest.New(t)
	c.Apply(t, settings("one", "fast"))
	c.Apply(t, settings("two", "slow"))
	c.Apply(t, `
apiVersion: v1
kind: Secret
metadata: {name: database, annotations: {kubectl.kubernetes.io/last-applied-configuration: '{"stringData":{"password":"hunter2hunter2"}}'}}
stringData: {password: hunter2hunter2}
`)
	use := steptest.Use{Definition: capture.New(c.Env), Run: c.Run}
	out, err := use.Do(t.Context(), t, "objects: [{kind: configmaps, labels: {app: web}}, secrets, configmap/one, configmap/absent, {kind: configmaps, selector: app=web}]")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"configmaps.yaml", "secrets.yaml", "configmaps-one.yaml", "configmaps-absent.yaml", "configmaps-2.yaml"}, names(out)); diff != "" {
		t.Error(diff)
	}
	if out["objects"] != 6 {
		t.Errorf("objects is %v", out["objects"])
	}
	if text := string(c.Host.Attached("configmaps.yaml")); strings.Count(text, "kind: ConfigMap") != 2 || !strings.Contains(text, "mode: fast") || strings.Contains(text, "managedFields") {
		t.Error(text)
	}
	secret := string(c.Host.Attached("secrets.yaml"))
	if !strings.Contains(secret, "password: (hidden, 14 bytes)") || strings.Contains(secret, "hunter2") || strings.Contains(secret, "aHVudGVyMg") {
		t.Error(secret)
	}
}

func TestFilesStayWithinTheirSize(t *testing.T) {
	c := kubetest.New(t)
	for _, name := range []string{"one", "two", "three"} {
		c.Apply(t, settings(name, strings.Repeat("x", 900)))
	}
	use := steptest.Use{Definition: capture.New(c.Env), Run: c.Run}
	for format, note := range map[string]string{"yaml": "# 2 more left out: the file would be larger than maxSize\n", "json": `"leftOut": 2,`} {
		out, err := use.Do(t.Context(), t, "objects: {kind: configmaps, labels: {app: web}}\nmaxSize: 2000\nformat: "+format)
		if err != nil {
			t.Fatal(err)
		}
		content := c.Host.Attached("configmaps." + format)
		if len(content) > 2500 || !strings.Contains(string(content), note) || out["objects"] != 1 {
			t.Errorf("%v objects, %s", out["objects"], content)
		}
		if file := out["files"].([]any)[0].(map[string]any); file["cut"] != true || file["bytes"] != len(content) || file["count"] != 1 {
			t.Errorf("file %v", file)
		}
		if format == "json" {
			var list unstructured.UnstructuredList
			if err := json.Unmarshal(content, &list.Object); err != nil || len(list.Object["items"].([]any)) != 1 {
				t.Errorf("%v: %s", err, content)
			}
		}
	}
}

const web = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME}
spec:
  replicas: 2
  selector: {matchLabels: {app: NAME}}
  template:
    metadata: {labels: {app: NAME}, annotations: {sandbox.scenario-runner.dev/logs: "first line\nsecond line\nthird line"}}
    spec: {containers: [{name: app, image: "registry.example/app:1"}]}
`

func TestKeepsLogsAndEvents(t *testing.T) {
	c := kubetest.New(t)
	for _, name := range []string{"web", "other"} {
		c.Apply(t, strings.ReplaceAll(web, "NAME", name))
		c.Until(t, "deployment/"+name, func(o *unstructured.Unstructured) bool {
			ready, _, _ := unstructured.NestedInt64(o.Object, "status", "readyReplicas")
			return ready == 2
		})
	}
	use := steptest.Use{Definition: capture.New(c.Env), Run: c.Run}
	out, err := use.Do(t.Context(), t, "objects: events\nlogs: true\nof: deployment/web\ntail: 2")
	if err != nil {
		t.Fatal(err)
	}
	files := names(out)
	if len(files) != 4 || files[0] != "events.txt" || files[1] != "events.yaml" || !strings.HasPrefix(files[2], "web-") || !strings.HasSuffix(files[3], ".app.log") {
		t.Fatalf("files %v", files)
	}
	if log := string(c.Host.Attached(files[2])); !strings.HasSuffix(log, "second line\nthird line\n") || strings.Contains(log, "first line") {
		t.Errorf("log %q", log)
	}
	events := string(c.Host.Attached("events.txt"))
	if !strings.Contains(events, "  Normal   ScalingReplicaSet  Deployment/web  Scaled up replica set web-") {
		t.Error(events)
	}
	out, err = use.Do(t.Context(), t, "logs: true\nmaxSize: \"12\"")
	if err != nil {
		t.Fatal(err)
	}
	if files := names(out); len(files) != 4 {
		t.Fatalf("files %v", files)
	}
	if log := string(c.Host.Attached(files[2])); !strings.HasPrefix(log, "# ") || !strings.HasSuffix(log, " bytes left out before this: the file would be larger than maxSize\n\nthird line\n") {
		t.Errorf("log %q", log)
	}
}

func TestPreviousLivesOfContainers(t *testing.T) {
	c := kubetest.New(t)
	c.Apply(t, "apiVersion: v1\nkind: Pod\nmetadata: {name: flaky, annotations: {sandbox.scenario-runner.dev/restart-once: \"true\"}}\nspec: {containers: [{name: app, image: a}]}\n")
	c.Until(t, "pod/flaky", func(o *unstructured.Unstructured) bool {
		return strings.Contains(fmt.Sprint(o.Object["status"]), "restartCount:1") && strings.Contains(fmt.Sprint(o.Object["status"]), "running:map")
	})
	out, err := steptest.Use{Definition: capture.New(c.Env), Run: c.Run}.Do(t.Context(), t, "logs: true")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"flaky.app.log", "flaky.app.previous.log"}, names(out)); diff != "" {
		t.Error(diff)
	}
}

func TestKeepsWhatCanBeReadAndSaysWhatCanNot(t *testing.T) {
	kubeconfig := kubetest.Kubeconfig(t)
	proxy := kubetest.NewProxy(t, kubeconfig, func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/secrets") {
			return false
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","message":"secrets is forbidden: User \"dev\" cannot list resource \"secrets\"","reason":"Forbidden","code":403}`)
		return true
	}, nil)
	c := kubetest.NewOn(t, proxy.Kubeconfig)
	out, err := steptest.Use{Definition: capture.New(c.Env), Run: c.Run}.Do(t.Context(), t, "objects: [secrets, serviceaccounts, widgts]")
	want := `2 of 3 pieces could not be captured: secrets: secrets is forbidden: User "dev" cannot list resource "secrets"; widgts: the server has no kind "widgts"; if it is a custom resource, apply its CustomResourceDefinition first`
	if err == nil || err.Error() != want || step.VerdictOf(err) != step.Errored {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if diff := cmp.Diff([]string{"serviceaccounts.yaml"}, names(out)); diff != "" || len(out["problems"].([]any)) != 2 {
		t.Errorf("%s %v", diff, out["problems"])
	}
}

func TestCancelEndsIt(t *testing.T) {
	c := kubetest.New(t)
	ctx, cancel := context.WithCancel(t.Context())
	c.Host.OnProgress = func(string) { cancel() }
	_, err := steptest.Use{Definition: capture.New(c.Env), Run: c.Run}.Do(ctx, t, "objects: [serviceaccounts, pods]\nlogs: true")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
