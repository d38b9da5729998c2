// Package testparts starts the real programs that tests talk to. `make test-parts` builds them into bin/testparts. It is
// used by tests only.
package testparts

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// readyLimit is how long a part may take to start on a busy machine.
const readyLimit = 30 * time.Second

// Alertmanager starts an Alertmanager with a configuration in YAML and returns its address. It ends with the test.
func Alertmanager(t testing.TB, config string) string {
	t.Helper()
	program := find(t, "alertmanager")
	dir := t.TempDir()
	file := filepath.Join(dir, "alertmanager.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	start(t, dir, program, "--config.file="+file, "--storage.path="+filepath.Join(dir, "data"),
		"--web.listen-address="+address, "--cluster.listen-address=", "--log.level=warn")
	url := "http://" + address
	untilReady(t, url+"/-/ready")
	return url
}

// find looks for a program in bin/testparts of the repository.
func find(t testing.TB, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		path := filepath.Join(dir, "bin", "testparts", name)
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	t.Fatalf("bin/testparts/%s is missing; run make test-parts first", name)
	return ""
}

func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // it only held the port
	return l.Addr().String()
}

// start starts a program that is killed at the end of the test; its output is shown when the test has failed.
func start(t testing.TB, dir, program string, args ...string) {
	t.Helper()
	_ = startIn(t, dir, nil, program, args...) // the end of the test is its end
}

// startIn is start with more of an environment. It returns what kills the program sooner.
func startIn(t testing.TB, dir string, environment []string, program string, args ...string) (kill func()) {
	t.Helper()
	log, err := os.Create(filepath.Join(dir, filepath.Base(program)+".log"))
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(context.WithoutCancel(t.Context()), program, args...)
	command.Stdout, command.Stderr = log, log
	command.Env = append(command.Environ(), environment...)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	kill = sync.OnceFunc(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	t.Cleanup(func() {
		kill()
		if text, err := os.ReadFile(log.Name()); err == nil && t.Failed() {
			t.Logf("output of %s:\n%s", filepath.Base(program), text)
		}
		_ = log.Close()
	})
	return kill
}

func untilReady(t testing.TB, url string) {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), readyLimit, fmt.Errorf("%s is not ready after %s", url, readyLimit))
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			t.Fatal(context.Cause(ctx))
		}
	}
}
