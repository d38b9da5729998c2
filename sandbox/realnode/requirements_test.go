package realnode

import (
	"path/filepath"
	"slices"
	"testing"
)

// has finds nothing but the given files, in the folder of the system administrator's programs or that of plugins.
func has(names ...string) func(string) bool {
	return func(path string) bool {
		return (filepath.Dir(path) == "/usr/sbin" || filepath.Dir(path) == "/usr/lib/cni") && slices.Contains(names, filepath.Base(path))
	}
}

func TestWhatARealNodeLacksIsSaid(t *testing.T) {
	all := append(programs(), plugins()...)
	for want, m := range map[string]machine{
		"": {system: "linux", find: has(all...)},
		"a real node needs Linux, and this is darwin; leave --node real out to have simulated nodes": {
			system: "darwin", find: has(all...),
		},
		"a real node needs root, and this is user 1000; become root, or leave --node real out to have simulated nodes": {
			system: "linux", user: 1000, find: has(all...),
		},
		"a real node needs programs that are not installed: containerd, nft, the network plugin bridge; install them with\n" +
			"  apt-get install -y --no-install-recommends containerd runc nftables iptables conntrack iproute2 containernetworking-plugins": {
			system: "linux", find: has("containerd-shim-runc-v2", "ctr", "runc", "iptables", "host-local", "loopback", "portmap"),
		},
	} {
		found := ""
		if err := m.check(); err != nil {
			found = err.Error()
		}
		if found != want {
			t.Errorf("found %q, expected %q", found, want)
		}
	}
}
