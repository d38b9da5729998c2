package realnode

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const (
	folderMode = 0o700
	fileMode   = 0o600
)

// containerdAddress is the usual one, at which tools in pods look for it; the folder is the node's own.
const containerdAddress = "/run/containerd/containerd.sock"

// Write writes the configuration of the node and of each of its parts.
func (c Config) Write() error {
	own, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the configuration of the node: %w", err)
	}
	kubelet, err := json.MarshalIndent(c.kubelet(), "", "  ")
	if err != nil {
		return fmt.Errorf("encode the configuration of the kubelet: %w", err)
	}
	files := []struct{ path, content string }{
		{c.File(), string(own)},
		{c.EgressFile(), c.egress()},
		{c.file("containerd.toml"), c.containerd()},
		{filepath.Join(c.networks(), "10-bridge.conflist"), bridge},
		{c.file("kubelet.yaml"), string(kubelet)},
		{c.file("kube-proxy.yaml"), c.proxy()},
	}
	for _, file := range files {
		if err := os.MkdirAll(filepath.Dir(file.path), folderMode); err != nil {
			return fmt.Errorf("make the folder of the node: %w", err)
		}
		if err := os.WriteFile(file.path, []byte(file.content), fileMode); err != nil {
			return fmt.Errorf("configure the node: %w", err)
		}
	}
	return nil
}

func (c Config) file(name string) string { return filepath.Join(c.Folder, name) }

func (c Config) networks() string { return c.file("networks") }

// egress leads what the API server has to say to the node into its namespace. Webhooks with a URL, which are outside, are
// not concerned.
func (c Config) egress() string {
	return fmt.Sprintf(`apiVersion: apiserver.k8s.io/v1beta1
kind: EgressSelectorConfiguration
egressSelections:
- name: cluster
  connection:
    proxyProtocol: HTTPConnect
    transport: {uds: {udsName: %q}}
`, c.EgressSocket())
}

// containerd keeps its files in the usual folders, which are the node's own.
func (c Config) containerd() string {
	return fmt.Sprintf(`version = 2
[grpc]
  address = %q
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = %q
  # Without the right to lower it, containers whose score is below that of their parent would not start.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = %q
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = %q
    conf_dir = %q
`, containerdAddress, PauseImage, snapshotter(c.Folder), pluginFolder(), c.networks())
}

// bridge connects pods to one bridge, whose address is the node's.
var bridge = strings.NewReplacer("NETWORK", PodNetwork, "BRIDGE", bridgeName).Replace(`{
  "cniVersion": "1.0.0",
  "name": "pods",
  "plugins": [
    {
      "type": "bridge", "bridge": "BRIDGE", "isGateway": true, "ipMasq": false, "hairpinMode": true,
      "ipam": {"type": "host-local", "ranges": [[{"subnet": "NETWORK"}]], "routes": [{"dst": "0.0.0.0/0"}]}
    },
    {"type": "portmap", "capabilities": {"portMappings": true}}
  ]
}
`)

// object is a piece of a configuration.
type object map[string]any

func (c Config) kubelet() object {
	return object{
		"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
		"containerRuntimeEndpoint": "unix://" + containerdAddress,
		"address":                  Gateway,
		"healthzBindAddress":       "127.0.0.1",
		"tlsCertFile":              c.Certificate,
		"tlsPrivateKeyFile":        c.Key,
		"authentication": object{
			"anonymous": object{"enabled": false},
			"webhook":   object{"enabled": true},
			"x509":      object{"clientCAFile": c.Authority},
		},
		"authorization": object{"mode": "Webhook"},
		"cgroupDriver":  "cgroupfs",
		"cgroupRoot":    "/" + c.Cgroup,
		// Machines of continuous integration still have version 1.
		"failCgroupV1":  false,
		"failSwapOn":    false,
		"resolvConf":    "",
		"clusterDomain": ClusterDomain,
		"clusterDNS":    []string{Gateway},
		// kube-proxy has its own rules.
		"makeIPTablesUtilChains": false,
		// A machine that is nearly full of other things is no reason to evict the pods of a sandbox.
		"evictionHard":                object{"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
		"imageGCHighThresholdPercent": 100,
		"nodeStatusUpdateFrequency":   "10s",
		// There are no static pods.
		"fileCheckFrequency": "1h",
	}
}

func (c Config) proxy() string {
	return fmt.Sprintf(`apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
bindAddress: %q
healthzBindAddress: "127.0.0.1:10256"
metricsBindAddress: ""
hostnameOverride: %s
clientConnection: {kubeconfig: %q}
clusterCIDR: %s
# Limits of connection tracking belong to the machine, not to the namespace.
conntrack: {maxPerCore: 0, min: 0}
nftables: {minSyncPeriod: 20ms}
`, Gateway, Name, c.Clients[Proxy], PodNetwork)
}
