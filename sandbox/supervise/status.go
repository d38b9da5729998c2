package supervise

import (
	"time"

	"github.com/scenario-runner/scenario-runner/sandbox/footprint"
)

// States of a sandbox and of a component.
const (
	StateDown     = "down"
	StateStarting = "starting"
	StateUp       = "up"
	StateBroken   = "broken"
	StateRunning  = "running"
	StateCrashed  = "crashed"
)

// Ready tells that a sandbox can be used, and how.
type Ready struct {
	// Name is the name of the sandbox.
	Name string `json:"name"`
	// Kubeconfig is the path of the administrator's kubeconfig.
	Kubeconfig string `json:"kubeconfig"`
	// Context is the only context in it.
	Context string `json:"context"`
	// Server is the URL of the API server.
	Server string `json:"server"`
	// StartupMillis is how long the start took.
	StartupMillis int64 `json:"startupMillis"`
}

// NodeCount says how many nodes a cluster has.
type NodeCount struct {
	// Total counts all nodes.
	Total int `json:"total"`
	// Ready counts the nodes that are ready.
	Ready int `json:"ready"`
}

// ComponentStatus says how a component is.
type ComponentStatus struct {
	// Name is the name of the component.
	Name string `json:"name"`
	// State is running, crashed or down.
	State string `json:"state"`
	// Inside says that it runs in the namespaces of the real node, where its process id means something else.
	Inside bool `json:"inside,omitempty"`
	// PID is its process id while it runs.
	PID int `json:"pid,omitempty"`
	// MemoryBytes is the memory that is resident.
	MemoryBytes int64 `json:"memoryBytes,omitempty"`
	// UptimeSeconds is how long it has been running.
	UptimeSeconds int64 `json:"uptimeSeconds,omitempty"`
	// Exit says how it ended if it has crashed.
	Exit string `json:"exit,omitempty"`
	// LogTail is the end of its log if it has crashed.
	LogTail string `json:"logTail,omitempty"`
}

// Status says how a sandbox is.
type Status struct {
	Ready
	// State is down, starting, up or broken.
	State string `json:"state"`
	// PID is the process id of the supervisor.
	PID int `json:"pid,omitempty"`
	// Detached says that the sandbox lives until it is taken down.
	Detached bool `json:"detached"`
	// UptimeSeconds is how long the supervisor has been running.
	UptimeSeconds int64 `json:"uptimeSeconds,omitempty"`
	// MemoryBytes is the resident memory of all processes, the supervisor's included.
	MemoryBytes int64 `json:"memoryBytes,omitempty"`
	// Nodes counts the nodes.
	Nodes NodeCount `json:"nodes"`
	// RealNode is the name of the real node, if there is one.
	RealNode string `json:"realNode,omitempty"`
	// Left lists what a sandbox that was killed has left; taking it down removes that.
	Left []string `json:"left,omitempty"`
	// Problem says why something could not be found out.
	Problem string `json:"problem,omitempty"`
	// Components are the components in the order in which they start.
	Components []ComponentStatus `json:"components,omitempty"`
}

func componentStatus(component string, running *process, logFile string, now time.Time) ComponentStatus {
	if running == nil {
		return ComponentStatus{Name: component, State: StateDown}
	}
	select {
	case <-running.done:
	default:
		pid := running.command.Process.Pid
		return ComponentStatus{
			Name: component, State: StateRunning, PID: pid,
			MemoryBytes:   footprint.Resident(pid),
			UptimeSeconds: int64(now.Sub(running.started).Seconds()),
		}
	}
	if running.expected {
		return ComponentStatus{Name: component, State: StateDown}
	}
	crash := newCrashError(running, logFile)
	return ComponentStatus{Name: component, State: StateCrashed, Exit: crash.Exit, LogTail: crash.Tail}
}
