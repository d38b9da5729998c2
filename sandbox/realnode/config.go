package realnode

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
)

// Name is the name of the real node of a sandbox.
const Name = "real-1"

// Part names a program of the node.
type Part string

// The parts of the node, in the order in which they start.
const (
	Containerd Part = "containerd"
	DNS        Part = "cluster-dns"
	Kubelet    Part = "kubelet"
	Proxy      Part = "kube-proxy"
)

// Parts lists all parts in the order in which they start.
func Parts() []Part { return []Part{Containerd, DNS, Kubelet, Proxy} }

// Networks of the node. They exist in its own network namespace only, so they are the same for every sandbox. The pods' is
// the last part of the one from which simulated nodes get theirs, which no simulated node ever reaches.
const (
	// Gateway is the address of the node, and of the bridge to which its pods are connected.
	Gateway = "10.191.255.1"
	// PodNetwork is where pods get their addresses from.
	PodNetwork = "10.191.255.0/24"
	// ClusterDomain is the domain of the names of services.
	ClusterDomain = "cluster.local"
)

// PauseImage is the image of the process that holds the namespaces of a pod.
const PauseImage = "localhost/scenario-runner-pause:1"

// Config says how the node is run. It is written to a file for the first process of the node's namespaces.
type Config struct {
	// Folder holds the node's files.
	Folder string `json:"folder"`
	// Sockets holds the node's unix sockets, and is closed to others.
	Sockets string `json:"sockets"`
	// Logs holds the log of each part.
	Logs string `json:"logs"`
	// Program contains the kubelet, kube-proxy and the name server.
	Program string `json:"program"`
	// Pause is the program of the pause image.
	Pause string `json:"pause"`
	// APIPort is the port of the API server, outside and inside.
	APIPort int `json:"apiPort"`
	// Cgroup is the name of the control group of the node.
	Cgroup string `json:"cgroup"`
	// Clients are the kubeconfigs of the parts.
	Clients map[Part]string `json:"clients"`
	// Certificate, Key and Authority prove the kubelet to the API server and the other way round.
	Certificate string `json:"certificate"`
	Key         string `json:"key"`
	Authority   string `json:"authority"`
}

// ControlSocket is where the first process of the node takes orders.
func (c Config) ControlSocket() string { return filepath.Join(c.Sockets, "node.sock") }

// APISocket is where the supervisor leads to the API server.
func (c Config) APISocket() string { return filepath.Join(c.Sockets, "api.sock") }

// EgressSocket is where the API server asks for a connection to the node, its pods and services.
func (c Config) EgressSocket() string { return filepath.Join(c.Sockets, "egress.sock") }

// ContainerdSocket is where containerd takes orders, as seen from the machine.
func (c Config) ContainerdSocket() string {
	return filepath.Join(c.Sockets, runtimeFolder, "containerd.sock")
}

// EgressFile tells the API server to use the egress socket.
func (c Config) EgressFile() string { return filepath.Join(c.Folder, "egress.yaml") }

// File is where the configuration is written.
func (c Config) File() string { return filepath.Join(c.Folder, "node.json") }

// Log is the log of a part.
func (c Config) Log(part Part) string { return filepath.Join(c.Logs, string(part)+".log") }

// Server is the address of the API server inside.
func (c Config) Server() string {
	return "https://" + net.JoinHostPort(Gateway, strconv.Itoa(c.APIPort))
}

// Read reads the configuration from its file.
func Read(path string) (Config, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("read the configuration of the node: %w", err)
	}
	var config Config
	if err := json.Unmarshal(content, &config); err != nil {
		return Config{}, fmt.Errorf("read the configuration of the node: %w", err)
	}
	return config, nil
}
