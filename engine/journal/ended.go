package journal

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
)

// lastBytes is how much of the end of a journal is looked at for its last event.
const lastBytes = 64 << 10

// Ended reports whether the journal says that the run came to its end. It reads only the end of the file, so that many
// runs can be asked. A journal that can't be read is no sign of an end.
func (r RunDir) Ended() bool {
	file, err := os.Open(filepath.Join(r.Dir, fileName))
	if err != nil {
		return false
	}
	defer file.Close() //nolint:errcheck // it was only read
	info, err := file.Stat()
	if err != nil {
		return false
	}
	tail := make([]byte, min(info.Size(), lastBytes))
	if _, err := file.ReadAt(tail, info.Size()-int64(len(tail))); err != nil && err != io.EOF {
		return false
	}
	for line := range bytes.Lines(tail) {
		if e, err := parseLine(bytes.TrimSpace(line)); err == nil && e.Kind == RunFinished {
			return true // ledger entries may follow, of a cleanup
		}
	}
	return false
}
