package supervise

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/scenario-runner/scenario-runner/sandbox/footprint"
	"github.com/scenario-runner/scenario-runner/sandbox/place"
	"github.com/scenario-runner/scenario-runner/sandbox/realnode"
)

const (
	// startAttempts is how often a start is tried when another process takes one of its ports.
	startAttempts = 3
	// aliveWait is how long a supervisor waits for its lock, which a mere question may hold for a moment.
	aliveWait = 2 * time.Second
)

// ErrAlive says that another supervisor runs the sandbox.
var ErrAlive = errors.New("it is already up")

// errStopped is why a sandbox ends that was told to over its control socket.
var errStopped = errors.New("it was told to stop")

// Options say what to run.
type Options struct {
	// Place is where the files go.
	Place place.Place
	// Nodes is the number of simulated nodes.
	Nodes int
	// RealNode says that there is a real node besides.
	RealNode bool
	// Executable is the program that contains the components.
	Executable string
	// Detached says that the sandbox goes on when a component crashes, so that its user can look at it.
	Detached bool
	// OnStart, if given, is called when the files are written and before the components can be used.
	OnStart func(Ready) error
	// OnReady is called once, when the sandbox can be used.
	OnReady func(Ready) error
}

// supervisor is one sandbox that is being run.
type supervisor struct {
	options Options
	started time.Time
	fleet   *fleet
	cluster *cluster
	addons  addons
	// node is the real node, nil without one.
	node *node
	stop context.CancelCauseFunc

	mu    sync.Mutex
	state string
	ready Ready
}

// Run runs a sandbox until the context ends or it is told to stop, and removes its files. It returns nil then, and an
// error if the sandbox could not start or a component has crashed.
func Run(ctx context.Context, options Options) error {
	began := time.Now()
	if options.RealNode {
		if err := realnode.Check(); err != nil {
			return err
		}
	}
	alive, err := takeAlive(ctx, options.Place)
	if err != nil {
		return err
	}
	starter, err := newStarter(options.Executable)
	if err != nil {
		return errors.Join(err, alive.Release())
	}
	err = runWithRetries(ctx, options, starter, began)
	left := removeCgroups(context.WithoutCancel(ctx), options.Place)
	return errors.Join(err, starter.close(), left, options.Place.Remove(), alive.Release())
}

func takeAlive(ctx context.Context, at place.Place) (*place.Lock, error) {
	ctx, cancel := context.WithTimeout(ctx, aliveWait)
	defer cancel()
	ticker := time.NewTicker(readyInterval)
	defer ticker.Stop()
	for {
		lock, err := at.TryAlive()
		if err != nil || lock != nil {
			return lock, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("start sandbox %q: %w", at.Name, ErrAlive)
		case <-ticker.C:
		}
	}
}

func runWithRetries(ctx context.Context, options Options, starter *starter, began time.Time) error {
	for attempt := 1; ; attempt++ {
		err := runOnce(ctx, options, starter, began)
		if attempt == startAttempts || !errors.Is(err, errPortTaken) {
			return err
		}
	}
}

func runOnce(ctx context.Context, options Options, starter *starter, began time.Time) (err error) {
	if err := removeCgroups(ctx, options.Place); err != nil {
		return err
	}
	if err := options.Place.Create(); err != nil {
		return err
	}
	listen, err := choosePorts()
	if err != nil {
		return err
	}
	layout := layout{at: options.Place, listen: listen}
	if options.RealNode {
		if layout.real, err = configureNode(options.Place, options.Executable, listen); err != nil {
			return err
		}
	}
	if err := prepareIdentities(layout, began); err != nil {
		return err
	}
	cluster, err := connect(options.Place)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	s := &supervisor{
		options: options, started: began, cluster: cluster, stop: stop,
		fleet: newFleet(layout, starter),
		state: StateStarting,
		ready: Ready{
			Name: options.Place.Name, Kubeconfig: options.Place.Kubeconfig(),
			Context: ContextName(options.Place.Name), Server: serverURL(listen),
		},
	}
	defer func() { err = errors.Join(err, s.fleet.stopAll()) }()
	if layout.real != nil {
		if s.node, err = openNode(ctx, *layout.real, listen); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.node.close()) }()
	}
	return s.run(ctx)
}

func (s *supervisor) run(ctx context.Context) (err error) {
	closeControl, err := s.serveControl(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeControl()) }()
	if err := s.writeState(s.ready); err != nil {
		return err
	}
	if s.options.OnStart != nil {
		if err := s.options.OnStart(s.ready); err != nil {
			return err
		}
	}
	if err := s.startAll(ctx); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return quietly(cause)
		}
		return s.explainStart(err)
	}
	if err := s.becomeReady(); err != nil {
		return err
	}
	watching := make(chan struct{})
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		defer close(watching)
		footprint.Watch(ctx, footprint.Pauses())
	}()
	err = s.guard(ctx)
	cancel(nil)
	<-watching
	return err
}

// startAll starts the components and fills the cluster. A component that crashes meanwhile ends the waiting.
func (s *supervisor) startAll(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watching := make(chan struct{})
	go func() {
		defer close(watching)
		select {
		case crashed := <-s.fleet.crashed:
			cancel(newCrashError(crashed, s.options.Place.Log(crashed.component)))
		case <-ctx.Done():
		}
	}()
	err := s.startInOrder(ctx)
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	cancel(nil)
	<-watching
	return err
}

func (s *supervisor) startInOrder(ctx context.Context) error {
	if err := s.fleet.start(Etcd, APIServer); err != nil {
		return err
	}
	if s.node != nil {
		// Meanwhile containerd starts.
		if err := s.fleet.start(Node); err != nil {
			return err
		}
	}
	if err := s.cluster.waitAPI(ctx); err != nil {
		return err
	}
	if err := s.fleet.start(ControllerManager, Scheduler, KWOK); err != nil {
		return err
	}
	if s.node != nil {
		if err := s.cluster.registerRealNode(ctx); err != nil {
			return err
		}
		if err := s.joinNode(ctx); err != nil {
			return err
		}
	}
	if err := s.cluster.furnish(ctx, s.simulated()); err != nil {
		return err
	}
	return s.cluster.waitUsable(ctx, s.allNodes())
}

// simulated are the simulated nodes of this sandbox.
func (s *supervisor) simulated() []*corev1.Node {
	return simulatedNodes(s.options.Nodes, s.node != nil)
}

// allNodes is how many nodes there have to be.
func (s *supervisor) allNodes() int {
	if s.node != nil {
		return s.options.Nodes + 1
	}
	return s.options.Nodes
}

// explainStart tells a lost race for a port from other failures of a start.
func (s *supervisor) explainStart(err error) error {
	var crash *CrashError
	if errors.As(err, &crash) && strings.Contains(crash.Tail, "address already in use") {
		return fmt.Errorf("%w: %w", errPortTaken, err)
	}
	return fmt.Errorf("start sandbox %q: %w", s.options.Place.Name, err)
}

func (s *supervisor) becomeReady() error {
	s.mu.Lock()
	s.state = StateUp
	s.ready.StartupMillis = time.Since(s.started).Milliseconds()
	ready := s.ready
	s.mu.Unlock()
	if err := s.writeState(ready); err != nil {
		return err
	}
	return s.options.OnReady(ready)
}

// State is what the supervisor leaves in the sandbox's folder for those who must end it without its help.
type State struct {
	Ready
	// PID is the process id of the supervisor; it means something only while the supervisor holds its lock.
	PID int `json:"pid"`
}

func (s *supervisor) writeState(ready Ready) error {
	content, err := json.MarshalIndent(State{Ready: ready, PID: os.Getpid()}, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the state of sandbox %q: %w", s.options.Place.Name, err)
	}
	return s.options.Place.Write(s.options.Place.State(), content)
}

// guard waits for the end of the sandbox.
func (s *supervisor) guard(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return quietly(context.Cause(ctx))
		case crashed := <-s.fleet.crashed:
			if s.options.Detached {
				continue
			}
			return fmt.Errorf("sandbox %q is broken: %w", s.options.Place.Name,
				newCrashError(crashed, s.options.Place.Log(crashed.component)))
		}
	}
}

// quietly drops the reasons that are no failures: the caller asked for the end.
func quietly(cause error) error {
	if errors.Is(cause, errStopped) || errors.Is(cause, context.Canceled) {
		return nil
	}
	return cause
}

func (s *supervisor) status(ctx context.Context) Status {
	now := time.Now()
	s.mu.Lock()
	status := Status{
		Ready: s.ready, State: s.state, PID: os.Getpid(), Detached: s.options.Detached,
		UptimeSeconds: int64(now.Sub(s.started).Seconds()),
		MemoryBytes:   footprint.Resident(os.Getpid()),
	}
	s.mu.Unlock()
	if s.node != nil {
		status.RealNode = realnode.Name
	}
	for _, name := range s.fleet.names() {
		component := componentStatus(name, s.fleet.get(name), s.options.Place.Log(name), now)
		status.Components = append(status.Components, component)
		status.MemoryBytes += component.MemoryBytes
		if component.State != StateRunning && status.State == StateUp {
			status.State = StateBroken
		}
	}
	if s.node != nil {
		for _, part := range s.nodeStatus(ctx) {
			status.Components = append(status.Components, part)
			status.MemoryBytes += part.MemoryBytes
		}
	}
	nodes, err := s.cluster.countNodes(ctx)
	if err != nil {
		status.Problem = err.Error()
	}
	status.Nodes = nodes
	return status
}

// restart restarts a component and waits until the cluster works again.
func (s *supervisor) restart(ctx context.Context, component string, pause time.Duration) error {
	if s.node == nil && (component == Node || isPart(component)) {
		return fmt.Errorf("there is no %s: the sandbox has no real node; bring one up with --node real", component)
	}
	if isPart(component) {
		return s.node.restart(ctx, realnode.Part(component), pause)
	}
	if err := s.fleet.restart(ctx, component, pause); err != nil {
		return err
	}
	if err := s.cluster.waitAPI(ctx); err != nil {
		return err
	}
	if component == Node {
		return s.joinNode(ctx)
	}
	return nil
}

// grow adds simulated nodes and waits for them.
func (s *supervisor) grow(ctx context.Context, nodes int) error {
	if err := s.cluster.addNodes(ctx, simulatedNodes(nodes, s.node != nil)); err != nil {
		return err
	}
	s.mu.Lock()
	s.options.Nodes = max(s.options.Nodes, nodes)
	expected := s.allNodes()
	s.mu.Unlock()
	return s.cluster.waitNodes(ctx, expected)
}
