package catalogue

import (
	"slices"
	"time"
)

var (
	both       = []string{Builtin, Litmus}
	litmusOnly = []string{Litmus}
)

// All returns every experiment, those on pods first.
func All() []Experiment {
	all := slices.Concat(pods(), network(), nodes(), platform())
	for i := range all {
		if all[i].Candidates == "" {
			all[i].Candidates = string(all[i].Scope)
		}
	}
	return all
}

func pods() []Experiment {
	container := Parameter{Name: "container", Type: Text, Doc: "Container that is hit; without it the first one of the pod."}
	return []Experiment{
		{
			Name: "pod-delete", Scope: Pods, Candidates: "living pods", One: true, Momentary: true, Drivers: both,
			Doc:   "Deletes pods, again and again when there is an interval.",
			Proof: "the pods are gone or replaced by new ones",
			Parameters: []Parameter{
				{"gracePeriod", Duration, nil, "Time that the pods get to end; without it their own. 0s kills them."},
			},
		},
		{
			Name: "container-kill", Scope: Pods, Candidates: "running pods", One: true, Momentary: true, Drivers: both,
			Doc: "Kills a container of pods.", Proof: "the restart count rises",
			Parameters: []Parameter{container, {"signal", Text, "SIGKILL", "Signal that the container gets."}},
		},
		{
			Name: "pod-cpu-hog", Scope: Pods, Candidates: "running pods", One: true, Drivers: both,
			Doc: "Uses up the processor time of pods.", Proof: "the processor use of the pods rises",
			Parameters: []Parameter{container, {"cores", Whole, 1, "Processors that are kept busy."}, {"load", Percent, 100, "How busy they are."}},
		},
		{
			Name: "pod-memory-hog", Scope: Pods, Candidates: "running pods", One: true, Drivers: both,
			Doc: "Uses up the memory of pods.", Proof: "the memory use rises, or the container is killed for it",
			Parameters: []Parameter{container, {"megabytes", Whole, 500, "Memory that is taken."}},
		},
		{
			Name: "pod-io-stress", Scope: Pods, Candidates: "running pods", One: true, Drivers: both,
			Doc: "Keeps the disk of pods busy.", Proof: "the disk traffic of the pods rises",
			Parameters: []Parameter{container, {"fill", Percent, 10, "Part of the free space that is written."}, {"workers", Whole, 4, "Writers at the same time."}},
		},
		{
			Name: "disk-fill", Scope: Pods, Candidates: "running pods", One: true, Drivers: both,
			Doc: "Fills the ephemeral storage of pods.", Proof: "the storage use rises, or the pod is evicted for it",
			Parameters: []Parameter{container, {"fill", Percent, 80, "Part of the storage limit that is filled."}},
		},
	}
}

func network() []Experiment {
	hosts := Parameter{"destinations", Text, nil, "Hosts and addresses that are affected, separated by commas; without it all."}
	return []Experiment{
		{
			Name: "pod-network-latency", Scope: Pods, One: true, Drivers: litmusOnly,
			Doc: "Delays the network packets of pods.", Proof: "the delay is measured",
			Parameters: []Parameter{{"latency", Duration, 2 * time.Second, "Delay of each packet."}, {"jitter", Duration, time.Duration(0), "By how much the delay varies."}, hosts},
		},
		{
			Name: "pod-network-loss", Scope: Pods, One: true, Drivers: litmusOnly,
			Doc: "Drops network packets of pods.", Proof: "the loss is measured",
			Parameters: []Parameter{{"loss", Percent, 100, "Part of the packets that is dropped."}, hosts},
		},
		{
			Name: "pod-network-partition", Scope: Pods, Candidates: "running pods", Drivers: both,
			Doc: "Cuts pods off from the network.", Proof: "connections to and from the pods fail",
			Parameters: []Parameter{{"direction", Text, "both", "ingress, egress or both."}, hosts},
		},
		{
			Name: "dns-failure", Scope: Pods, Candidates: "running pods", One: true, Drivers: both,
			Doc: "Makes name look-ups of pods fail.", Proof: "look-ups in the pods fail",
			Parameters: []Parameter{hosts},
		},
	}
}

func nodes() []Experiment {
	return []Experiment{
		{
			Name: "node-drain", Scope: Nodes, Candidates: "nodes that take pods", One: true, Drivers: both,
			Doc: "Cordons nodes and evicts their pods.", Proof: "the nodes are unschedulable and their pods gone",
			Parameters: []Parameter{
				{"force", Switch, false, "Pods go too that no controller makes again; the end of the scenario does."},
				{"deleteEmptyDir", Switch, false, "Pods go too whose emptyDir volumes are lost with them."},
			},
		},
		{
			Name: "node-taint", Scope: Nodes, Candidates: "nodes without the taint", One: true, Drivers: both,
			Doc: "Taints nodes.", Proof: "the nodes carry the taint",
			Parameters: []Parameter{{"taint", Text, "scenario-runner.dev/chaos=:NoSchedule", "Taint as key=value:effect."}},
		},
		{
			Name: "node-not-ready", Scope: Nodes, Candidates: "simulated nodes that are ready", One: true, Drivers: []string{Builtin},
			Doc:   "Makes simulated nodes report that they are not ready.",
			Proof: "the Ready condition of the nodes is not True",
			Parameters: []Parameter{
				{"silent", Switch, false, "The node falls silent, so that its condition becomes Unknown, instead of reporting that it is not ready."},
			},
		},
		{
			Name: "node-cpu-hog", Scope: Nodes, One: true, Drivers: litmusOnly,
			Doc: "Uses up the processor time of nodes.", Proof: "the processor use of the nodes rises",
			Parameters: []Parameter{{"cores", Whole, 2, "Processors that are kept busy."}, {"load", Percent, 100, "How busy they are."}},
		},
		{
			Name: "node-memory-hog", Scope: Nodes, One: true, Drivers: litmusOnly,
			Doc: "Uses up the memory of nodes.", Proof: "the memory use of the nodes rises",
			Parameters: []Parameter{{"share", Percent, 30, "Part of the memory that is taken."}},
		},
		{
			Name: "kubelet-service-kill", Scope: Nodes, One: true, Drivers: litmusOnly,
			Doc: "Stops the kubelet of nodes.", Proof: "the Ready condition of the nodes is not True",
		},
	}
}

func platform() []Experiment {
	return []Experiment{
		{
			Name: "service-disruption", Scope: Services, Candidates: "services that have ready endpoints", Drivers: []string{Builtin},
			Doc: "Breaks the selector of services, so that they have no endpoints.", Proof: "the services have no ready endpoints",
		},
		{
			Name: "config-corruption", Scope: ConfigMaps, Drivers: []string{Builtin},
			Doc: "Replaces values in config maps.", Proof: "the config maps hold the new values",
			Parameters: []Parameter{
				{"key", Text, nil, "Key whose value is replaced; without it every key."},
				{"value", Text, "corrupted by scenario-runner", "What stands there instead."},
			},
		},
		{
			Name: "secret-corruption", Scope: Secrets, Drivers: []string{Builtin},
			Doc: "Puts a text before values in secrets.", Proof: "the values begin with the text",
			Parameters: []Parameter{
				{"key", Text, nil, "Key whose value is corrupted; without it every key."},
				{"text", Text, "corrupted-", "What is put before the values."},
			},
		},
		{
			Name: "image-pull-failure", Scope: Workloads, Drivers: []string{Builtin},
			Doc:   "Gives workloads an image that does not exist.",
			Proof: "a pod of each workload waits in ErrImagePull or ImagePullBackOff",
			Parameters: []Parameter{
				{"container", Text, nil, "Container whose image is exchanged; without it the first one."},
				{"tag", Text, "does-not-exist", "Tag that the image gets."},
			},
		},
		{
			Name: "quota-exhaustion", Scope: Namespaces, Drivers: []string{Builtin},
			Doc: "Puts a quota on namespaces that leaves no room for new pods.", Proof: "a new pod is refused because of the quota",
			Parameters: []Parameter{{"pods", Whole, 0, "Pods that the quota allows."}},
		},
		{
			Name: "scale-to-zero", Scope: Workloads, Candidates: "workloads that have replicas", Drivers: []string{Builtin},
			Doc: "Scales workloads to no replicas.", Proof: "the workloads ask for no replicas and their pods are gone",
		},
	}
}
