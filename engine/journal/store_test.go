package journal

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRunIDs(t *testing.T) {
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var ids []string
	for i := range 200 {
		ids = append(ids, NewRunID(start.Add(time.Duration(i*i)*time.Millisecond)))
	}
	for _, id := range ids {
		if !regexp.MustCompile(`^[a-z0-9]{14}$`).MatchString(id) || !isRunID(id) {
			t.Errorf("%q is not fit for a DNS name", id)
		}
	}
	if !slices.IsSorted(ids) {
		t.Error("ids must sort by time")
	}
	same := map[string]bool{}
	for range 200 {
		same[NewRunID(start)] = true
	}
	if len(same) < 199 { // 32^5 random endings
		t.Errorf("200 runs of one moment got %d ids", len(same))
	}
}

func TestDefaultRoot(t *testing.T) {
	tests := []struct {
		name string
		env  map[string]string
		want string
	}{
		{"state folder", map[string]string{"XDG_STATE_HOME": "/state", "HOME": "/home/a"}, "/state/scenario-runner/runs"},
		{"relative state folder is ignored", map[string]string{"XDG_STATE_HOME": "state", "HOME": "/home/a"}, "/home/a/.local/state/scenario-runner/runs"},
		{"home", map[string]string{"HOME": "/home/a"}, "/home/a/.local/state/scenario-runner/runs"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := DefaultRoot(func(name string) string { return tt.env[name] })
			if err != nil || got != tt.want {
				t.Errorf("got %q, %v; want %q", got, err, tt.want)
			}
		})
	}
	_, err := DefaultRoot(func(string) string { return "" })
	if want := "no place for the records of runs: neither XDG_STATE_HOME nor HOME is set; set one or use --run-dir"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// run makes a run in s with these events and returns its directory.
func run(t *testing.T, s Store, id, dir string, events ...Event) string {
	t.Helper()
	w, err := s.Create(id, dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	appendAll(t, w, events...)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.Dir()
}

func ids(t *testing.T, s Store) []string {
	t.Helper()
	runs, err := s.List()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, r := range runs {
		out = append(out, r.ID)
	}
	return out
}

func TestStoreFindsRunsInsideAndOutside(t *testing.T) {
	s := Store{Root: filepath.Join(t.TempDir(), "state", "runs")}
	if got := ids(t, s); got != nil {
		t.Errorf("no store yet: got %v", got)
	}
	_, err := s.Find("b1")
	if want := `no run "b1": there are no runs in ` + s.Root; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	elsewhere := filepath.Join(t.TempDir(), "out", "run")
	run(t, s, "b1", "")
	run(t, s, "c1", elsewhere)
	run(t, s, "a1", "")
	if err := os.Mkdir(filepath.Join(s.Root, "Not-A-Run"), 0o700); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"c1", "b1", "a1"}, ids(t, s)); diff != "" {
		t.Errorf("newest first (-want +got):\n%s", diff)
	}
	got, err := s.Find("c1")
	if want := (RunDir{ID: "c1", Dir: elsewhere, Pointed: true}); err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	_, err = s.Find("b11")
	if want := `no run "b11" in ` + s.Root + `; did you mean "b1"?`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := os.RemoveAll(elsewhere); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"b1", "a1"}, ids(t, s)); diff != "" {
		t.Errorf("a pointer to nothing is no run (-want +got):\n%s", diff)
	}
}

func TestStoreRefusesIDsThatLeaveTheRoot(t *testing.T) {
	s := Store{Root: t.TempDir()}
	for _, id := range []string{"", "../x", "A", "-a", "a-", "a/b"} {
		_, err := s.Create(id, "", Options{})
		if err == nil {
			t.Errorf("id %q was accepted", id)
		}
	}
	_, err := s.Create("../x", "", Options{})
	if want := `run id "../x": expected lower-case letters, digits and inner dashes, at most 63`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestPruneKeepsWhatIsNeeded(t *testing.T) {
	s := Store{Root: filepath.Join(t.TempDir(), "runs")}
	done := []Event{{Kind: RunStarted}, {Kind: RunFinished}}
	recorded := Event{Kind: UndoRecorded, Scenario: "s", Undo: &UndoInfo{ID: 1}}
	outside := filepath.Join(t.TempDir(), "kept")
	run(t, s, "r1", "", done...)
	run(t, s, "r2", outside, done...)
	run(t, s, "r3", "", Event{Kind: RunStarted}) // killed with nothing left
	run(t, s, "r4", "", append(done, recorded)...)
	run(t, s, "r5", "") // just starting
	run(t, s, "r6", "", done...)
	run(t, s, "r7", "", done...)
	unreadable := run(t, s, "r8", "", done...)
	addTail(t, unreadable, "rubbish\n")
	live, err := s.Create("r9", "", Options{})
	if err != nil {
		t.Fatal(err)
	}
	appendAll(t, live, Event{Kind: RunStarted})
	defer live.Close()

	removed, err := s.Prune(2)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"r3", "r2", "r1"}, removed); diff != "" {
		t.Errorf("removed (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"r9", "r8", "r7", "r6", "r5", "r4"}, ids(t, s)); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
	if _, err := Read(outside); err != nil {
		t.Errorf("a directory given by the user must stay: %v", err)
	}
}
