package benchmark

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// baseline is the file with the measurements of an earlier run.
type baseline struct {
	Measured time.Time `json:"measured"`
	Machine  string    `json:"machine"` // "linux/amd64, 8 CPUs": other machines measure other values
	Seconds  bool      `json:"seconds"` // the values are durations
	Values   []float64 `json:"values"`
}

func machine() string {
	return fmt.Sprintf("%s/%s, %d CPUs", runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
}

// readBaseline returns nil without an error when there is no such file.
func readBaseline(path string) (*baseline, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	b := &baseline{}
	if err := json.Unmarshal(data, b); err != nil {
		return nil, fmt.Errorf("baseline %s: %w", path, err)
	}
	if len(b.Values) == 0 {
		return nil, fmt.Errorf("baseline %s: it has no values", path)
	}
	return b, nil
}

// save puts the file in place in one go.
func (b *baseline) save(path string) error {
	data, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	partial := path + ".partial"
	if err := os.WriteFile(partial, append(data, '\n'), 0o644); err != nil { //nolint:gosec // it is kept beside the scenario, for everyone
		return err
	}
	return os.Rename(partial, path)
}
