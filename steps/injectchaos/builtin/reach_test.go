package builtin

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/catalogue"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/driver"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

// plot is a scenario with a pod whose inside the test plays: what the driver does with a pod of a real node.
type plot struct {
	*kubetest.Cluster
	t      *testing.T
	inner  func(script string) (int, string, error)
	asked  []string // the scripts
	target string   // name of the pod that is hit
}

func newPlot(t *testing.T) *plot {
	t.Helper()
	p := &plot{Cluster: kubetest.New(t), t: t, target: "web"}
	p.Host = steptest.NewHost(t, append(kubetest.WithoutNamespaceWait(p.Env.Undos()), undos(p.Env, p.reach())...)...)
	run := *p.Run
	run.Host = p.Host
	p.Run = &run
	p.Apply(t, "apiVersion: v1\nkind: Pod\nmetadata: {name: web, labels: {app: web}}\nspec: {containers: [{name: app, image: a}]}\n")
	p.Until(t, "pod/web", func(o *unstructured.Unstructured) bool { return condition(o, "Ready") == "True" })
	return p
}

// request is about the pod, as if it ran on a real node.
func (p *plot) request(name string, given map[string]any) driver.Request {
	p.t.Helper()
	experiment, _ := catalogue.Get(name)
	values, mistakes := experiment.Check(given)
	if len(mistakes) > 0 {
		p.t.Fatal(mistakes)
	}
	return driver.Request{
		Experiment: experiment, Parameters: values, Place: p.Target, Run: p.Run,
		Selection: driver.Selection{Reference: kube.Ref{Kind: "Pod", Name: p.target}},
	}
}

// fault plans an experiment on the pod.
func (p *plot) fault(name string, given map[string]any) (driver.Fault, error) {
	p.t.Helper()
	return builtin{p.reach()}.Plan(p.t.Context(), p.request(name, given))
}

// reach has the test play what is in the pod.
func (p *plot) reach() reach {
	return reach{
		simulated: func(context.Context, *kube.Target, *unstructured.Unstructured) (bool, error) { return false, nil },
		shell: func(_ context.Context, _ *kube.Target, _ *unstructured.Unstructured, container, script string) (int, string, error) {
			p.asked = append(p.asked, container+": "+script)
			return p.inner(script)
		},
		enforcement: 200 * time.Millisecond,
	}
}

func (p *plot) must(name string, given map[string]any) driver.Fault {
	p.t.Helper()
	fault, err := p.fault(name, given)
	if err != nil {
		p.t.Fatal(err)
	}
	return fault
}

func (p *plot) pod() *unstructured.Unstructured {
	p.t.Helper()
	pod, err := p.Target.Get(p.t.Context(), kube.Ref{Kind: "pod", Name: "web"})
	if err != nil {
		p.t.Fatal(err)
	}
	return pod
}

// steer plays the kubelet: the pod is made to do what the signal would do.
func (p *plot) steer(annotation, value string) {
	p.t.Helper()
	body := map[string]any{"metadata": map[string]any{"annotations": map[string]any{steeringPrefix + annotation: value}}}
	if _, err := p.Target.Patch(p.t.Context(), kube.Ref{Kind: "pod", Name: "web"}, kube.Patch{Body: body}); err != nil {
		p.t.Fatal(err)
	}
}

func TestContainerKillOfARealPod(t *testing.T) {
	p := newPlot(t)
	p.inner = func(string) (int, string, error) {
		p.steer("restart-once", "app")
		return 143, "", nil
	}
	fault := p.must("container-kill", nil)
	for _, stage := range []func(context.Context) error{fault.Inject, fault.Proof, fault.Hold, fault.Remove, fault.Gone} {
		if err := stage(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"app: kill -s TERM 1"}, p.asked); diff != "" || fault.Result().Hit != 1 || restarts(p.pod(), "app") != 1 {
		t.Errorf("%v %s", fault.Result(), diff)
	}
	if want := "container-kill sends SIGTERM: a container can't kill its own first process with SIGKILL"; p.Host.Seen()[0] != want {
		t.Errorf("seen %v", p.Host.Seen())
	}
}

func TestContainerKillSaysWhatItCannotDo(t *testing.T) {
	p := newPlot(t)
	tests := []struct {
		code  int
		out   string
		given map[string]any
		want  string
	}{
		{127, "sh: not found", nil, `container "app" of Pod/web has no shell to be killed from; use driver: litmus`},
		{1, "kill: not permitted\n", nil, `container "app" of Pod/web could not be killed, exit code 1: kill: not permitted; use driver: litmus`},
		{0, "", map[string]any{"signal": "9; reboot"}, `"9; reboot" is not a signal; write one such as SIGTERM`},
	}
	for _, tt := range tests {
		p.inner = func(string) (int, string, error) { return tt.code, tt.out, nil }
		if err := p.must("container-kill", tt.given).Inject(t.Context()); err == nil || err.Error() != tt.want {
			t.Errorf("got  %v\nwant %s", err, tt.want)
		}
	}
	if _, err := p.fault("container-kill", map[string]any{"container": "ap"}); err == nil || err.Error() != `Pod/web has no container "ap"; did you mean "app"?` {
		t.Errorf("got %v", err)
	}
}

// enforced plays a network that enforces policies: what the policies take away fails in the pods that they select.
func (p *plot) enforced() (cut bool) {
	p.t.Helper()
	policies, err := p.Target.List(p.t.Context(), kube.Ref{Kind: "networkpolicies"})
	if err != nil {
		p.t.Fatal(err)
	}
	for _, policy := range policies {
		mark, _, _ := unstructured.NestedString(policy.Object, "spec", "podSelector", "matchLabels", isolatedLabel)
		cut = cut || mark != "" && p.pod().GetLabels()[isolatedLabel] == mark
	}
	return cut
}

func TestIsolationWhereThePoliciesAreEnforced(t *testing.T) {
	p := newPlot(t)
	p.inner = func(string) (int, string, error) {
		if p.enforced() {
			return 1, "", nil
		}
		return 0, "", nil
	}
	for _, name := range []string{"pod-network-partition", "dns-failure"} {
		before := p.pod().GetLabels()
		fault := p.must(name, nil)
		for _, stage := range []func(context.Context) error{fault.Inject, fault.Proof, fault.Remove, fault.Gone} {
			if err := stage(t.Context()); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if diff := cmp.Diff(before, p.pod().GetLabels()); diff != "" || p.enforced() || len(p.Host.Open()) > 0 {
			t.Errorf("%s: ledger %v, %s", name, p.Host.Open(), diff)
		}
	}
	if err := p.must("pod-network-partition", nil).Inject(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.Host.Close(); err != nil { // the process was killed, and another one cleans up
		t.Fatal(err)
	}
	if _, marked := p.pod().GetLabels()[isolatedLabel]; marked || p.enforced() {
		t.Errorf("labels are %v", p.pod().GetLabels())
	}
}

func TestPolicyOfADNSFailureLeavesTheOtherPorts(t *testing.T) {
	p := newPlot(t)
	p.inner = func(string) (int, string, error) { return 0, "", nil }
	if err := p.must("dns-failure", nil).Inject(t.Context()); err != nil {
		t.Fatal(err)
	}
	policies, err := p.Target.List(t.Context(), kube.Ref{Kind: "networkpolicies"})
	if err != nil || len(policies) != 1 {
		t.Fatal(policies, err)
	}
	rules, _, _ := unstructured.NestedSlice(policies[0].Object, "spec", "egress")
	ports := rules[0].(map[string]any)["ports"].([]any)
	for _, number := range []int64{1, 52, 53, 54, 443, 65535} {
		open := false
		for _, entry := range ports {
			r := entry.(map[string]any)
			open = open || r["protocol"] == "UDP" && r["port"].(int64) <= number && number <= r["endPort"].(int64)
		}
		if open == (number == 53) {
			t.Errorf("port %d is open: %v", number, open)
		}
	}
}

func TestIsolationThatIsNotProved(t *testing.T) {
	p := newPlot(t)
	tests := []struct {
		name, want string
		code       int
		injected   bool
	}{
		{"a network without policies", "the network of this cluster does not enforce NetworkPolicies: a connection to the API server still works in Pod/web 200ms after the policy was made", 0, true},
		{"nothing to measure with", `pod-network-partition can't be proved: container "app" of Pod/web has neither a shell nor one of nc, curl or bash to measure it with before anything was done`, 97, false},
		{"cut off already", "pod-network-partition can't be proved: a connection to the API server fails in Pod/web before anything was done", 1, false},
	}
	for _, tt := range tests {
		p.inner = func(string) (int, string, error) { return tt.code, "", nil }
		fault := p.must("pod-network-partition", nil)
		err := fault.Inject(t.Context())
		if (err == nil) != tt.injected {
			t.Errorf("%s: Inject gave %v", tt.name, err)
		}
		if err == nil {
			err = fault.Proof(t.Context())
		}
		if err == nil || step.VerdictOf(err) != step.Inconclusive || err.Error() != tt.want {
			t.Errorf("got  %v\nwant %s", err, tt.want)
		}
	}
	tries, cut := 0, &isolation{reach: p.reach(), check: connecting(), container: []string{"app"}, lasting: lasting{
		request: p.request("pod-network-partition", nil), hits: []*hit{{object: p.pod()}},
	}}
	ending, over := context.WithCancel(t.Context())
	p.inner = func(string) (int, string, error) {
		if tries++; tries > 1 {
			over()
			return 0, "", ending.Err()
		}
		return 0, "", nil
	}
	unseen, ok := errors.AsType[*driver.Unseen](cut.each(ending, false))
	if want := "a connection to the API server still works in Pod/web"; !ok || unseen.Last != want {
		t.Errorf("got %v, expected the last word to be %q and not a look that was cut off", unseen, want)
	}
	for _, tt := range []struct {
		given map[string]any
		want  string
	}{
		{map[string]any{"direction": "ingress"}, `the builtin driver can prove a partition by direction both or egress, found "ingress"; for ingress alone use driver: litmus`},
		{map[string]any{"destinations": "shop"}, "the builtin driver cuts pods off from everything; leave destinations out, or use driver: litmus"},
	} {
		if _, err := p.fault("pod-network-partition", tt.given); err == nil || err.Error() != tt.want {
			t.Errorf("got  %v\nwant %s", err, tt.want)
		}
	}
}

// TestScripts runs the scripts in a shell of this machine that knows no programs but those of the test.
func TestScripts(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	run := func(script, tool string, code int) int {
		dir := t.TempDir()
		if tool != "" {
			program := "#!" + shell + "\nexit " + strconv.Itoa(code) + "\n"
			if err := os.WriteFile(filepath.Join(dir, tool), []byte(program), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "timeout"), []byte("#!"+shell+"\nshift\nexec \"$@\"\n"), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		command := exec.CommandContext(t.Context(), shell, "-c", script)
		command.Env = []string{"PATH=" + dir, "KUBERNETES_SERVICE_HOST=127.0.0.1", "KUBERNETES_SERVICE_PORT=1"}
		_ = command.Run() // the exit code is what counts
		return command.ProcessState.ExitCode()
	}
	for c, tools := range map[check][]string{connecting(): {"nc", "curl", "bash"}, resolving(): {"getent", "nslookup"}} {
		if code := run(c.script, "", 0); code != noTool {
			t.Errorf("%s without any program ends with %d", c.what, code)
		}
		for _, tool := range tools {
			for _, want := range []int{0, 1} {
				if code := run(c.script, tool, want); code != want {
					t.Errorf("%s by a %s that ends with %d ends with %d", c.what, tool, want, code)
				}
			}
		}
	}
}

// TestScriptsOfBusyBox tells what its programs can't do: nc may not know -z, and nslookup completes no name with a dot.
func TestScriptsOfBusyBox(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	names := filepath.Join(t.TempDir(), "resolv.conf")
	if err := os.WriteFile(names, []byte("search web.svc.corp.example svc.corp.example corp.example\nnameserver 10.0.0.1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for tool, tt := range map[string]struct{ program, script string }{
		"nc":       {`[ "$1" != -z ] && [ "$3 $4" = "10.0.0.1 443" ]`, connecting().script},
		"nslookup": {`[ "$1" = kubernetes.default.svc.corp.example ]`, strings.ReplaceAll(resolving().script, "/etc/resolv.conf", names)},
	} {
		dir := t.TempDir()
		for name, body := range map[string]string{tool: tt.program, "timeout": "shift\nexec \"$@\""} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte("#!"+shell+"\n"+body+"\n"), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		command := exec.CommandContext(t.Context(), shell, "-c", tt.script)
		command.Env = []string{"PATH=" + dir, "KUBERNETES_SERVICE_HOST=10.0.0.1", "KUBERNETES_SERVICE_PORT=443"}
		if out, err := command.CombinedOutput(); err != nil {
			t.Errorf("%s: %v %s", tool, err, out)
		}
	}
}
