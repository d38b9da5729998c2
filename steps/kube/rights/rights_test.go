package rights

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

func right(what, name string, verbs ...string) step.Right {
	return step.Right{Verbs: verbs, What: what, Name: name, Why: "use " + what}
}

func words(s Set) []string {
	var out []string
	for _, r := range s.Rules {
		text := r.String()
		if r.Helps {
			text += " (helps)"
		}
		out = append(out, text)
	}
	return out
}

func TestRulesAreTheFewestThatCoverAll(t *testing.T) {
	helps := right("pods", "", "list", "watch")
	helps.Helps = true
	changed := right("configmaps", "settings", "get", "patch")
	changed.Beyond = []string{"update"}
	set := Of([]Need{
		{Right: right("deployments.apps", "web", "create", "patch"), Own: true, Makes: true},
		{Right: right("deployments.apps", "web", "get"), Namespace: "shop"},
		{Right: right("deployments.apps/scale", "web", "patch"), Own: true},
		{Right: helps, Own: true},
		{Right: right("pods", "", "list"), Own: true},
		{Right: changed, Namespace: "shop"},
		{Right: changed, Own: true},
		{Right: right("secrets", "a", "get"), Namespace: "shop"},
		{Right: right("secrets", "", "get"), Namespace: "shop"},
		{Right: right("nodes", "worker-1", "get", "list"), Namespace: ""},
		{Right: kube.ClaimRight("", true)},
		{Right: kube.ClaimRight("", false), Own: true},
	})
	want := []string{
		"get, patch configmaps",
		"create, delete, get, list, watch namespaces",
		"list nodes",
		"get nodes worker-1",
		"list pods",
		"create, patch deployments.apps",
		"patch deployments.apps/scale",
		"watch pods (helps)",
		"create, delete, get, list, patch, watch leases.coordination.k8s.io in namespace scenario-runner-locks (helps)",
		"update configmaps settings in namespace shop",
		"get secrets in namespace shop",
		"get deployments.apps web in namespace shop",
	}
	if d := cmp.Diff(want, words(set)); d != "" {
		t.Error(d)
	}
}

func TestWhatIsNeededWinsOverWhatHelps(t *testing.T) {
	helps := right("pods", "", "get")
	helps.Helps = true
	set := Of([]Need{{Right: helps, Own: true}, {Right: right("pods", "web", "get"), Namespace: "shop", At: "a.yaml:3"}})
	want := []Rule{{Resource: "pods", Verbs: []string{"get"}, For: []string{"use pods (a.yaml:3)"}}}
	if d := cmp.Diff(want, set.Rules); d != "" {
		t.Error(d)
	}
}

func TestRolesAreWrittenWithTheirReasons(t *testing.T) {
	helps := right("events", "", "list")
	helps.Helps, helps.Why = true, "explain failures"
	set := Of([]Need{
		{Right: right("pods/exec", "", "create", "get"), Own: true, Makes: true, At: "a.yaml:7"},
		{Right: helps, Own: true},
		{Right: right("*.*", "", "*"), Namespace: "shop", At: "a.yaml:9"},
		{Right: kube.ClaimRight("", true)},
		{Right: step.Right{Why: "run remediator"}, At: "a.yaml:12"},
	})
	var b strings.Builder
	if err := set.Write(&b, "What 1 scenario needs.", Account{"ci", "runner"}); err != nil {
		t.Fatal(err)
	}
	const want = `# What 1 scenario needs.
# not known before the run, so add what it needs: run remediator (a.yaml:12)
apiVersion: v1
kind: ServiceAccount
metadata: {name: runner, namespace: ci}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: runner}
rules:
  # make and remove the own namespaces of scenarios
  - {apiGroups: [""], resources: [namespaces], verbs: [create, delete, get, list, watch]}
  # use pods/exec (a.yaml:7)
  - {apiGroups: [""], resources: [pods/exec], verbs: [create, get]}
  # not needed, but helps to explain failures
  - {apiGroups: [""], resources: [events], verbs: [list]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: runner}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: runner}
subjects: [{kind: ServiceAccount, name: runner, namespace: ci}]
---
# Runs keep each other off what they claim by Leases in this namespace.
apiVersion: v1
kind: Namespace
metadata: {name: scenario-runner-locks}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: runner, namespace: scenario-runner-locks}
rules:
  # not needed, but helps to hold locks across runs
  - {apiGroups: [coordination.k8s.io], resources: [leases], verbs: [create, delete, get, list, patch, watch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: runner, namespace: scenario-runner-locks}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: runner}
subjects: [{kind: ServiceAccount, name: runner, namespace: ci}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: runner, namespace: shop}
rules:
  # use *.* (a.yaml:9)
  - {apiGroups: ["*"], resources: ["*"], verbs: ["*"]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: runner, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: runner}
subjects: [{kind: ServiceAccount, name: runner, namespace: ci}]
`
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Error(d)
	}
}

func TestAccountsAreReadAsNamespaceAndName(t *testing.T) {
	if a, err := ParseAccount("ci/runner"); err != nil || a != (Account{"ci", "runner"}) {
		t.Errorf("found %v, %v", a, err)
	}
	for _, text := range []string{"runner", "/runner", "ci/", "a/b/c"} {
		_, err := ParseAccount(text)
		if want := `"` + text + `" names no service account; write NAMESPACE/NAME`; err == nil || err.Error() != want {
			t.Errorf("%q: found %v, want %s", text, err, want)
		}
	}
}
