//go:build real

package real

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
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

	"github.com/scenario-runner/scenario-runner/sandbox/realnode"
)

const (
	// patience bounds every wait of these tests; a machine that does other work besides needs some.
	patience     = 90 * time.Second
	pollInterval = 50 * time.Millisecond
	appImage     = "localhost/workload:1"
	sharedName   = "real-shared"
)

// suite is what all tests share: the program, a cache folder of their own, and a sandbox with a real node.
var suite struct {
	binary   string
	cache    string
	workload string
	shared   *sandbox
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
	// A machine that can't do it fails these tests: whoever has asked for them believes otherwise that they have passed.
	if err := realnode.Check(); err != nil {
		return 0, err
	}
	var err error
	if suite.binary, err = filepath.Abs(filepath.Join("..", "..", "..", "bin", "scenario-runner-sandbox")); err != nil {
		return 0, err
	}
	if given := os.Getenv("SCENARIO_RUNNER_SANDBOX_BINARY"); given != "" {
		suite.binary = given
	}
	if suite.cache, err = os.MkdirTemp("", "sandbox-real-"); err != nil {
		return 0, err
	}
	defer os.RemoveAll(suite.cache)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	suite.workload = filepath.Join(suite.cache, "workload")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", suite.workload, "./workload")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build the workload: %w: %s", err, output)
	}
	before, err := readMachine()
	if err != nil {
		return 0, err
	}
	if suite.shared, err = serve(ctx, sharedName, "--nodes", "1"); err != nil {
		return 0, err
	}
	fmt.Printf("the sandbox with a real node was up after %d ms\n", suite.shared.ready.StartupMillis)
	if err := loadWorkload(ctx, sharedName); err != nil {
		return 0, errors.Join(err, suite.shared.end())
	}
	code := m.Run()
	if err := suite.shared.end(); err != nil {
		return 0, err
	}
	return code, checkClean(before)
}

// sandbox is one in the foreground.
type sandbox struct {
	command  *exec.Cmd
	stdin    io.WriteCloser
	problems *strings.Builder
	ready    struct {
		Kubeconfig    string `json:"kubeconfig"`
		StartupMillis int64  `json:"startupMillis"`
	}
	config *rest.Config
	client kubernetes.Interface
}

func serve(ctx context.Context, name string, arguments ...string) (*sandbox, error) {
	s := &sandbox{problems: &strings.Builder{}}
	arguments = append([]string{"serve", "--parent-stdin", "--node", "real", "--name", name, "--timeout", "3m"}, arguments...)
	s.command = program(context.WithoutCancel(ctx), arguments...)
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
		return nil, fmt.Errorf("serve ended before it was ready: %w: %s", s.command.Wait(), s.problems)
	}
	if err := json.Unmarshal([]byte(line), &s.ready); err != nil {
		return nil, fmt.Errorf("read %q: %w", line, err)
	}
	s.config, s.client, err = connect(s.ready.Kubeconfig)
	return s, err
}

func connect(kubeconfig string) (*rest.Config, kubernetes.Interface, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, nil, err
	}
	config.QPS = -1
	client, err := kubernetes.NewForConfig(config)
	return config, client, err
}

// end lets the sandbox end as it does when its parent dies.
func (s *sandbox) end() error {
	if err := errors.Join(s.stdin.Close(), s.command.Wait()); err != nil {
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

func loadWorkload(ctx context.Context, sandbox string) error {
	output, err := program(ctx, "load-image", "--name", sandbox, "--image", appImage, suite.workload).CombinedOutput()
	if err != nil {
		return fmt.Errorf("load the image: %w: %s", err, output)
	}
	return nil
}

// call runs the program and returns what it prints and its exit code.
func call(t *testing.T, arguments ...string) (out string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 2*patience)
	defer cancel()
	command := program(ctx, arguments...)
	output, err := command.CombinedOutput()
	if command.ProcessState == nil {
		t.Fatalf("run %q: %v", arguments, err)
	}
	return string(output), command.ProcessState.ExitCode()
}

// until asks again and again until what it is told is as wanted.
func until(t *testing.T, what string, ask func(ctx context.Context) (found string, done bool)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		found, done := ask(ctx)
		if done {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("waited %s for %s; found at last: %s", patience, what, found)
		case <-ticker.C:
		}
	}
}
