package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// watchInterval is how often files are looked at: fast enough to feel immediate, and it works on every file system.
const watchInterval = 300 * time.Millisecond

// untilInterrupted returns a context that Ctrl-C ends.
func untilInterrupted(parent context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(parent, os.Interrupt, syscall.SIGTERM)
}

// watchFiles calls check, and again after each tick on which a YAML file below paths has changed, until ctx is done. What
// is checked may lead to more paths, so they are asked for anew each time.
// What check complains about is printed; only the end of ctx ends the watch.
func watchFiles(ctx context.Context, paths func() []string, ticks <-chan time.Time, log io.Writer, check func() error) error {
	var seen string
	report := func() {
		before := paths()
		seen = stamps(before) // a change during the check is one for the next
		if err := check(); err != nil && err.Error() != "" {
			fmt.Fprintln(log, "scenario-runner: "+strings.TrimSpace(err.Error()))
		}
		if after := paths(); !slices.Equal(before, after) {
			seen = stamps(after)
		}
		fmt.Fprintln(log, "watching for changes; Ctrl-C ends this")
	}
	report()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticks:
		}
		if stamps(paths()) != seen {
			fmt.Fprintln(log, "\nfiles changed; checking again")
			report()
		}
	}
}

// stamps describes the state of all YAML files below paths, without reading them.
func stamps(paths []string) string {
	var b strings.Builder
	add := func(path string, info fs.FileInfo) {
		fmt.Fprintf(&b, "%s\x00%d\x00%d\n", path, info.Size(), info.ModTime().UnixNano())
	}
	for _, root := range paths {
		info, err := os.Stat(root)
		switch {
		case err != nil:
			fmt.Fprintf(&b, "%s\x00%t\n", root, errors.Is(err, fs.ErrNotExist))
		case !info.IsDir():
			add(root, info)
		default:
			_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
				if err == nil && d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules") {
					return filepath.SkipDir
				}
				if err != nil || d.IsDir() || !isScenarioFile(d.Name()) {
					return nil //nolint:nilerr // what can't be read is reported by the check itself
				}
				if info, err := d.Info(); err == nil {
					add(path, info)
				}
				return nil
			})
		}
	}
	return b.String()
}
