package realnode

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tree lists the folders below a folder.
func tree(t *testing.T, root string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && path != root {
			found = append(found, strings.TrimPrefix(path, root+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o600)); err != nil {
		t.Fatal(err)
	}
}

func TestControlGroupsOfVersionOneAreMadeAndRemoved(t *testing.T) {
	root := t.TempDir()
	write(t, filepath.Join(root, "cpuset", "cpuset.cpus"), "0-1\n")
	write(t, filepath.Join(root, "cpuset", "cpuset.mems"), "0\n")
	for _, folder := range []string{"memory/others", "unified"} {
		if err := os.MkdirAll(filepath.Join(root, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	before := tree(t, root)
	groups := cgroups{root: root, name: "own"}
	if err := groups.create(); err != nil {
		t.Fatal(err)
	}
	if difference := cmp.Diff([]string{"cpuset", "cpuset/own", "memory", "memory/others", "memory/own", "unified"}, tree(t, root)); difference != "" {
		t.Error(difference)
	}
	for file, want := range map[string]string{"cpuset.cpus": "0-1\n", "cpuset.mems": "0\n"} {
		path := filepath.Join(root, "cpuset", "own", file)
		if content, err := os.ReadFile(path); err != nil || string(content) != want {
			t.Errorf("found %q, %v in %s", content, err, file)
		}
		// The kernel's files vanish with their group, those of a test don't.
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	// What the kubelet and containers have made below, and in a hierarchy that was not ours, goes too.
	for _, folder := range []string{"memory/own/kubepods/pod1/c1", "unified/own/kubepods"} {
		if err := os.MkdirAll(filepath.Join(root, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := groups.remove(t.Context()); err != nil {
		t.Fatal(err)
	}
	if difference := cmp.Diff(before, tree(t, root)); difference != "" {
		t.Error(difference)
	}
}

func TestAControlGroupOfVersionTwoNeedsItsControllers(t *testing.T) {
	root := t.TempDir()
	write(t, filepath.Join(root, "cgroup.controllers"), "cpu cpuset memory pids\n")
	write(t, filepath.Join(root, "own", "cgroup.controllers"), "cpu cpuset memory pids\n")
	groups := cgroups{root: root, name: "own"}
	if err := groups.create(); err != nil {
		t.Error(err)
	}
	write(t, filepath.Join(root, "own", "cgroup.controllers"), "cpu memory pids\n")
	want := "the kernel does not control cpuset below " + root + ", which a kubelet needs; allow it with: echo +cpuset > " + root + "/cgroup.subtree_control"
	if err := groups.create(); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("found %v, expected %s", err, want)
	}
}

func TestRemovingControlGroupsStopsAtWhatIsNoGroup(t *testing.T) {
	root := t.TempDir()
	write(t, filepath.Join(root, "memory", "own", "file"), "")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := (cgroups{root: root, name: "own"}).remove(ctx); err == nil || !strings.HasPrefix(err.Error(), "remove the control groups of the node: ") {
		t.Errorf("found %v", err)
	}
}

func TestSandboxesHaveControlGroupsOfTheirOwn(t *testing.T) {
	one, other := CgroupName("default", "/home/one"), CgroupName("default", "/home/other")
	if one == other || !strings.HasPrefix(one, "scenario-runner-default-") {
		t.Errorf("found %q and %q", one, other)
	}
}
