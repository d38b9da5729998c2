package litmus

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/scenario-runner/scenario-runner/steps/injectchaos/driver"
)

// untilStopped is the duration of a fault that stays until its engine is stopped.
const untilStopped = 24 * time.Hour

// usualImage is the image of Litmus's experiments when nothing else is said.
const usualImage = "litmuschaos/go-runner:3.0.0"

// environment returns the settings of an experiment in Litmus's names.
func environment(request driver.Request, config Config) (map[string]string, error) {
	duration := request.Duration
	interval := request.Interval
	switch {
	case duration == 0 && request.Experiment.Momentary:
		duration, interval = time.Second, time.Second // one act
	case duration == 0:
		duration = untilStopped
	case interval == 0 && request.Experiment.Momentary:
		interval = duration // one act as well
	}
	for _, d := range []time.Duration{duration, interval} {
		if d%time.Second != 0 {
			return nil, fmt.Errorf("Litmus counts in whole seconds, found %s; give whole seconds", d)
		}
	}
	// Litmus waits before each look at each pod, two seconds by itself; the time after which it gives up stays the same.
	env := map[string]string{"TOTAL_CHAOS_DURATION": seconds(duration), "SEQUENCE": "parallel", "STATUS_CHECK_DELAY": "1"}
	if interval > 0 {
		env["CHAOS_INTERVAL"] = seconds(interval)
	}
	if err := addParameters(env, request); err != nil {
		return nil, err
	}
	addRuntime(env, request.Experiment.Name, config)
	maps.Copy(env, config.Env)
	return env, nil
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d / time.Second)) }

func milliseconds(d time.Duration) string { return strconv.Itoa(int(d / time.Millisecond)) }

// settings are the names that Litmus has for the parameters of our catalogue.
func settings() map[string]map[string]string {
	return map[string]map[string]string{
		"container-kill":  {"container": "TARGET_CONTAINER", "signal": "SIGNAL"},
		"pod-cpu-hog":     {"container": "TARGET_CONTAINER", "cores": "CPU_CORES", "load": "CPU_LOAD"},
		"pod-memory-hog":  {"container": "TARGET_CONTAINER", "megabytes": "MEMORY_CONSUMPTION"},
		"pod-io-stress":   {"container": "TARGET_CONTAINER", "fill": "FILESYSTEM_UTILIZATION_PERCENTAGE", "workers": "NUMBER_OF_WORKERS"},
		"disk-fill":       {"container": "TARGET_CONTAINER", "fill": "FILL_PERCENTAGE"},
		"node-taint":      {"taint": "TAINTS"},
		"node-cpu-hog":    {"cores": "NODE_CPU_CORE", "load": "CPU_LOAD"},
		"node-memory-hog": {"share": "MEMORY_CONSUMPTION_PERCENTAGE"},
		"pod-network-latency": {
			"latency": "NETWORK_LATENCY", "jitter": "JITTER",
		},
		"pod-network-loss": {"loss": "NETWORK_PACKET_LOSS_PERCENTAGE"},
	}
}

func addParameters(env map[string]string, request driver.Request) error {
	names := settings()[request.Experiment.Name]
	for _, name := range slices.Sorted(maps.Keys(request.Parameters)) {
		value := request.Parameters[name]
		switch {
		case name == "gracePeriod":
			if value != time.Duration(0) {
				return fmt.Errorf("Litmus can't give pods a grace period of %s; leave gracePeriod out for their own, or give 0s to kill them", value)
			}
			env["FORCE"] = "true"
		case name == "direction":
			if value != "both" {
				env["POLICY_TYPES"] = fmt.Sprint(value)
			}
		case name == "destinations" || name == "hosts":
			if err := addDestinations(env, request.Experiment.Name, fmt.Sprint(value)); err != nil {
				return err
			}
		case name == "force" || name == "deleteEmptyDir":
			if value != true {
				return fmt.Errorf("Litmus's node-drain takes pods without a controller and emptyDir volumes with it, whatever is asked; allow that with force: true and deleteEmptyDir: true, or use driver: builtin")
			}
		case names[name] == "":
			return fmt.Errorf("Litmus has no setting for the parameter %q of %s; leave it out", name, request.Experiment.Name)
		default:
			env[names[name]] = inLitmus(value)
		}
	}
	return nil
}

func inLitmus(value any) string {
	if d, ok := value.(time.Duration); ok {
		return milliseconds(d)
	}
	return fmt.Sprint(value)
}

// addDestinations sorts addresses from names, for which Litmus has a setting each.
func addDestinations(env map[string]string, experiment, text string) error {
	var addresses, hosts []string
	for entry := range strings.SplitSeq(text, ",") {
		entry = strings.TrimSpace(entry)
		if _, err := netip.ParseAddr(entry); err == nil {
			addresses = append(addresses, entry)
			continue
		}
		if _, err := netip.ParsePrefix(entry); err == nil {
			addresses = append(addresses, entry)
			continue
		}
		if entry != "" {
			hosts = append(hosts, entry)
		}
	}
	if experiment == "dns-failure" {
		list, err := json.Marshal(append(hosts, addresses...))
		env["TARGET_HOSTNAMES"] = string(list)
		return err
	}
	if len(addresses) > 0 {
		env["DESTINATION_IPS"] = strings.Join(addresses, ",")
	}
	if len(hosts) > 0 {
		env["DESTINATION_HOSTS"] = strings.Join(hosts, ",")
	}
	return nil
}

// addRuntime adds what experiments need that reach into containers or start pods of their own.
func addRuntime(env map[string]string, experiment string, config Config) {
	if slices.Contains([]string{"pod-delete", "node-drain", "node-taint", "pod-network-partition"}, experiment) {
		return
	}
	env["LIB_IMAGE"] = imageOf(config)
	env["LIB_IMAGE_PULL_POLICY"] = string(corev1.PullIfNotPresent) // Litmus's own is Always, which images that were loaded can't meet
	if experiment == "pod-memory-hog" {
		env["NUMBER_OF_WORKERS"] = "1" // Litmus has four, each of which takes the memory that was asked for
	}
	if config.ContainerRuntime != "" {
		env["CONTAINER_RUNTIME"] = config.ContainerRuntime
	}
	if config.SocketPath != "" {
		env["SOCKET_PATH"] = config.SocketPath
	}
}

func imageOf(config Config) string {
	if config.Image != "" {
		return config.Image
	}
	return usualImage
}

// variables returns settings as a list, in the order of their names.
func variables(env map[string]string) []corev1.EnvVar {
	out := make([]corev1.EnvVar, 0, len(env))
	for _, name := range slices.Sorted(maps.Keys(env)) {
		out = append(out, corev1.EnvVar{Name: name, Value: env[name]})
	}
	return out
}
