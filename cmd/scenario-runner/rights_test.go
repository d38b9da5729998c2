package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/yaml"

	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

// person is a service account that may do what plan --rbac printed, and no more.
type person struct {
	*fixture
	name       string
	kubeconfig string
}

// hire makes a service account with the roles that are printed for some scenarios. change may take something away first.
func (f *fixture) hire(change func(*rbacv1.ClusterRole), paths ...string) *person {
	f.t.Helper()
	p := &person{fixture: f, name: "person-" + rand.String(8)}
	roles, err := f.command(append([]string{"plan", "--rbac", "--service-account", f.namespace + "/" + p.name}, paths...)...).Output()
	f.must(err)
	for text := range strings.SplitSeq(string(roles), "\n---\n") {
		p.apply(text, change)
	}
	ctx := f.t.Context()
	token, err := f.client.CoreV1().ServiceAccounts(f.namespace).CreateToken(ctx, p.name, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	f.must(err)
	config, err := clientcmd.LoadFromFile(f.kubeconfig)
	f.must(err)
	for _, user := range config.AuthInfos {
		*user = api.AuthInfo{Token: token.Status.Token}
	}
	p.kubeconfig = filepath.Join(f.t.TempDir(), "kubeconfig")
	f.must(clientcmd.WriteToFile(*config, p.kubeconfig))
	return p
}

// apply creates one of the printed objects, which goes with the test.
func (p *person) apply(text string, change func(*rbacv1.ClusterRole)) {
	p.t.Helper()
	ctx, kind := p.t.Context(), metav1.TypeMeta{}
	p.must(yaml.Unmarshal([]byte(text), &kind))
	core, rbac := p.client.CoreV1(), p.client.RbacV1()
	late := context.WithoutCancel(ctx)
	switch kind.Kind {
	case "Namespace": // of the locks, which all share
		space := read[corev1.Namespace](p.t, text)
		_, _ = core.Namespaces().Create(ctx, space, metav1.CreateOptions{})
	case "ServiceAccount":
		_, err := core.ServiceAccounts(p.namespace).Create(ctx, read[corev1.ServiceAccount](p.t, text), metav1.CreateOptions{})
		p.must(err)
	case "ClusterRole":
		role := read[rbacv1.ClusterRole](p.t, text)
		if change != nil {
			change(role)
		}
		_, err := rbac.ClusterRoles().Create(ctx, role, metav1.CreateOptions{})
		p.must(err)
		p.t.Cleanup(func() { _ = rbac.ClusterRoles().Delete(late, role.Name, metav1.DeleteOptions{}) })
	case "ClusterRoleBinding":
		binding := read[rbacv1.ClusterRoleBinding](p.t, text)
		_, err := rbac.ClusterRoleBindings().Create(ctx, binding, metav1.CreateOptions{})
		p.must(err)
		p.t.Cleanup(func() { _ = rbac.ClusterRoleBindings().Delete(late, binding.Name, metav1.DeleteOptions{}) })
	case "Role":
		role := read[rbacv1.Role](p.t, text)
		_, err := rbac.Roles(role.Namespace).Create(ctx, role, metav1.CreateOptions{})
		p.must(err)
		p.t.Cleanup(func() { _ = rbac.Roles(role.Namespace).Delete(late, role.Name, metav1.DeleteOptions{}) })
	case "RoleBinding":
		binding := read[rbacv1.RoleBinding](p.t, text)
		_, err := rbac.RoleBindings(binding.Namespace).Create(ctx, binding, metav1.CreateOptions{})
		p.must(err)
		p.t.Cleanup(func() { _ = rbac.RoleBindings(binding.Namespace).Delete(late, binding.Name, metav1.DeleteOptions{}) })
	default:
		p.t.Fatalf("printed was a %q:\n%s", kind.Kind, text)
	}
}

func read[T any](t *testing.T, text string) *T {
	t.Helper()
	out := new(T)
	if err := yaml.UnmarshalStrict([]byte(text), out); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return out
}

// run runs scenarios as the service account, with the programs of this repository at hand.
func (p *person) run(args ...string) (output string, code int) {
	p.t.Helper()
	c := p.command(append([]string{"run", "--kubeconfig", p.kubeconfig}, args...)...)
	remediator, err := kubetest.Binary("remediator")
	p.must(err)
	c.Env = append(c.Env, "PATH="+filepath.Dir(remediator)+string(os.PathListSeparator)+os.Getenv("PATH"))
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	code = exitCode(c.Run())
	return out.String(), code
}

// everyKind uses the steps that work on a cluster in a namespace that exists before, where changes are taken back one by one.
const everyKind = `apiVersion: scenario-runner/v1
kind: Scenario
metadata: {name: every-kind, namespace: %[1]s}
locks: node/%[2]s
steps:
  - deploy:
      inline:
        - {apiVersion: v1, kind: ConfigMap, metadata: {name: made}, data: {a: b}}
        - {apiVersion: v1, kind: ServiceAccount, metadata: {name: clerk}}
        - {apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: clerk}, rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]}
        - apiVersion: rbac.authorization.k8s.io/v1
          kind: RoleBinding
          metadata: {name: clerk}
          roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: clerk}
          subjects: [{kind: ServiceAccount, name: clerk}]
  - canI: {who: serviceaccount/clerk, allowed: get pods, denied: delete pods}
  - scale: {object: deployment/web, replicas: 3}
  - rollout: {action: restart, object: deployment/web}
  - patch: {object: configmap/settings, patch: {data: {mode: "off"}}}
  - delete: configmap/victim
  - node: {action: cordon, name: %[2]s}
  - exec: {in: deployment/web, command: [ls]}
  - capture: {objects: [pods, events], logs: true}
  - injectChaos: {experiment: pod-delete, target: deployment/web}
  - injectChaos: {experiment: image-pull-failure, target: deployment/web, duration: 100ms}
  - waitFor: {logs: deployment/web, until: len(lines) >= 0}
  - assert: {given: {web: deployment/web, events: {events: {}}}, that: [web.spec.replicas == 3, len(events) >= 0], within: 10s}
`

func (f *fixture) everyKind(node string) string {
	f.t.Helper()
	file := filepath.Join(f.t.TempDir(), "every.scenario.yaml")
	f.must(os.WriteFile(file, fmt.Appendf(nil, everyKind, f.namespace, node), 0o600))
	return file
}

// TestPrintedRolesAreEnough runs scenarios as a service account that may do exactly what plan --rbac printed for them.
func TestPrintedRolesAreEnough(t *testing.T) {
	f := newFixture(t, kubetest.Kubeconfig(t))
	node := f.breakable()
	f.whole(node)
	before := f.harm(node)
	for name, files := range map[string][]string{
		"in a namespace that exists": {f.everyKind(node)},
		"in namespaces of their own": {
			"../../examples/01-deploy.scenario.yaml", "../../examples/06-chaos.scenario.yaml", "../../examples/10-events-and-logs.scenario.yaml",
			"../../examples/11-elsewhere.scenario.yaml", "../../examples/16-steady-state.scenario.yaml", "../../examples/17-many-times.scenario.yaml",
			"../../scenarios/chaos/quota-stops-scale-out.scenario.yaml", "../../scenarios/chaos/drained-node-loses-no-service.scenario.yaml",
			"../../scenarios/chaos/corrupted-secret-is-restored.scenario.yaml", "../../scenarios/chaos/service-disruption-heals.scenario.yaml",
		},
	} {
		t.Run(name, func(t *testing.T) {
			f.t = t
			if output, code := f.hire(nil, files...).run(files...); code != exitPassed {
				t.Errorf("exit code %d\n%s", code, output)
			}
		})
	}
	f.t = t
	f.whole(node)
	if d := cmp.Diff(before, f.harm(node)); d != "" {
		t.Errorf("left behind:\n%s", d)
	}
}

// TestProgramsNeedRightsOfTheirOwn runs stories in which a program gets the kubeconfig: its rights are asked for in the heading,
// and granted here by hand.
func TestProgramsNeedRightsOfTheirOwn(t *testing.T) {
	f := newFixture(t, kubetest.Kubeconfig(t))
	var files []string
	for _, name := range []string{"scale-deployment", "rollback-deployment", "quarantine-pod", "rotate-secrets", "cordon-node", "expand-pvc"} {
		files = append(files, "../../scenarios/operations/"+name+".scenario.yaml")
	}
	printed, err := f.command(append([]string{"plan", "--rbac"}, files...)...).Output()
	f.must(err)
	if want := "# not known before the run, so add what it needs: run "; !strings.Contains(string(printed), want) {
		t.Errorf("%q is missing in\n%s", want, printed)
	}
	p := f.hire(nil, files...)
	p.grant("remediator", rbacv1.PolicyRule{
		APIGroups: []string{"", "apps", "networking.k8s.io"}, Verbs: []string{"create", "delete", "get", "list", "patch", "update", "watch"},
		Resources: []string{"deployments", "deployments/scale", "replicasets", "pods", "nodes", "secrets", "persistentvolumeclaims", "events", "networkpolicies"},
	})
	if output, code := p.run(files...); code != exitPassed {
		t.Errorf("exit code %d\n%s", code, output)
	}
}

// grant gives the service account more than was printed.
func (p *person) grant(name string, rules ...rbacv1.PolicyRule) {
	p.t.Helper()
	meta := fmt.Sprintf("metadata: {name: %s-%s}\n", p.name, name)
	role, err := yaml.Marshal(map[string]any{"rules": rules})
	p.must(err)
	p.apply("kind: ClusterRole\n"+meta+string(role), nil)
	p.apply(fmt.Sprintf("kind: ClusterRoleBinding\n%sroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: %s-%s}\n"+
		"subjects: [{kind: ServiceAccount, name: %s, namespace: %s}]\n", meta, p.name, name, p.name, p.namespace), nil)
}

// TestMissingRightIsNamedBeforeTheRun takes one verb away from what was printed.
func TestMissingRightIsNamedBeforeTheRun(t *testing.T) {
	f := newFixture(t, kubetest.Kubeconfig(t))
	const file = "../../examples/06-chaos.scenario.yaml"
	p := f.hire(func(role *rbacv1.ClusterRole) {
		for i := range role.Rules {
			if role.Rules[i].Resources[0] == "pods" {
				role.Rules[i].Verbs = []string{"get", "list", "watch"}
			}
		}
	}, file)
	output, code := p.run(file)
	context := fmt.Sprintf("context %q of %s", contextIn(t, p.kubeconfig), p.kubeconfig)
	want := "scenario-runner: nothing was run: 1 right is missing\n" +
		"  delete pods, on " + context + "\n" +
		"    for: pod-delete on deployment/web for 2s (../../examples/06-chaos.scenario.yaml:11)\n" +
		"grant them (scenario-runner plan --rbac prints the roles), or try without by --preflight=false\n"
	if d := cmp.Diff(want, output); d != "" || code != exitErrored {
		t.Errorf("exit code %d, -want +got:\n%s", code, d)
	}
	if output, code := p.run("--preflight=false", file); code != exitErrored || !strings.Contains(output, `cannot delete resource "pods"`) {
		t.Errorf("without a look first: exit code %d\n%s", code, output)
	}
	report := f.command("plan", "--rbac", "--kubeconfig", p.kubeconfig, file)
	var said bytes.Buffer
	report.Stderr = &said
	if code := exitCode(report.Run()); code != exitFailed || !strings.Contains(said.String(), "  delete pods, on "+context+"\n") {
		t.Errorf("plan --rbac: exit code %d\n%s", code, said.String())
	}
	full := f.command("plan", "--rbac", "--kubeconfig", f.kubeconfig, file)
	full.Stderr = &said
	said.Reset()
	if code := exitCode(full.Run()); code != exitPassed || !strings.HasSuffix(said.String(), "nothing that is needed is missing\n") {
		t.Errorf("plan --rbac as an administrator: exit code %d\n%s", code, said.String())
	}
}

func contextIn(t *testing.T, kubeconfig string) string {
	t.Helper()
	config, err := clientcmd.LoadFromFile(kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	return config.CurrentContext
}
