//go:build real

package real

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/sandbox/realnode"
)

// machine is what a real node could leave on a machine. Sandboxes of others don't matter: what they have is in namespaces
// of theirs as well, and their control groups have other names.
type machine struct {
	Interfaces, Mounts, Tables, Folders []string
}

func readMachine() (machine, error) {
	var m machine
	entries, err := os.ReadDir("/sys/class/net")
	if err != nil {
		return m, err
	}
	for _, entry := range entries {
		m.Interfaces = append(m.Interfaces, entry.Name())
	}
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return m, err
	}
	m.Mounts = strings.Split(strings.TrimSpace(string(mounts)), "\n")
	tables, err := exec.Command("nft", "list", "tables").Output()
	if err != nil {
		return m, fmt.Errorf("list the tables of nft: %w", err)
	}
	m.Tables = strings.Split(strings.TrimSpace(string(tables)), "\n")
	for _, folder := range []string{"/run", "/var/lib", "/var/log"} {
		entries, err := os.ReadDir(folder)
		if err != nil {
			return m, err
		}
		for _, entry := range entries {
			m.Folders = append(m.Folders, filepath.Join(folder, entry.Name()))
		}
	}
	return m, nil
}

// checkClean compares the machine with what it was before.
func checkClean(before machine) error {
	after, err := readMachine()
	if err != nil {
		return err
	}
	if difference := cmp.Diff(before, after); difference != "" {
		return fmt.Errorf("the machine is not as it was before (-before +after):\n%s", difference)
	}
	if cgroup := cgroupOf(sharedName); realnode.CgroupsExist(cgroup) {
		return fmt.Errorf("the control groups %s are left", cgroup)
	}
	if left := processesOf(suite.cache); len(left) > 0 {
		return fmt.Errorf("processes are left: %s", strings.Join(left, "; "))
	}
	return nil
}

// cgroupOf is the name of the control groups of a sandbox of these tests.
func cgroupOf(sandbox string) string {
	return realnode.CgroupName(sandbox, filepath.Join(suite.cache, "scenario-runner", "sandbox", sandbox))
}

// processesOf lists the processes with a text in their command line.
func processesOf(text string) []string {
	var found []string
	for _, process := range processes() {
		content, err := os.ReadFile(filepath.Join(process, "cmdline"))
		if err == nil && strings.Contains(string(content), text) {
			found = append(found, process+" "+strings.ReplaceAll(string(content), "\x00", " "))
		}
	}
	return found
}

// processesIn lists the processes in the process namespace of a node, and those in the control groups of its sandbox: each
// pod has a process namespace of its own.
func processesIn(namespace, sandbox string) []string {
	return slices.DeleteFunc(processes(), func(process string) bool {
		link, linkErr := os.Readlink(filepath.Join(process, "ns", "pid"))
		groups, groupErr := os.ReadFile(filepath.Join(process, "cgroup"))
		inside := linkErr == nil && link == namespace
		contained := groupErr == nil && strings.Contains(string(groups), "/"+cgroupOf(sandbox))
		return !inside && !contained
	})
}

func processes() []string {
	// The pattern is a constant that can't be bad.
	found, _ := filepath.Glob("/proc/[0-9]*")
	return found
}
