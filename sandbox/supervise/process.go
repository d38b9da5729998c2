package supervise

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"github.com/scenario-runner/scenario-runner/sandbox/place"
)

// LifelineVariable tells a component the number of the file descriptor that reaches its end when the supervisor dies.
const LifelineVariable = "SCENARIO_RUNNER_SANDBOX_LIFELINE"

// lifelineDescriptor is the number that the first extra file gets in a child.
const lifelineDescriptor = 3

// process is one run of a component.
type process struct {
	component string
	command   *exec.Cmd
	started   time.Time
	// expected says that the supervisor itself has ended the process.
	expected bool
	// farewell is the signal that ends the process.
	farewell os.Signal
	// done is closed when the process has ended; err is then how.
	done chan struct{}
	err  error
}

// starter starts processes from one operating system thread that lives as long as the supervisor: Linux sends the
// parent-death signal when the *thread* that started a child ends, not when its process does.
type starter struct {
	requests   chan startRequest
	executable string
	lifeline   *os.File
	keepOpen   *os.File
}

type startRequest struct {
	command *exec.Cmd
	result  chan error
}

func newStarter(executable string) (*starter, error) {
	lifeline, keepOpen, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make the lifeline of the components: %w", err)
	}
	s := &starter{
		requests: make(chan startRequest), executable: executable,
		lifeline: lifeline, keepOpen: keepOpen,
	}
	go s.serve()
	return s, nil
}

func (s *starter) serve() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for request := range s.requests {
		request.result <- request.command.Start()
	}
}

// close cuts the lifeline; whatever still runs ends.
func (s *starter) close() error {
	close(s.requests)
	return errors.Join(s.lifeline.Close(), s.keepOpen.Close())
}

// start starts a component with its output going to its log.
func (s *starter) start(component string, arguments []string, at place.Place) (*process, error) {
	how := launch{program: s.executable, arguments: append([]string{component}, arguments...), namespaces: component == Node}
	return s.startProgram(component, how, at)
}

// launch says how a program is started and ended.
type launch struct {
	program   string
	arguments []string
	// folder is the working folder, that of the sandbox when it is not given.
	folder string
	// account, if given, is the user that the program runs as.
	account *syscall.Credential
	// files are open in the program from descriptor 4 on.
	files []*os.File
	// farewell is the signal that ends the program; without one it is killed.
	farewell os.Signal
	// namespaces says that the program gets namespaces of its own, whose first process it is.
	namespaces bool
}

// startProgram starts a program under the name of a component or an add-on.
func (s *starter) startProgram(component string, how launch, at place.Place) (*process, error) {
	log, err := at.OpenLog(component)
	if err != nil {
		return nil, err
	}
	command := exec.Command(how.program, how.arguments...)
	command.Stdout, command.Stderr = log, log
	command.Dir = cmp.Or(how.folder, at.Folder())
	command.ExtraFiles = append([]*os.File{s.lifeline}, how.files...)
	command.Env = append(componentEnvironment(os.Environ(), component), fmt.Sprintf("%s=%d", LifelineVariable, lifelineDescriptor))
	// An own process group keeps the terminal's Ctrl-C with the supervisor, who ends the components in order.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: how.account}
	setDeathSignal(command.SysProcAttr)
	if how.namespaces {
		setNamespaces(command.SysProcAttr)
	}

	result := make(chan error)
	s.requests <- startRequest{command: command, result: result}
	err = errors.Join(<-result, log.Close())
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", component, err)
	}
	farewell := how.farewell
	if farewell == nil {
		farewell = os.Kill
	}
	return &process{component: component, command: command, started: time.Now(), farewell: farewell, done: make(chan struct{})}, nil
}

// wait waits for the end of the process; it is called once, in a goroutine of its own.
func (p *process) wait() {
	p.err = p.command.Wait()
	close(p.done)
}

// kill ends the process at once: nothing in a sandbox needs a farewell, unless it has processes of its own to end.
func (p *process) kill() error {
	err := p.command.Process.Signal(p.farewell)
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("end %s: %w", p.component, err)
	}
	return nil
}
