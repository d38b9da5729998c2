package supervise

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// tailLines is how much of a dead component's log is shown.
const tailLines = 15

// tailBytes bounds how much of a log is read to find its last lines.
const tailBytes = 64 * 1024

// CrashError says that a component has ended by itself.
type CrashError struct {
	// Component is the name of the component.
	Component string
	// Exit says how it ended, as the operating system tells.
	Exit string
	// Tail is the end of its log.
	Tail string
	// LogFile is the whole log.
	LogFile string
}

// Error shows the end of the log, since that is where the reason stands.
func (e *CrashError) Error() string {
	return fmt.Sprintf("%s has ended by itself (%s); the end of its log:\n%s", e.Component, e.Exit, indent(e.Tail))
}

func newCrashError(crashed *process, logFile string) *CrashError {
	exit := "exit status 0"
	if crashed.err != nil {
		exit = crashed.err.Error()
	}
	tail, err := Tail(logFile, tailLines)
	if err != nil {
		tail = err.Error()
	}
	return &CrashError{Component: crashed.component, Exit: exit, Tail: tail, LogFile: logFile}
}

// Tail returns the last lines of a file.
func Tail(path string, lines int) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("read the log: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return "", fmt.Errorf("read the log: %w", err)
	}
	start := max(0, info.Size()-tailBytes)
	content, err := io.ReadAll(io.NewSectionReader(file, start, info.Size()-start))
	if err != nil {
		return "", fmt.Errorf("read the log: %w", err)
	}
	all := strings.Split(strings.TrimRight(string(content), "\n"), "\n")
	return strings.Join(withPanic(all, all[max(0, len(all)-lines):]), "\n"), nil
}

func indent(text string) string {
	return "  " + strings.ReplaceAll(text, "\n", "\n  ")
}

// withPanic puts the reason of a panic before a tail that shows only the end of its stack.
func withPanic(content []string, tail []string) []string {
	for _, line := range slices.Backward(content[:len(content)-len(tail)]) {
		if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") {
			return append([]string{line, "..."}, tail...)
		}
	}
	return tail
}
