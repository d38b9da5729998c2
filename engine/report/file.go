package report

import (
	"bufio"
	"errors"
	"os"
	"path/filepath"
)

// file is a report that gets its name only when it is complete: what reads it, such as a CI system, never sees half.
type file struct {
	path    string
	partial *os.File
	*bufio.Writer
}

func createFile(path string) (*file, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	partial, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return nil, err
	}
	return &file{path: path, partial: partial, Writer: bufio.NewWriter(partial)}, nil
}

// commit gives the file its name.
func (f *file) commit() error {
	// A report is for others to read, unlike the journal; CreateTemp made it private.
	err := errors.Join(f.Flush(), f.partial.Chmod(0o644), f.partial.Close())
	if err != nil {
		return errors.Join(err, os.Remove(f.partial.Name()))
	}
	return os.Rename(f.partial.Name(), f.path)
}

func (f *file) discard() error {
	return errors.Join(f.partial.Close(), os.Remove(f.partial.Name()))
}

// fileSink is a report that is written to a file.
type fileSink struct {
	Sink
	file *file
}

// Close ends the report and names its file.
func (s *fileSink) Close() error {
	return errors.Join(s.Sink.Close(), s.file.commit())
}
