package realnode

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// runtimeFolder is the private folder of containerd's sockets, below the folder of all sockets since their paths must be
// short.
const runtimeFolder = "cri"

const overlayMagic = 0x794c7630

// private maps the folders of the machine that the parts use without asking to folders of the node. Two nodes that shared
// them would destroy each other's files: a kubelet removes the logs of pods that it doesn't know.
func (c Config) private() map[string]string {
	own := func(name string) string { return filepath.Join(c.Folder, "private", name) }
	return map[string]string{
		"/run/containerd":     filepath.Join(c.Sockets, runtimeFolder),
		"/run/netns":          own("netns"),
		"/var/lib/cni":        own("cni"),
		"/var/lib/containerd": own("containerd"),
		"/var/lib/kubelet":    own("kubelet"),
		"/var/log/containers": own("containers"),
		"/var/log/pods":       own("pods"),
	}
}

// parents lists the folders that contain private ones.
func parents() []string { return []string{"/run", "/var/lib", "/var/log"} }

// mountAll gives the mount namespace of this process its own /proc and the private folders. Nothing of it is seen outside.
func (c Config) mountAll() error {
	// First of all: what is mounted from here on must not reach the machine.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("keep mounts to this namespace: %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	private := c.private()
	for _, parent := range parents() {
		if err := cover(parent, private); err != nil {
			return fmt.Errorf("make private folders in %s: %w", parent, err)
		}
	}
	// The kubelet wants pods to be able to pass mounts on to other pods.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, ""); err != nil {
		return fmt.Errorf("let pods share mounts: %w", err)
	}
	return nil
}

// cover mounts a new folder over a parent in which every entry is the one from below, except those that are private: so
// nothing has to be made in the folders of the machine.
func cover(parent string, private map[string]string) error {
	entries, err := os.ReadDir(parent)
	if err != nil {
		return err
	}
	below, err := os.OpenFile(parent, unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	defer below.Close()
	if err := unix.Mount("tmpfs", parent, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0755"); err != nil {
		return err
	}
	for _, entry := range entries {
		target := filepath.Join(parent, entry.Name())
		if _, hidden := private[target]; hidden {
			continue
		}
		source := fmt.Sprintf("/proc/self/fd/%d/%s", below.Fd(), entry.Name())
		if err := show(source, target, entry); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for target, own := range private {
		if filepath.Dir(target) != parent {
			continue
		}
		if err := bindPrivate(own, target); err != nil {
			return err
		}
	}
	return nil
}

// show makes an entry of the covered folder visible again.
func show(source, target string, entry fs.DirEntry) error {
	if entry.Type()&fs.ModeSymlink != 0 {
		to, err := os.Readlink(source)
		if err != nil {
			return err
		}
		return os.Symlink(to, target)
	}
	if entry.IsDir() {
		if err := os.Mkdir(target, 0o755); err != nil {
			return err
		}
	} else if err := os.WriteFile(target, nil, 0o644); err != nil {
		return err
	}
	return unix.Mount(source, target, "", unix.MS_BIND|unix.MS_REC, "")
}

func bindPrivate(own, target string) error {
	if filepath.Dir(target) == "/run" {
		// What is in there tells of processes, and none has outlived the node before this one.
		if err := os.RemoveAll(own); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(own, folderMode); err != nil {
		return err
	}
	if err := os.MkdirAll(target, 0o755); err != nil {
		return err
	}
	return unix.Mount(own, target, "", unix.MS_BIND, "")
}

// snapshotter returns how containerd keeps the file systems of containers: in layers, unless the folder is on layers itself.
func snapshotter(folder string) string {
	var found unix.Statfs_t
	if err := unix.Statfs(folder, &found); err == nil && found.Type == overlayMagic {
		return "native"
	}
	return "overlayfs"
}
