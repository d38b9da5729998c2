package realnode

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// cgroupRoot is where control groups are; in it this package touches only folders of its own name.
const cgroupRoot = "/sys/fs/cgroup"

// removeInterval is how often it is tried to remove control groups whose processes are just ending.
const removeInterval = 20 * time.Millisecond

// CgroupName is the name of the control groups of a sandbox, which no other sandbox of the machine has.
func CgroupName(sandbox, folder string) string {
	sum := sha256.Sum256([]byte(folder))
	return "scenario-runner-" + sandbox + "-" + hex.EncodeToString(sum[:4])
}

// cgroups are the control groups of one name below a root.
type cgroups struct{ root, name string }

// CreateCgroups makes the control groups of a node.
func CreateCgroups(name string) error { return cgroups{cgroupRoot, name}.create() }

// RemoveCgroups removes the control groups of a node, and waits until the last of its processes has ended.
func RemoveCgroups(ctx context.Context, name string) error {
	return cgroups{cgroupRoot, name}.remove(ctx)
}

// CgroupsExist says whether there are control groups of a node.
func CgroupsExist(name string) bool { return len(cgroups{cgroupRoot, name}.tops()) > 0 }

func (c cgroups) create() error {
	if _, err := os.Stat(filepath.Join(c.root, "cgroup.controllers")); err == nil {
		return c.createUnified()
	}
	hierarchies, err := os.ReadDir(c.root)
	if err != nil {
		return fmt.Errorf("list the control groups of the machine: %w", err)
	}
	for _, hierarchy := range hierarchies {
		if !hierarchy.IsDir() || hierarchy.Name() == "unified" {
			continue
		}
		top := filepath.Join(c.root, hierarchy.Name(), c.name)
		if err := os.MkdirAll(top, 0o755); err != nil {
			return fmt.Errorf("make a control group: %w", err)
		}
		if hierarchy.Name() != "cpuset" {
			continue
		}
		// Nothing may run in a group of this hierarchy that has not been given processors and memory.
		for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
			if err := inherit(top, file); err != nil {
				return err
			}
		}
	}
	return nil
}

func inherit(top, file string) error {
	content, err := os.ReadFile(filepath.Join(filepath.Dir(top), file))
	if err == nil {
		err = os.WriteFile(filepath.Join(top, file), content, fileMode)
	}
	if err != nil {
		return fmt.Errorf("give a control group what its parent has: %w", err)
	}
	return nil
}

// createUnified makes the control group where there is one hierarchy for all.
func (c cgroups) createUnified() error {
	top := filepath.Join(c.root, c.name)
	if err := os.MkdirAll(top, 0o755); err != nil {
		return fmt.Errorf("make a control group: %w", err)
	}
	content, err := os.ReadFile(filepath.Join(top, "cgroup.controllers"))
	if err != nil {
		return fmt.Errorf("read what a control group controls: %w", err)
	}
	given := strings.Fields(string(content))
	for _, needed := range []string{"cpu", "cpuset", "memory", "pids"} {
		if !slices.Contains(given, needed) {
			return errors.Join(fmt.Errorf("the kernel does not control %s below %s, which a kubelet needs; allow it with: echo +%s > %s",
				needed, c.root, needed, filepath.Join(c.root, "cgroup.subtree_control")), os.Remove(top))
		}
	}
	return nil
}

// tops returns the topmost control groups of the name in all hierarchies.
func (c cgroups) tops() []string {
	candidates := []string{filepath.Join(c.root, c.name)}
	if hierarchies, err := os.ReadDir(c.root); err == nil {
		for _, hierarchy := range hierarchies {
			if hierarchy.IsDir() && hierarchy.Name() != c.name {
				candidates = append(candidates, filepath.Join(c.root, hierarchy.Name(), c.name))
			}
		}
	}
	return slices.DeleteFunc(candidates, func(path string) bool {
		info, err := os.Stat(path)
		return err != nil || !info.IsDir()
	})
}

func (c cgroups) remove(ctx context.Context) error {
	ticker := time.NewTicker(removeInterval)
	defer ticker.Stop()
	for {
		var failures []error
		for _, top := range c.tops() {
			failures = append(failures, removeTree(top))
		}
		err := errors.Join(failures...)
		if err == nil {
			return nil
		}
		// Processes that have just been killed are still in their group for a moment.
		if !errors.Is(err, syscall.EBUSY) {
			return fmt.Errorf("remove the control groups of the node: %w", err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("remove the control groups of the node: %w: %w", context.Cause(ctx), err)
		case <-ticker.C:
		}
	}
}

// removeTree removes a control group after those in it; their files can't be removed and needn't.
func removeTree(top string) error {
	var folders []string
	err := filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && entry.IsDir() {
			folders = append(folders, path)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, folder := range slices.Backward(folders) {
		if err := syscall.Rmdir(folder); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return &fs.PathError{Op: "rmdir", Path: folder, Err: err}
		}
	}
	return nil
}
