package builtin

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// shells are the shells of this machine that containers have, too.
func shells(t *testing.T) [][]string {
	t.Helper()
	var out [][]string
	for _, words := range [][]string{{"dash"}, {"bash"}, {"busybox", "sh"}} {
		if _, err := exec.LookPath(words[0]); err == nil {
			out = append(out, words)
		}
	}
	if len(out) == 0 {
		t.Fatal("none of dash, bash and busybox is installed")
	}
	return out
}

// here runs the scripts of the driver on this machine, as they would run in a container, with a folder of their own.
func (p *plot) here(shell []string) {
	home, err := os.MkdirTemp("/dev/shm", "load") // a part of its free space is written, which may be much on a disk
	if err != nil {
		p.t.Fatal(err)
	}
	p.inner = func(script string) (int, string, error) {
		command := exec.Command(shell[0], append(shell[1:], "-c", script)...)
		command.Env = append(os.Environ(), "TMPDIR="+home)
		out, err := command.CombinedOutput()
		if command.ProcessState == nil {
			return 0, "", err
		}
		return command.ProcessState.ExitCode(), string(out), nil
	}
	p.t.Cleanup(func() {
		defer func() { _ = os.RemoveAll(home) }()
		if left, _ := filepath.Glob(filepath.Join(home, ".scenario-runner*")); len(left) > 0 {
			p.t.Errorf("files are left: %v", left)
		}
	})
}

// limited gives the pod of the plot limits, which a pod can only have from its beginning.
func (p *plot) limited(resources string) {
	p.t.Helper()
	p.Apply(p.t, "apiVersion: v1\nkind: Pod\nmetadata: {name: limited}\nspec: {containers: [{name: app, image: a, resources: {limits: "+resources+"}}]}\n")
	p.Until(p.t, "pod/limited", func(o *unstructured.Unstructured) bool { return condition(o, "Ready") == "True" })
	p.target = "limited"
}

// TestLoads makes each load for real, in each shell: its processes run on this machine instead of in a container.
func TestLoads(t *testing.T) {
	for _, shell := range shells(t) {
		p := newPlot(t)
		p.here(shell)
		p.limited("{cpu: 100m, ephemeral-storage: 4Mi}")
		for name, given := range map[string]map[string]any{
			"pod-cpu-hog":    nil,
			"pod-memory-hog": {"megabytes": 40},
			"disk-fill":      {"fill": 50},
			"pod-io-stress":  {"fill": 1, "workers": 2},
		} {
			t.Run(shell[0]+"/"+name, func(t *testing.T) {
				fault := p.must(name, given)
				for _, stage := range []func(context.Context) error{fault.Inject, fault.Proof, fault.Remove, fault.Gone} {
					if err := stage(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				if fault.Result().Hit != 1 || len(p.Host.Open()) > 0 {
					t.Errorf("result %v, ledger %v", fault.Result(), p.Host.Open())
				}
			})
		}
	}
}

// A run that was killed leaves its ledger; whoever works it off ends the load.
func TestLoadOfAKilledRun(t *testing.T) {
	for name, given := range map[string]map[string]any{
		"pod-cpu-hog": nil, "pod-memory-hog": {"megabytes": 20}, "disk-fill": {"fill": 50}, "pod-io-stress": {"fill": 1, "workers": 2},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlot(t)
			p.here(shells(t)[0])
			p.limited("{cpu: 100m, ephemeral-storage: 4Mi}")
			fault := p.must(name, given)
			for _, stage := range []func(context.Context) error{fault.Inject, fault.Proof} {
				if err := stage(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if err := p.Host.Close(); err != nil { // what cleanup does with the ledger
				t.Fatal(err)
			}
			if now, err := fault.(*load).measure(t.Context(), fault.(*load).parts[0]); err != nil || now.Processes > 0 || now.Written > 0 {
				t.Errorf("left is %v, %v", now, err)
			}
		})
	}
}

// A load ends when its time is over, though nobody comes to end it.
func TestLoadEndsByItself(t *testing.T) {
	p := newPlot(t)
	p.here(shells(t)[0])
	for id, script := range map[string]string{
		"cpu": processorLoad.start("cpu", 1, 1), "memory": memoryLoad.start("memory", 1, 5),
		"disk": diskLoad.start("disk", 1, 100), "traffic": trafficLoad.start("traffic", 1, 1, 1),
	} {
		if code, out, err := p.inner(script); code != 0 || err != nil {
			t.Fatal(id, code, out, err)
		}
		l := &load{request: p.request("pod-cpu-hog", nil), reach: p.reach()}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		if err := l.poll(ctx, &loadPart{pod: p.pod(), container: "app", id: id}, func(now toll) (bool, string) {
			return now.Processes == 0 && now.Written == 0, id
		}); err != nil {
			t.Errorf("%s did not end: %v", id, err)
		}
	}
}

func TestLoadSaysWhatItCannotDo(t *testing.T) {
	p := newPlot(t)
	p.limited("{cpu: 100m}")
	tests := []struct {
		name  string
		given map[string]any
		code  int
		out   string
		want  string
	}{
		{"pod-memory-hog", nil, noShell, "", `container "app" of Pod/limited has no shell to do pod-memory-hog with; use driver: litmus`},
		{"pod-memory-hog", nil, noTool, "tail\n", `container "app" of Pod/limited has no program "tail" to do pod-memory-hog with; use driver: litmus`},
		{"pod-cpu-hog", map[string]any{"load": 50}, 0, "", "the builtin driver keeps processors of real pods busy all the time; leave load: 50 out, or use driver: litmus"},
		{"disk-fill", nil, 0, "", `disk-fill fills a part of limits.ephemeral-storage, which container "app" of Pod/limited does not have; set it, or use driver: litmus`},
		{"pod-cpu-hog", map[string]any{"container": "ap"}, 0, "", `Pod/limited has no container "ap"; did you mean "app"?`},
	}
	for _, tt := range tests {
		p.inner = func(string) (int, string, error) { return tt.code, tt.out, nil }
		if _, err := p.fault(tt.name, tt.given); err == nil || err.Error() != tt.want {
			t.Errorf("got  %v\nwant %s", err, tt.want)
		}
	}
	p.inner = func(script string) (int, string, error) {
		if strings.Contains(script, "sh -c") {
			return noFolder, "", nil
		}
		return 0, "", nil
	}
	want := `container "app" of Pod/limited has no folder that pod-io-stress could write to; use driver: litmus`
	if err := p.must("pod-io-stress", nil).Inject(t.Context()); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// What the kernel or the kubelet does against a load proves it, too.
func TestWhatProvesALoad(t *testing.T) {
	pod := &unstructured.Unstructured{Object: map[string]any{"kind": "Pod", "metadata": map[string]any{"name": "web"}, "spec": map[string]any{
		"containers": []any{map[string]any{"name": "app", "resources": map[string]any{"limits": map[string]any{"cpu": "100m"}}}},
	}}}
	part := &loadPart{pod: pod, container: "app"}
	ran := toll{Processes: 3}
	for name, tt := range map[string]struct {
		seen bool
		what string
		got  func() (bool, string)
	}{
		"enough for a limit": {true, "the load uses 0.06 processors in Pod/web, and could use 0.10", func() (bool, string) {
			return busy(part, 2, ran, toll{Processes: 3, Ticks: 6}, time.Second)
		}},
		"too little": {false, "the load uses 0.04 processors in Pod/web, and could use 0.10", func() (bool, string) {
			return busy(part, 2, ran, toll{Processes: 3, Ticks: 4}, time.Second)
		}},
		"all that there is": {true, "the load uses 0.02 processors in Pod/web, and could use 0.10", func() (bool, string) {
			return busy(part, 2, ran, toll{Processes: 3, Ticks: 2, Waited: 98}, time.Second)
		}},
		"waiting alone": {false, "the load uses 0.00 processors in Pod/web, and could use 0.10", func() (bool, string) {
			return busy(part, 2, ran, toll{Processes: 3, Waited: 200}, time.Second)
		}},
		"a first look": {false, "3 processes of the load run in Pod/web", func() (bool, string) { return busy(part, 2, toll{}, ran, 0) }},
		"memory on the way": {false, "the load has 10 of 40 MiB in Pod/web", func() (bool, string) {
			return taken(part, 40, toll{Processes: 4, Kilobytes: 10240})
		}},
		"killed alone":        {true, "the load has 0 of 40 MiB in Pod/web", func() (bool, string) { return taken(part, 40, toll{Killed: 1}) }},
		"killed with the app": {true, "the load has 0 of 40 MiB in Pod/web", func() (bool, string) { return taken(part, 40, toll{Lost: "was killed for its memory"}) }},
	} {
		if seen, what := tt.got(); seen != tt.seen || what != tt.what {
			t.Errorf("%s: %v %q", name, seen, what)
		}
	}
	for _, text := range []string{"", "load a 0 0 0 0 0 0", "load 1 2 3 4 5 6", "sh: out of memory"} {
		if _, err := readToll(text); err == nil {
			t.Errorf("%q was read", text)
		}
	}
	got, err := readToll("a warning\nload 1 2 3 4 5 6 7\n")
	if diff := cmp.Diff(toll{Processes: 1, Ticks: 2, Kilobytes: 3, Killed: 4, Written: 5, Rounds: 6, Waited: 7}, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

// A container that is gone took its load with it.
func TestLoadOfALostPodNeedsNoEnd(t *testing.T) {
	p := newPlot(t)
	p.inner = func(string) (int, string, error) { return 0, "load 1 0 0 0 0 0 0", nil }
	fault := p.must("pod-cpu-hog", nil)
	if err := fault.Inject(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Target.Delete(t.Context(), kube.Ref{Kind: "pod", Name: "web"}, kube.Deletion{}); err != nil {
		t.Fatal(err)
	}
	p.Until(t, "pod/web", func(o *unstructured.Unstructured) bool { return o == nil })
	p.inner = func(string) (int, string, error) { t.Error("a pod that is gone was asked"); return 0, "", nil }
	for _, stage := range []func(context.Context) error{fault.Remove, fault.Gone} {
		if err := stage(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// A kubelet that evicts a pod whose container ends well may leave no word of it: the pod has only ended, and nobody can look
// into it.
func TestLoadOfAPodThatEnded(t *testing.T) {
	p := newPlot(t)
	p.inner = func(string) (int, string, error) {
		return 0, "", errors.New(`unable to upgrade connection: container not found ("app")`)
	}
	p.Apply(t, `apiVersion: v1
kind: Pod
metadata: {name: done, annotations: {sandbox.scenario-runner.dev/run-for: 100ms}}
spec: {restartPolicy: Never, containers: [{name: app, image: a}]}
`)
	var done *unstructured.Unstructured
	p.Until(t, "pod/done", func(o *unstructured.Unstructured) bool { done = o; return o != nil && ended(o) })
	l := &load{request: p.request("disk-fill", nil), reach: p.reach(), parts: []*loadPart{{pod: done, container: "app", id: "x"}}}
	got, err := l.measure(t.Context(), l.parts[0])
	if diff := cmp.Diff(toll{Lost: "ended"}, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if err := l.Gone(t.Context()); err != nil {
		t.Error(err)
	}
}
