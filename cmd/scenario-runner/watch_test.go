package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestWatchChecksAgainOnlyAfterAChange(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) { // at once, so that no half of it is seen
		if err := replaceFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a.yaml", "a")
	ctx, cancel := context.WithCancel(t.Context())
	ticks, checks, log, ended := make(chan time.Time), 0, &strings.Builder{}, make(chan error)
	elsewhere := filepath.Join(t.TempDir(), "template.yaml")
	paths := []string{dir}
	go func() {
		ended <- watchFiles(ctx, func() []string { return paths }, ticks, log, func() error {
			checks++
			paths = []string{dir, elsewhere} // what is checked names it
			return errors.New("broken")
		})
	}()
	tick := func() { // the second tick is taken only when the first one was dealt with
		ticks <- time.Time{}
		ticks <- time.Time{}
	}
	want := func(n int, when string) {
		if checks != n {
			t.Errorf("%d checks %s, want %d", checks, when, n)
		}
	}
	tick()
	want(1, "without a change")
	write("a.yaml", "longer")
	tick()
	want(2, "after a change")
	write("new.yml", "new")
	tick()
	want(3, "after a new file")
	write("notes.txt", "new")
	tick()
	want(3, "after a file of another kind")
	if err := os.Remove(filepath.Join(dir, "a.yaml")); err != nil {
		t.Fatal(err)
	}
	tick()
	want(4, "after a file was removed")
	if err := replaceFile(elsewhere, []byte("new"), 0o600); err != nil {
		t.Fatal(err)
	}
	tick()
	want(5, "after a change of a file that is used")
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("the watch ended with %v, want nil", err)
	}
	const text = "scenario-runner: broken\nwatching for changes; Ctrl-C ends this\n\nfiles changed; checking again\n"
	if !strings.HasPrefix(log.String(), text) {
		t.Errorf("log\n%s\nwant it to start with\n%s", log, text)
	}
}
