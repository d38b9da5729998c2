package supervise

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/sandbox/place"
)

func TestTail(t *testing.T) {
	for name, test := range map[string]struct{ content, want string }{
		"short":              {"one\ntwo\n", "one\ntwo"},
		"long":               {"one\ntwo\nthree\nfour\n", "two\nthree\nfour"},
		"without a last end": {"one\ntwo", "one\ntwo"},
		"empty":              {"", ""},
		"the reason of a panic stands before its stack": {
			"start\npanic: no key\n\ngoroutine 1\na\nb\nc\n", "panic: no key\n...\na\nb\nc",
		},
	} {
		file := filepath.Join(t.TempDir(), "log")
		if err := os.WriteFile(file, []byte(test.content), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := Tail(file, 3)
		if err != nil || got != test.want {
			t.Errorf("%s: found %q, %v, expected %q", name, got, err, test.want)
		}
	}
}

func TestTailOfALargeLog(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(file, []byte(strings.Repeat("a line of the log\n", 20_000)+"the end\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := Tail(file, 2)
	if err != nil || got != "a line of the log\nthe end" {
		t.Errorf("found %q, %v", got, err)
	}
}

func TestCrashErrorSaysWhatHappened(t *testing.T) {
	err := &CrashError{Component: "etcd", Exit: "exit status 2", Tail: "one\ntwo"}
	want := "etcd has ended by itself (exit status 2); the end of its log:\n  one\n  two"
	if err.Error() != want {
		t.Errorf("found %q, expected %q", err, want)
	}
}

func TestComponentEnvironment(t *testing.T) {
	got := componentEnvironment([]string{
		"HOME=/home/user", "KUBECONFIG=/elsewhere", "HTTPS_PROXY=proxy", "http_proxy=proxy", "ETCD_NAME=x", "GOGC=10",
	}, Etcd)
	if diff := cmp.Diff([]string{"HOME=/home/user", "GOGC=50"}, got); diff != "" {
		t.Errorf("the environment differs (-want +got):\n%s", diff)
	}
}

func TestCheckComponent(t *testing.T) {
	err := CheckComponent("scheduler")
	want := `unknown component "scheduler": expected one of etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kwok, node, containerd, cluster-dns, kubelet, kube-proxy`
	if err == nil || err.Error() != want {
		t.Errorf("found %v, expected %s", err, want)
	}
}

func TestChosenPortsDiffer(t *testing.T) {
	chosen, err := choosePorts()
	if err != nil {
		t.Fatal(err)
	}
	if chosen.api == chosen.kubelet || chosen.api == 0 || chosen.kubelet == 0 {
		t.Errorf("found %+v", chosen)
	}
}

// TestNothingListensOutsideTheLoopbackAddress guards what makes a sandbox harmless.
func TestNothingListensOutsideTheLoopbackAddress(t *testing.T) {
	at, err := place.Root{Path: "/cache"}.Place("one")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{
		Etcd: {
			"--listen-client-urls=unix:///cache/one/sockets/etcd.sock", "--listen-peer-urls=unix:///cache/one/sockets/peer.sock",
		},
		APIServer:         {"--bind-address=127.0.0.1", "--secure-port=6443", "--authorization-mode=Node,RBAC"},
		ControllerManager: {"--secure-port=0", "--use-service-account-credentials=true"},
		Scheduler:         {"--secure-port=0"},
		KWOK:              {"--listen=127.0.0.1:10250"},
	}
	layout := layout{at: at, listen: ports{api: 6443, kubelet: 10250}}
	for _, component := range []string{Etcd, APIServer, ControllerManager, Scheduler, KWOK} {
		flags := map[string]bool{}
		for _, flag := range layout.arguments(component) {
			flags[flag] = true
			if strings.Contains(flag, "0.0.0.0") || strings.Contains(flag, "insecure") {
				t.Errorf("%s: found %s", component, flag)
			}
		}
		for _, flag := range want[component] {
			if !flags[flag] {
				t.Errorf("%s: expected %s", component, flag)
			}
		}
	}
}
