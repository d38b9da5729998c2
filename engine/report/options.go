package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/charmbracelet/colorprofile"
	"golang.org/x/term"
)

// Color says when text is coloured.
type Color string

// The choices of colour.
const (
	Auto   Color = "auto" // when a terminal shows it and the environment does not forbid it (NO_COLOR, CLICOLOR_FORCE, TERM)
	Always Color = "always"
	Never  Color = "never"
)

// Options are what reports need from their surroundings. Only Stdout and Stderr are required.
type Options struct {
	Stdout      io.Writer // results
	Stderr      io.Writer // progress
	Environment []string  // NAME=value, as os.Environ gives; decides on colour and on the live display
	Color       Color     // "" means Auto
	Verbose     bool      // show the steps of scenarios that passed, and the log
	RunDir      string    // where the run keeps its journal and evidence, for people to look
	// Again are the flags that chose the clusters and values of the run, for the command that runs a scenario again.
	Again []string
	// Suite is the file of the suite that was run: a scenario runs again as part of it, with its vars and its setup.
	Suite string
	// Source returns the bytes of a scenario file for the excerpt beside a failure; nil, or nil bytes, means none.
	Source func(file string) []byte
	// Mask hides secrets in excerpts, which don't come from the journal; nil hides none.
	Mask  func(string) string
	token string // ends the part of a log in which GitHub looks for no commands; "" means a random one
	// Terminal returns the size of the terminal that Stderr is, or false when it is none. Nil means to find out.
	Terminal func() (width, height int, ok bool)
}

func (o Options) check() error {
	switch o.Color {
	case "", Auto, Always, Never:
		return nil
	}
	return fmt.Errorf("color %q: expected auto, always or never", string(o.Color))
}

func (o Options) getenv(name string) string {
	for _, entry := range o.Environment {
		if n, value, _ := strings.Cut(entry, "="); n == name {
			return value
		}
	}
	return ""
}

// paintFor decides on colour for what is written to w. Any value of NO_COLOR counts, as no-color.org has it; the library
// only knows those that look like true.
func (o Options) paintFor(w io.Writer) paint {
	switch {
	case o.Color == Always:
		return paint{on: true}
	case o.Color == Never, o.getenv("NO_COLOR") != "":
		return paint{}
	}
	return paint{on: colorprofile.Detect(w, o.Environment) >= colorprofile.ANSI}
}

// terminal returns the size of the terminal for the live display, or false when there is no such terminal.
func (o Options) terminal() (width, height int, ok bool) {
	if o.Terminal != nil {
		return o.Terminal()
	}
	file, isFile := o.Stderr.(interface{ Fd() uintptr })
	if kind := o.getenv("TERM"); !isFile || kind == "" || kind == "dumb" {
		return 0, 0, false
	}
	width, height, err := term.GetSize(int(file.Fd()))
	return width, height, err == nil && width > 0 && height > 0
}

// source returns the bytes of a file with its secrets hidden.
func (o Options) source(file string) []byte {
	if o.Source == nil {
		return nil
	}
	data := o.Source(file)
	if o.Mask != nil && data != nil {
		data = []byte(o.Mask(string(data)))
	}
	return data
}

// length writes a duration for people: 340ms, 12.3s, 2m05s, 1h02m.
func length(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%dms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1fs", d.Truncate(100*time.Millisecond).Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
}

// count writes a number with its noun: "1 step", "3 steps".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
