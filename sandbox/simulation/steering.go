package simulation

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// Prefix begins every annotation with which a scenario steers a pod or a node.
const Prefix = "sandbox.scenario-runner.dev/"

// The annotations that steer a pod. Those that choose containers hold "true" for all containers or a list of
// container names; an init container is hit only by its name.
const (
	CrashLoop        = Prefix + "crash-loop"
	OOMKilled        = Prefix + "oom-killed"
	RestartOnce      = Prefix + "restart-once"
	ImagePullFailure = Prefix + "image-pull-failure"
	NotReady         = Prefix + "not-ready"
	MemoryUsage      = Prefix + "memory-usage"
	CPUUsage         = Prefix + "cpu-usage"
	ExitCode         = Prefix + "exit-code"
	RunFor           = Prefix + "run-for"
	StartDelay       = Prefix + "start-delay"
	TerminationDelay = Prefix + "termination-delay"
	Evicted          = Prefix + "evicted"
	EvictedMessage   = Prefix + "evicted-message"
	Logs             = Prefix + "logs"
)

// The annotations or labels that steer a node, besides NotReady.
const (
	MemoryPressure     = Prefix + "memory-pressure"
	DiskPressure       = Prefix + "disk-pressure"
	PIDPressure        = Prefix + "pid-pressure"
	NetworkUnavailable = Prefix + "network-unavailable"
)

// forever is the value of RunFor that keeps a pod of a job running.
const forever = "forever"

// The exit codes of containers that were ended from outside: 128 and the number of the signal.
const (
	killedExitCode     = 137
	terminatedExitCode = 143
)

// steering answers what the annotations of a pod say.
type steering struct {
	annotations map[string]string
}

// hits says whether an annotation chooses a container.
func (s steering) hits(annotation string, container *corev1.Container, isInit bool) bool {
	value := s.annotations[annotation]
	switch value {
	case "", "false":
		return false
	case "true":
		return !isInit
	}
	return slices.Contains(strings.Split(strings.ReplaceAll(value, " ", ""), ","), container.Name)
}

// failureExitCode is the exit code of a container that is made to fail.
func (s steering) failureExitCode() int32 {
	return s.exitCode(1)
}

// completionExitCode is the exit code of a container that ends by itself.
func (s steering) completionExitCode() int32 {
	return s.exitCode(0)
}

func (s steering) exitCode(otherwise int32) int32 {
	code, err := strconv.ParseUint(s.annotations[ExitCode], 10, 8)
	if err != nil {
		return otherwise
	}
	return int32(code)
}

// runFor is how long containers run before they end, and whether the annotation says so.
func (s steering) runFor() (time.Duration, bool) {
	return s.duration(RunFor)
}

func (s steering) runsForever() bool { return s.annotations[RunFor] == forever }

func (s steering) startDelay() time.Duration {
	delay, _ := s.duration(StartDelay)
	return delay
}

func (s steering) terminationDelay() time.Duration {
	delay, _ := s.duration(TerminationDelay)
	return delay
}

func (s steering) duration(annotation string) (time.Duration, bool) {
	value, err := time.ParseDuration(s.annotations[annotation])
	if err != nil || value < 0 {
		return 0, false
	}
	return value, true
}

// exceedsMemory says whether a container uses more memory than its limit allows.
func (s steering) exceedsMemory(container *corev1.Container, isInit bool) bool {
	limit, limited := container.Resources.Limits[corev1.ResourceMemory]
	if !limited || isInit {
		return false
	}
	usage, ok := UsageOf(s.annotations[MemoryUsage], container.Name)
	return ok && usage.Cmp(limit) > 0
}

// UsageOf reads what an annotation says that a container uses: "300Mi" for every container, or "app=300Mi,proxy=20Mi".
func UsageOf(annotation, container string) (resource.Quantity, bool) {
	for part := range strings.SplitSeq(annotation, ",") {
		name, value, named := strings.Cut(strings.TrimSpace(part), "=")
		if !named {
			name, value = container, name
		}
		if name != container {
			continue
		}
		if quantity, err := resource.ParseQuantity(value); err == nil {
			return quantity, true
		}
	}
	return resource.Quantity{}, false
}

// missingImage matches images that can't be pulled without an annotation saying so, since faults usually exchange the
// image by one that doesn't exist.
var missingImage = regexp.MustCompile(`does-not-exist|nonexistent|non-existent|(^|/)missing([/:@]|$)`)

// pullFails says whether the image of a container can't be pulled.
func (s steering) pullFails(container *corev1.Container, isInit bool) bool {
	return s.hits(ImagePullFailure, container, isInit) || missingImage.MatchString(container.Image)
}

// end says why and with which code a container is made to end while it should run.
type end struct {
	reason string
	code   int32
}

// failure says whether a container is made to fail, and how. Restarts counts how often it was restarted.
func (s steering) failure(container *corev1.Container, isInit bool, restarts int32) (end, bool) {
	switch {
	case s.hits(OOMKilled, container, isInit), s.exceedsMemory(container, isInit):
		return end{reason: "OOMKilled", code: killedExitCode}, true
	case s.hits(CrashLoop, container, isInit), restarts == 0 && s.hits(RestartOnce, container, isInit):
		return endWith(s.failureExitCode()), true
	}
	return end{}, false
}

func endWith(code int32) end {
	if code == 0 {
		return end{reason: "Completed"}
	}
	return end{reason: "Error", code: code}
}
