package kubetest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// Sandbox is a cluster in the box that ends with the test process.
type Sandbox struct {
	Name       string `json:"name"`
	Kubeconfig string `json:"kubeconfig"`

	binary  string
	stdin   *os.File // the sandbox ends when this is closed, by us or by our end
	command *exec.Cmd
}

// OwnSandbox starts a sandbox for one test, which may then break it. It ends with the test.
func OwnSandbox(t testing.TB) *Sandbox {
	t.Helper()
	sandbox, err := startSandbox(2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = sandbox.stdin.Close() // its end is what counts
		_ = sandbox.command.Wait()
	})
	return sandbox
}

// Restart kills a component of the sandbox, such as kube-apiserver, and starts it again after the pause. It returns when
// the component is up again.
func (s *Sandbox) Restart(ctx context.Context, component string, pause time.Duration) error {
	output, err := exec.CommandContext(ctx, s.binary, "restart", "--name", s.Name, "--pause", pause.String(), component).CombinedOutput()
	if err != nil {
		return fmt.Errorf("restart %s: %w\n%s", component, err, output)
	}
	return nil
}

// shared is the sandbox of the process. It is the one package-level variable: a control plane per test would take
// seconds each.
var shared = sync.OnceValues(func() (*Sandbox, error) { return startSandbox(5) })

// Binary returns the path of a program that `make build` makes.
func Binary(name string) (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, ".git")); err == nil {
			break
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("the test does not run inside the repository, so bin/%s can't be found", name)
		}
		dir = parent
	}
	path := filepath.Join(dir, "bin", name)
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("bin/%s is missing; run make build first", name)
	}
	return path, nil
}

// startSandbox starts a sandbox and returns when it can be used. Plain files join the processes, so that no goroutine
// is left for leak checks to find.
func startSandbox(nodes int) (*Sandbox, error) {
	binary, err := Binary("scenario-runner-sandbox")
	if err != nil {
		return nil, err
	}
	stdinReader, stdin, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer stdinReader.Close()
	stdout, stdoutWriter, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer stdoutWriter.Close()
	stderr, err := os.CreateTemp("", "sandbox-of-tests-*.log")
	if err != nil {
		return nil, err
	}
	defer os.Remove(stderr.Name())
	command := exec.Command(binary, "serve", "--parent-stdin", "--nodes", fmt.Sprint(nodes))
	command.Stdin, command.Stdout, command.Stderr = stdinReader, stdoutWriter, stderr
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start the sandbox: %w", err)
	}
	_ = stdoutWriter.Close() // ours; the sandbox has its own, and its end must be seen
	sandbox := &Sandbox{binary: binary, stdin: stdin, command: command}
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err != nil {
		_, _ = stderr.Seek(0, io.SeekStart)
		log, _ := io.ReadAll(stderr)
		return nil, fmt.Errorf("the sandbox did not start: %w\n%s", err, log)
	}
	if err := json.Unmarshal(line, sandbox); err != nil {
		return nil, fmt.Errorf("the sandbox said %q instead of where it is: %w", line, err)
	}
	return sandbox, nil
}
