package history

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

// File is a sink that appends each version of an entry as one line of JSON.
type File struct {
	file *os.File
}

// OpenFile opens the file for appending and creates it, readable by its owner only, if needed.
func OpenFile(path string) (*File, error) {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the history file: %w", err)
	}
	return &File{file: file}, nil
}

// Append writes the entry with a single call, so that a line is never torn by another writer.
func (f *File) Append(entry Entry) error {
	line, err := json.Marshal(entry)
	if err != nil {
		return fmt.Errorf("encode a history line: %w", err)
	}
	if _, err := f.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("append to the history file: %w", err)
	}
	return nil
}

// Close makes the file durable and closes it.
func (f *File) Close() error {
	return errors.Join(f.file.Sync(), f.file.Close())
}
