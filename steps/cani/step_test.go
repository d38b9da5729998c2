package cani_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/cani"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

func TestContract(t *testing.T) {
	steptest.Contract(t, cani.New(kube.NewEnv(kube.Options{})))
}

func TestCompileReportsMistakes(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"nothing", "namespaces: a", "step.yaml:1:1: canI needs \"who\": who is asked about [missing-field]\nstep.yaml:1:1: canI needs allowed or denied: what is expected [missing-field]\n"},
		{"row", "table: [{who: me}]", "step.yaml:1:9: a row of the table needs allowed or denied: what is expected [missing-field]\n"},
		{"no rows", "table: []", "step.yaml:1:1: the table has no rows [invalid-value]\n"},
		{"who", "who: alice\nallowed: get pods", `step.yaml:1:6: "alice" does not say who: write serviceaccount/NAME, serviceaccount/NAMESPACE/NAME, user/NAME, group/NAME, or me [invalid-value]` + "\n"},
		{"kind of people", "who: users/alice\nallowed: get pods", `step.yaml:1:6: "users" is no kind of people; did you mean "user"?; write serviceaccount/NAME, serviceaccount/NAMESPACE/NAME, user/NAME, group/NAME, or me [invalid-value]` + "\n"},
		{"permission", "who: me\nallowed: pods", `step.yaml:2:10: allowed: "pods" is not a permission: write verbs and resources, as in get,list pods [invalid-value]` + "\n"},
		{"comma", "who: me\nallowed: \"get, list pods\"", `step.yaml:2:10: allowed: "get, list pods" is not a permission: write verbs and resources, as in get,list pods [invalid-value]` + "\n"},
		{"comma at the end", "who: me\nallowed: \"get,list, pods,\"", `step.yaml:2:10: allowed: "get,list, pods," is not a permission: there is nothing beside one of its commas [invalid-value]` + "\n"},
		{"both", "who: me\nallowed: \"get,list pods\"\ndenied: [delete pods, list pods]", `step.yaml:3:23: "list pods" is expected to be allowed as well [invalid-value]` + "\n"},
		{"known later", "who: ${{ vars.who }}\nallowed: ${{ vars.allowed }}", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, diags := steptest.Use{Definition: cani.New(kube.NewEnv(kube.Options{}))}.Compile(t, tt.body)
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

// grants lets a service account, a user and a group do some things in the namespace of the test.
func grants(t *testing.T) *kubetest.Cluster {
	t.Helper()
	c := kubetest.New(t)
	c.Apply(t, "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: remediator}\n")
	c.Apply(t, `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: fixes}
rules:
  - {apiGroups: [""], resources: [pods], verbs: [get, list]}
  - {apiGroups: [""], resources: [pods/eviction], verbs: [create]}
  - {apiGroups: [apps], resources: [deployments], verbs: [patch]}
  - {apiGroups: [""], resources: [configmaps], resourceNames: [settings], verbs: [update]}
`)
	c.Apply(t, `
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: fixes}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: fixes}
subjects:
  - {kind: ServiceAccount, name: remediator}
  - {kind: User, name: alice, apiGroup: rbac.authorization.k8s.io}
  - {kind: Group, name: developers, apiGroup: rbac.authorization.k8s.io}
`)
	// Authorizers see new roles a moment later than their readers.
	for range 1000 {
		if _, err := (steptest.Use{Definition: cani.New(c.Env), Run: c.Run}).Do(t.Context(), t, "who: serviceaccount/remediator\nallowed: get pods"); err == nil {
			return c
		}
	}
	t.Fatal("the role has no effect")
	return nil
}

func TestMatrix(t *testing.T) {
	c := grants(t)
	use := steptest.Use{Definition: cani.New(c.Env), Run: c.Run}
	out, err := use.Do(t.Context(), t, `
who: [serviceaccount/remediator, sa/`+c.Target.Namespace+`/remediator, user/alice, group/developers]
allowed: ["get,list pods", create pods/eviction, patch deployments.apps, {verbs: update, resources: configmaps, name: settings}]
denied: ["delete,watch pods", "* secrets", update configmaps, create pods, delete nodes, get /metrics, patch statefulsets]
table:
  - {who: serviceaccount/remediator, namespaces: [default, "*"], denied: get pods}
  - {who: me, namespaces: "*", allowed: ["* *", "get,delete nodes", get /metrics]}
  - {who: user/alice, allowed: get /version}
  - {who: group/system:unauthenticated, denied: get pods}
`)
	if err != nil {
		t.Fatal(err)
	}
	if out["allowed"] != 4*5+4+1 || out["denied"] != 4*8+2+1 || out["wrong"] != 0 {
		t.Errorf("allowed %v, denied %v, wrong %v", out["allowed"], out["denied"], out["wrong"])
	}
	cell := out["cells"].([]any)[0].(map[string]any)
	want := map[string]any{"who": "serviceaccount/remediator", "verb": "get", "resource": "pods", "name": "", "namespace": c.Target.Namespace, "allowed": true, "expected": true, "reason": cell["reason"]}
	if diff := cmp.Diff(want, cell); diff != "" || !strings.Contains(fmt.Sprint(cell["reason"]), `RoleBinding "fixes/`) {
		t.Errorf("%s %v", diff, cell["reason"])
	}
}

// TestUseIsAskedInTheNamespaceOfThePod grants the use of objects without a namespace to the pods of one.
func TestUseIsAskedInTheNamespaceOfThePod(t *testing.T) {
	c := grants(t)
	class := c.Target.Namespace
	c.Apply(t, "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: "+class+"}\nrules: [{apiGroups: [scheduling.k8s.io], resources: [priorityclasses], resourceNames: ["+class+"], verbs: [use]}]\n")
	c.Apply(t, "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: use}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "+class+"}\nsubjects: [{kind: ServiceAccount, name: remediator}]\n")
	use := steptest.Use{Definition: cani.New(c.Env), Run: c.Run}
	body := "who: serviceaccount/remediator\nallowed: {verbs: use, resources: priorityclasses, name: " + class + "}\n" +
		"denied: {verbs: get, resources: priorityclasses, name: " + class + "}\ntable: [{who: serviceaccount/remediator, namespaces: default, denied: {verbs: use, resources: priorityclasses, name: " + class + "}}]"
	var out map[string]any
	var err error
	for range 1000 { // authorizers see new roles a moment later than their readers
		if out, err = use.Do(t.Context(), t, body); err == nil {
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	var asked []string
	for _, cell := range out["cells"].([]any) {
		asked = append(asked, cell.(map[string]any)["verb"].(string)+" in "+cell.(map[string]any)["namespace"].(string))
	}
	if diff := cmp.Diff([]string{"use in " + class, "get in ", "use in default"}, asked); diff != "" {
		t.Error(diff)
	}
}

func TestFailureShowsATable(t *testing.T) {
	c := grants(t)
	_, err := steptest.Use{Definition: cani.New(c.Env), Run: c.Run}.Do(t.Context(), t, "who: user/alice\nallowed: [\"get,delete pods\", delete nodes]\ndenied: [list pods, get secrets]")
	var failure *step.Failure
	if !errors.As(err, &failure) || failure.Verdict != step.Failed {
		t.Fatalf("got %v", err)
	}
	place := c.Target.Namespace
	if want := "3 of 5 permissions are not as expected: user/alice may not delete pods in namespace " + place; failure.Message != want {
		t.Errorf("got  %s\nwant %s", failure.Message, want)
	}
	lines := failure.Sections[0].Lines
	blank := strings.Repeat(" ", len(place))
	want := []string{
		"who         verb    resource  namespace" + blank[len("namespace"):] + "  expected  is       reason",
		"user/alice  delete  pods      " + place + "  allowed   denied",
		"user/alice  delete  nodes     " + blank + "  allowed   denied",
		"user/alice  list    pods      " + place + `  denied    allowed  RBAC: allowed by RoleBinding "fixes/` + place + `" of Role "fixes" to User "alice"`,
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
	if whole := failure.Sections[1]; !whole.Detail || len(whole.Lines) != 6 {
		t.Errorf("the whole matrix is %v", whole)
	}
	_, err = steptest.Use{Definition: cani.New(c.Env), Run: c.Run}.Do(t.Context(), t, "who: me\ndenied: get nodes")
	if want := "1 of 1 permissions are not as expected: me may get nodes, which was to be denied"; err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

func TestVerdicts(t *testing.T) {
	c := kubetest.New(t)
	tests := []struct {
		name, body string
		verdict    step.Verdict
		want       string
	}{
		{"no account", "who: serviceaccount/nobody\ndenied: get secrets", step.Inconclusive, "serviceaccount/nobody does not exist in namespace " + c.Target.Namespace + ", so what it may do proves nothing"},
		{"no resource", "who: user/alice\ndenied: get secretz", step.Errored, `the server has no kind "secretz"; did you mean "secret"?`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := steptest.Use{Definition: cani.New(c.Env), Run: c.Run}.Do(t.Context(), t, tt.body)
			if err == nil || step.VerdictOf(err) != tt.verdict || err.Error() != tt.want {
				t.Errorf("got  %v (%s)\nwant %s (%s)", err, step.VerdictOf(err), tt.want, tt.verdict)
			}
		})
	}
}

func TestWhoMayNotAskIsTold(t *testing.T) {
	proxy := kubetest.NewProxy(t, kubetest.Kubeconfig(t), func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/subjectaccessreviews") {
			return false
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","message":"subjectaccessreviews is forbidden","reason":"Forbidden","code":403}`)
		return true
	}, nil)
	c := kubetest.NewOn(t, proxy.Kubeconfig)
	_, err := steptest.Use{Definition: cani.New(c.Env), Run: c.Run}.Do(t.Context(), t, "who: user/alice\ndenied: get secrets")
	if want := "ask whether user/alice may get secrets: subjectaccessreviews is forbidden"; err == nil || err.Error() != want || step.VerdictOf(err) != step.Errored {
		t.Errorf("got %v", err)
	}
}

func TestCancelEndsIt(t *testing.T) {
	c := kubetest.New(t)
	ctx, cancel := context.WithCancel(t.Context())
	c.Host.OnProgress = func(string) { cancel() }
	_, err := steptest.Use{Definition: cani.New(c.Env), Run: c.Run}.Do(ctx, t, "who: user/alice\ndenied: get secrets")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
