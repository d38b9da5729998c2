package supervise

import "strings"

// componentEnvironment is the environment of a component: that of the supervisor without what would steer its Kubernetes
// clients elsewhere, and with the component's memory setting.
func componentEnvironment(inherited []string, component string) []string {
	var environment []string
	for _, entry := range inherited {
		name, _, _ := strings.Cut(entry, "=")
		switch {
		case name == "KUBECONFIG", name == "GOGC", name == "GOMEMLIMIT", name == LifelineVariable:
		case strings.HasSuffix(strings.ToLower(name), "_proxy"):
			// Everything that a component calls is on the loopback address.
		case strings.HasPrefix(name, "ETCD_"), strings.HasPrefix(name, "KWOK_"):
			// Both read options from the environment, which would contradict our flags.
		default:
			environment = append(environment, entry)
		}
	}
	return append(environment, memorySettings(component)...)
}

// memorySettings trade a little work of the garbage collector for memory where there is much of it: under load the API
// server would keep twice of what it needs.
func memorySettings(component string) []string {
	if component == APIServer || component == Etcd {
		return []string{"GOGC=50"}
	}
	return nil
}
