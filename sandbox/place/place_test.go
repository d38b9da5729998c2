package place

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestCheckName(t *testing.T) {
	for _, name := range []string{"default", "a", "a-1", strings.Repeat("x", 40)} {
		if err := CheckName(name); err != nil {
			t.Errorf("%q: found %v", name, err)
		}
	}
	for _, name := range []string{"", "-a", "a-", "A", "a/b", "..", "a b", strings.Repeat("x", 41)} {
		err := CheckName(name)
		if err == nil || !strings.Contains(err.Error(), "expected 1 to 40 lower-case letters") {
			t.Errorf("%q: found %v", name, err)
		}
	}
}

func newPlace(t *testing.T) (Root, Place) {
	t.Helper()
	root := Root{Path: filepath.Join(t.TempDir(), "sandbox")}
	at, err := root.Place("one")
	if err != nil {
		t.Fatal(err)
	}
	return root, at
}

func TestCreateReplacesWhatADeadSandboxHasLeft(t *testing.T) {
	root, at := newPlace(t)
	if names, err := root.Names(); err != nil || names != nil {
		t.Errorf("found %v, %v before the first sandbox", names, err)
	}
	if err := at.Create(); err != nil {
		t.Fatal(err)
	}
	if err := at.Write(at.Kubeconfig(), []byte("old")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(at.Kubeconfig())
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("found mode %v, %v", info.Mode(), err)
	}
	if err := at.Create(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(at.Kubeconfig()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the old kubeconfig is still there: %v", err)
	}
	names, err := root.Names()
	if diff := cmp.Diff([]string{"one"}, names); diff != "" || err != nil {
		t.Errorf("found %v, %v", names, err)
	}
	if err := at.Remove(); err != nil || at.Exists() {
		t.Errorf("the files are still there: %v", err)
	}
}

func TestWriteStaysInside(t *testing.T) {
	_, at := newPlace(t)
	if err := at.Write(filepath.Join(t.TempDir(), "elsewhere"), nil); err == nil || !strings.Contains(err.Error(), `it is outside the folder of sandbox "one"`) {
		t.Errorf("found %v", err)
	}
}

func TestSocketsOfADeepFolder(t *testing.T) {
	deep := Root{Path: "/" + strings.Repeat("deep/", 30)}
	at, err := deep.Place("one")
	if err != nil {
		t.Fatal(err)
	}
	if len(at.ControlSocket()) > maximumSocketPath {
		t.Errorf("found a socket path of %d characters: %s", len(at.ControlSocket()), at.ControlSocket())
	}
	other, err := deep.Place("two")
	if err != nil {
		t.Fatal(err)
	}
	if at.Sockets() == other.Sockets() {
		t.Errorf("two sandboxes share %s", at.Sockets())
	}
}

func TestAliveLock(t *testing.T) {
	_, at := newPlace(t)
	lock, err := at.TryAlive()
	if err != nil || lock == nil {
		t.Fatalf("found %v, %v", lock, err)
	}
	if alive, err := at.Alive(); err != nil || !alive {
		t.Errorf("found alive %v, %v while the lock is held", alive, err)
	}
	if second, err := at.TryAlive(); err != nil || second != nil {
		t.Errorf("found %v, %v, expected no second lock", second, err)
	}
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	if alive, err := at.Alive(); err != nil || alive {
		t.Errorf("found alive %v, %v after the release", alive, err)
	}
}

func TestChangeWaitsForTheOther(t *testing.T) {
	_, at := newPlace(t)
	synctest.Test(t, func(t *testing.T) {
		first, err := at.Change(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = at.Change(ctx)
		want := `another process is bringing sandbox "one" up or down and has not finished: context deadline exceeded`
		if err == nil || err.Error() != want {
			t.Errorf("found %v, expected %s", err, want)
		}
		time.AfterFunc(time.Second, func() {
			if err := first.Release(); err != nil {
				t.Error(err)
			}
		})
		second, err := at.Change(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := second.Release(); err != nil {
			t.Error(err)
		}
	})
}
