package realnode

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/scenario-runner/scenario-runner/sandbox/image"
	"github.com/scenario-runner/scenario-runner/sandbox/tunnel"
)

const (
	// containerdPatience is how long containerd may take until it answers.
	containerdPatience = 30 * time.Second
	pollInterval       = 20 * time.Millisecond
	tailBytes          = 2 << 10
)

// node is the real node as seen from the first process of its namespaces.
type node struct {
	config   Config
	children *children
	// prepared is closed when containers can be started; problem is then why not.
	prepared chan struct{}
	problem  error
	// crashed receives the first part that has ended without being told to.
	crashed chan *child

	mu       sync.Mutex
	parts    map[Part]*child
	expected map[int]bool
	watching sync.WaitGroup
}

// Run is the first process of the node's namespaces. It returns when the context ends or a part has ended by itself; with
// its process everything else ends.
func Run(ctx context.Context, config Config) error {
	if os.Getpid() != 1 {
		return errors.New("the node needs namespaces of its own: found none, expected to be started by a sandbox")
	}
	if err := config.mountAll(); err != nil {
		return err
	}
	if err := unix.Sethostname([]byte(Name)); err != nil {
		return fmt.Errorf("name the node: %w", err)
	}
	if err := openNetwork(); err != nil {
		return err
	}
	if err := os.Setenv("PATH", searchPath); err != nil {
		return fmt.Errorf("set the search path: %w", err)
	}
	n := &node{
		config: config, children: newChildren(), prepared: make(chan struct{}), crashed: make(chan *child, 1),
		parts: map[Part]*child{}, expected: map[int]bool{},
	}
	return n.run(ctx)
}

func (n *node) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	running.Go(func() { n.children.collect(ctx) })

	listener, err := net.Listen("tcp", net.JoinHostPort(Gateway, strconv.Itoa(n.config.APIPort)))
	if err != nil {
		return fmt.Errorf("listen for callers of the API server: %w", err)
	}
	failed := make(chan error, 2)
	running.Go(func() { failed <- tunnel.Forward(ctx, listener, n.dialAPI) })
	serve, err := n.listenControl(ctx)
	if err != nil {
		return err
	}
	running.Go(func() { failed <- serve() })
	running.Go(func() {
		n.problem = n.prepare(ctx)
		close(n.prepared)
	})
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return err
	case crashed := <-n.crashed:
		return fmt.Errorf("%s has ended by itself (%s); the end of its log:\n%s", crashed.name, crashed.exit(), tail(n.config.Log(Part(crashed.name))))
	}
}

func (n *node) dialAPI(ctx context.Context) (net.Conn, error) {
	var dialer net.Dialer
	return dialer.DialContext(ctx, "unix", n.config.APISocket())
}

// prepare starts containerd and gives it the image that every pod needs.
func (n *node) prepare(ctx context.Context) error {
	if err := n.start(Containerd); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, containerdPatience, fmt.Errorf("containerd does not answer after %s", containerdPatience))
	defer cancel()
	if err := waitSocket(ctx, containerdAddress); err != nil {
		return err
	}
	archive := n.config.file("pause.tar")
	if err := image.WriteFile(archive, PauseImage, []string{n.config.Pause}); err != nil {
		return err
	}
	log, err := os.OpenFile(n.config.Log(Containerd), os.O_CREATE|os.O_APPEND|os.O_WRONLY, fileMode)
	if err != nil {
		return fmt.Errorf("open the log of containerd: %w", err)
	}
	command := exec.Command(program("ctr"), importArguments(containerdAddress, archive)...)
	command.Stdout, command.Stderr = log, log
	err = errors.Join(n.children.run(ctx, "import of the pause image", command), log.Close())
	return errors.Join(err, os.Remove(archive))
}

// waitSocket waits until somebody listens on a socket, which containerd does when it can do its work.
func waitSocket(ctx context.Context, path string) error {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	var dialer net.Dialer
	for {
		connection, err := dialer.DialContext(ctx, "unix", path)
		if err == nil {
			return connection.Close()
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
		}
	}
}

// join starts what makes this a node of the cluster, whose API server answers by now.
func (n *node) join(ctx context.Context) error {
	select {
	case <-n.prepared:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if n.problem != nil {
		return n.problem
	}
	for _, part := range []Part{DNS, Kubelet, Proxy} {
		if err := n.start(part); err != nil {
			return err
		}
	}
	return nil
}

// start starts a part, unless it runs.
func (n *node) start(part Part) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if known := n.parts[part]; known != nil && known.running() {
		return nil
	}
	log, err := os.OpenFile(n.config.Log(part), os.O_CREATE|os.O_APPEND|os.O_WRONLY, fileMode)
	if err != nil {
		return fmt.Errorf("open the log of %s: %w", part, err)
	}
	command := n.command(part)
	command.Stdout, command.Stderr = log, log
	command.Dir = n.config.Folder
	started, err := n.children.start(string(part), command)
	if err := errors.Join(err, log.Close()); err != nil {
		return err
	}
	n.parts[part] = started
	n.watching.Go(func() { n.watch(started) })
	return nil
}

func (n *node) watch(started *child) {
	<-started.done
	n.mu.Lock()
	expected := n.expected[started.pid]
	delete(n.expected, started.pid)
	n.mu.Unlock()
	if expected {
		return
	}
	select {
	case n.crashed <- started:
	default:
		// The first one tells enough.
	}
}

// stop ends a part as a crash would, and leaves it down.
func (n *node) stop(part Part) error {
	n.mu.Lock()
	running := n.parts[part]
	if running == nil || !running.running() {
		n.mu.Unlock()
		return nil
	}
	n.expected[running.pid] = true
	err := running.kill()
	n.mu.Unlock()
	if err != nil {
		return err
	}
	<-running.done
	return nil
}

// command returns how a part is started.
func (n *node) command(part Part) *exec.Cmd {
	c := n.config
	var command *exec.Cmd
	switch part {
	case Containerd:
		command = exec.Command(program("containerd"), "--config", c.file("containerd.toml"))
	case DNS:
		command = exec.Command(c.Program, string(DNS), "--kubeconfig", c.Clients[DNS], "--listen", net.JoinHostPort(Gateway, "53"))
	case Kubelet:
		command = exec.Command(c.Program, string(Kubelet), "--config", c.file("kubelet.yaml"), "--kubeconfig", c.Clients[Kubelet],
			"--hostname-override", Name, "--node-ip", Gateway)
	default:
		command = exec.Command(c.Program, string(Proxy), "--config", c.file("kube-proxy.yaml"))
	}
	command.Env = partEnvironment(os.Environ())
	return command
}

// partEnvironment leaves out what only the first process is told.
func partEnvironment(inherited []string) []string {
	var environment []string
	for _, entry := range inherited {
		if !strings.HasPrefix(entry, "SCENARIO_RUNNER_") {
			environment = append(environment, entry)
		}
	}
	return environment
}

// tail returns the end of a log.
func tail(path string) string {
	file, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err.Error()
	}
	start := max(0, info.Size()-tailBytes)
	content, err := io.ReadAll(io.NewSectionReader(file, start, info.Size()-start))
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(content))
}
