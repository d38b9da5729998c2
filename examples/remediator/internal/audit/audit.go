// Package audit keeps the log that auditors read: one JSON line for each stage of each
// alert, chained by hashes, so that a line that was changed or taken out is noticed. It
// keeps no states of objects; those are in the history.
package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/history"
)

// Line is one line of the log.
type Line struct {
	Time      time.Time      `json:"time"`
	ID        string         `json:"id"`
	Alertname string         `json:"alertname"`
	Action    string         `json:"action,omitempty"`
	Target    string         `json:"target,omitempty"`
	Status    history.Status `json:"status"`
	Reason    string         `json:"reason,omitempty"`
	// Previous is the hash of the line before, empty in the first.
	Previous string `json:"previous"`
	// Hash is that of this line without it.
	Hash string `json:"hash,omitempty"`
}

// Log is a file that is appended to; it is a history.Sink.
type Log struct {
	file *os.File
	last string
}

// Open checks the chain of an existing log and continues it.
func Open(path string) (*Log, error) {
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("open the audit log: %w", err)
	}
	last, err := Check(data)
	if err != nil {
		return nil, fmt.Errorf("open the audit log %q: %w", path, err)
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the audit log: %w", err)
	}
	return &Log{file: file, last: last}, nil
}

// Check follows the chain and returns its last hash.
func Check(data []byte) (last string, err error) {
	number := 0
	for text := range bytes.Lines(data) {
		number++
		var line Line
		if err := json.Unmarshal(text, &line); err != nil {
			return "", fmt.Errorf("line %d is not one of an audit log: %w", number, err)
		}
		if line.Previous != last {
			return "", fmt.Errorf("line %d does not follow the line before it", number)
		}
		claimed := line.Hash
		if line.Hash, err = line.sum(); err != nil {
			return "", err
		}
		if line.Hash != claimed {
			return "", fmt.Errorf("line %d was changed after it was written", number)
		}
		last = claimed
	}
	return last, nil
}

// sum computes the hash of a line.
func (l Line) sum() (string, error) {
	l.Hash = ""
	data, err := json.Marshal(l)
	if err != nil {
		return "", fmt.Errorf("encode a line of the audit log: %w", err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}

// Append writes one line.
func (l *Log) Append(entry history.Entry) error {
	line := Line{
		Time: time.Now().UTC(), ID: entry.ID, Alertname: entry.Alertname, Action: entry.Action,
		Status: entry.Status, Reason: entry.Reason, Previous: l.last,
	}
	if entry.Target != nil {
		line.Target = entry.Target.String()
	}
	var err error
	if line.Hash, err = line.sum(); err != nil {
		return err
	}
	data, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("encode a line of the audit log: %w", err)
	}
	if _, err := l.file.Write(append(data, '\n')); err != nil {
		return fmt.Errorf("append to the audit log: %w", err)
	}
	l.last = line.Hash
	return nil
}

// Close makes the log durable and closes it.
func (l *Log) Close() error { return errors.Join(l.file.Sync(), l.file.Close()) }
