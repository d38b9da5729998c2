package realnode

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Packages lists the packages of Debian and Ubuntu that bring the programs of the node.
func Packages() []string {
	return []string{"containerd", "runc", "nftables", "iptables", "conntrack", "iproute2", "containernetworking-plugins"}
}

// searchPath is where programs of the system administrator are, whatever the user's own path is.
const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// pluginFolders are where distributions put the network plugins.
func pluginFolders() []string { return []string{"/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni"} }

// programs lists what has to be found on the search path.
func programs() []string {
	return []string{"containerd", "containerd-shim-runc-v2", "ctr", "runc", "nft", "iptables"}
}

// plugins lists the network plugins that the node uses.
func plugins() []string { return []string{"bridge", "host-local", "loopback", "portmap"} }

// machine is what a real node demands of its surroundings.
type machine struct {
	system string
	user   int
	// find says whether a file is there and can be run.
	find func(path string) bool
}

// Check says why there can't be a real node on this machine, and what helps; nil if there can.
func Check() error {
	return machine{system: runtime.GOOS, user: os.Geteuid(), find: runnable}.check()
}

func (m machine) check() error {
	if m.system != "linux" {
		return fmt.Errorf("a real node needs Linux, and this is %s; leave --node real out to have simulated nodes", m.system)
	}
	if m.user != 0 {
		return fmt.Errorf("a real node needs root, and this is user %d; become root, or leave --node real out to have simulated nodes", m.user)
	}
	var missing []string
	for _, program := range programs() {
		if !m.onPath(program) {
			missing = append(missing, program)
		}
	}
	for _, plugin := range plugins() {
		if !m.inFolders(plugin) {
			missing = append(missing, "the network plugin "+plugin)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("a real node needs programs that are not installed: %s; install them with\n  apt-get install -y --no-install-recommends %s",
		strings.Join(missing, ", "), strings.Join(Packages(), " "))
}

func (m machine) onPath(program string) bool {
	for _, folder := range filepath.SplitList(searchPath) {
		if m.find(filepath.Join(folder, program)) {
			return true
		}
	}
	return false
}

func (m machine) inFolders(plugin string) bool {
	for _, folder := range pluginFolders() {
		if m.find(filepath.Join(folder, plugin)) {
			return true
		}
	}
	return false
}

func runnable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir() && info.Mode()&0o111 != 0
}

// pluginFolder returns the first folder that has the network plugins.
func pluginFolder() string {
	for _, folder := range pluginFolders() {
		if runnable(filepath.Join(folder, plugins()[0])) {
			return folder
		}
	}
	return pluginFolders()[0]
}

// program finds a program on the search path.
func program(name string) string {
	for _, folder := range filepath.SplitList(searchPath) {
		if path := filepath.Join(folder, name); runnable(path) {
			return path
		}
	}
	return name
}
