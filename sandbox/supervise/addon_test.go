package supervise

import (
	"os"
	"path/filepath"
	"testing"
)

// TestFindAddon prefers the folder beside the program, and says how to get an add-on that is missing.
func TestFindAddon(t *testing.T) {
	here, path := t.TempDir(), t.TempDir()
	t.Setenv("PATH", path)
	executable := filepath.Join(here, "sandbox")
	_, err := findAddon(executable, Prometheus)
	want := "the add-on prometheus is not installed: neither " + filepath.Join(here, "addons", "prometheus") + " nor a program of that name on PATH is there; " +
		"run `make addons` in the source tree, which takes a few minutes once, or name a server of your own in scenario-runner.yaml"
	if err == nil || err.Error() != want {
		t.Errorf("found %v, expected %s", err, want)
	}
	for _, folder := range []string{path, filepath.Join(here, "addons")} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "prometheus"), nil, 0o700); err != nil { //nolint:gosec // a program
			t.Fatal(err)
		}
		if found, err := findAddon(executable, Prometheus); err != nil || found != filepath.Join(folder, "prometheus") {
			t.Errorf("found %s, %v, expected the one in %s", found, err, folder)
		}
	}
}

// TestNewestPostgres compares versions as numbers, and says how to get PostgreSQL where it is missing.
func TestNewestPostgres(t *testing.T) {
	root := t.TempDir()
	folders := filepath.Join(root, "*", "bin")
	_, err := newestPostgres("initdb", folders)
	want := "the add-on postgres is not installed: there is no initdb on PATH, nor in " + folders + "; " +
		"run `make addons` in the source tree, install PostgreSQL (Debian: apt-get install postgresql), or name a database of your own in scenario-runner.yaml"
	if err == nil || err.Error() != want {
		t.Errorf("found %v, expected %s", err, want)
	}
	for _, version := range []string{"15", "9.6", "17", "old"} {
		if err := os.MkdirAll(filepath.Join(root, version, "bin"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, version, "bin", "initdb"), nil, 0o700); err != nil { //nolint:gosec // a program
			t.Fatal(err)
		}
	}
	if found, err := newestPostgres("initdb", folders); err != nil || found != filepath.Join(root, "17", "bin", "initdb") {
		t.Errorf("found %s, %v, expected that of version 17", found, err)
	}
}
