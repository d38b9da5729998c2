// Package endtoend tests the program as its users see it: the real binary, real processes and a real API server.
package endtoend

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// patience bounds every wait of these tests.
const patience = 30 * time.Second

// suite is what all tests share: the program, a cache folder of their own, and one sandbox that most of them use.
var suite struct {
	binary string
	cache  string
	shared *served
}

func TestMain(m *testing.M) {
	code, err := runSuite(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func runSuite(m *testing.M) (int, error) {
	binary, err := filepath.Abs(filepath.Join("..", "..", "bin", "scenario-runner-sandbox"))
	if err != nil {
		return 0, err
	}
	if given := os.Getenv("SCENARIO_RUNNER_SANDBOX_BINARY"); given != "" {
		binary = given
	}
	if _, err := os.Stat(binary); err != nil {
		return 0, fmt.Errorf("the program is not built: %w; run make -C sandbox build", err)
	}
	suite.binary = binary
	if suite.cache, err = os.MkdirTemp("", "sandbox-test-"); err != nil {
		return 0, err
	}
	defer os.RemoveAll(suite.cache)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if suite.shared, err = serve(ctx, "--name", "shared", "--nodes", "4"); err != nil {
		return 0, err
	}
	fmt.Printf("the shared sandbox was up after %d ms\n", suite.shared.ready.StartupMillis)
	code := m.Run()
	return code, suite.shared.end()
}

// ready is the line that serve prints.
type ready struct {
	Name          string `json:"name"`
	Kubeconfig    string `json:"kubeconfig"`
	Context       string `json:"context"`
	Server        string `json:"server"`
	StartupMillis int64  `json:"startupMillis"`
}

// served is a sandbox in the foreground.
type served struct {
	command  *exec.Cmd
	stdin    io.WriteCloser
	problems *strings.Builder
	ready    ready
	config   *rest.Config
	client   kubernetes.Interface
}

// serve starts a sandbox and waits until it is ready.
func serve(ctx context.Context, arguments ...string) (*served, error) {
	s := &served{problems: &strings.Builder{}}
	// It outlives the context of a test, so that cleaning up can still use it; the pipe ends it with this process.
	s.command = program(context.WithoutCancel(ctx), append([]string{"serve", "--parent-stdin"}, arguments...)...)
	s.command.Stderr = s.problems
	var err error
	if s.stdin, err = s.command.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := s.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.command.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		ended := s.command.Wait()
		return nil, fmt.Errorf("serve ended before it was ready: %w: %s", ended, s.problems)
	}
	if err := json.Unmarshal([]byte(line), &s.ready); err != nil {
		return nil, fmt.Errorf("read %q: %w", line, err)
	}
	if s.config, err = clientcmd.BuildConfigFromFlags("", s.ready.Kubeconfig); err != nil {
		return nil, err
	}
	s.config.QPS = -1
	s.client, err = kubernetes.NewForConfig(s.config)
	return s, err
}

// end lets the sandbox end as it does when its parent dies.
func (s *served) end() error {
	if err := s.stdin.Close(); err != nil {
		return err
	}
	if err := s.command.Wait(); err != nil {
		return fmt.Errorf("serve ended badly: %w: %s", err, s.problems)
	}
	return nil
}

// program prepares a call of the program in the cache folder of these tests.
func program(ctx context.Context, arguments ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, suite.binary, arguments...)
	command.Env = append(os.Environ(), "XDG_CACHE_HOME="+suite.cache, "SCENARIO_RUNNER_COMMAND=scenario-runner sandbox")
	return command
}

// call runs the program and returns what it prints and its exit code.
func call(t *testing.T, arguments ...string) (out, problems string, code int) {
	t.Helper()
	// Also for calls that clean up after a test, whose own context has ended by then.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 2*patience)
	defer cancel()
	command := program(ctx, arguments...)
	var stdout, stderr strings.Builder
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil && command.ProcessState == nil {
		t.Fatalf("run %q: %v", arguments, err)
	}
	return stdout.String(), stderr.String(), command.ProcessState.ExitCode()
}

// folder is where a sandbox of these tests keeps its files.
func folder(name string) string {
	return filepath.Join(suite.cache, "scenario-runner", "sandbox", name)
}
