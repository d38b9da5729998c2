package discovery

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"time"
)

const (
	cacheFormat = 1
	cacheAge    = 6 * time.Hour      // as kubectl's
	cacheKeep   = 7 * 24 * time.Hour // files of servers that are gone, such as sandboxes, are swept after this long
)

// cached is a file of the cache.
type cached struct {
	Format   int       `json:"format"`
	Fetched  time.Time `json:"fetched"`
	Mappings []Mapping `json:"mappings"`
}

// cacheFile returns the file for the server that identity stands for, "" when there is no folder.
func cacheFile(dir, identity string) string {
	if dir == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(identity))
	return filepath.Join(dir, "discovery", hex.EncodeToString(sum[:12])+".json")
}

// load returns what the file holds while it is fresh. A cache that can't be read is no cache: the server is asked.
func load(file string, now time.Time) []Mapping {
	if file == "" {
		return nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	var content cached
	if json.Unmarshal(data, &content) != nil || content.Format != cacheFormat {
		return nil
	}
	if age := now.Sub(content.Fetched); age < 0 || age > cacheAge {
		return nil
	}
	return content.Mappings
}

// save writes the file through a rename, so that two runs never read half of one. It is best effort: without a cache
// the next run asks the server.
func save(file string, mappings []Mapping, now time.Time) {
	if file == "" {
		return
	}
	data, err := json.Marshal(cached{Format: cacheFormat, Fetched: now, Mappings: mappings})
	if err != nil || os.MkdirAll(filepath.Dir(file), 0o700) != nil {
		return
	}
	temporary, err := os.CreateTemp(filepath.Dir(file), ".new-*")
	if err != nil {
		return
	}
	_, writeErr := temporary.Write(data)
	closeErr := temporary.Close()
	if writeErr != nil || closeErr != nil || os.Rename(temporary.Name(), file) != nil {
		_ = os.Remove(temporary.Name())
		return
	}
	sweep(filepath.Dir(file), now)
}

// sweep removes the files of servers that were not asked for a week.
func sweep(dir string, now time.Time) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && now.Sub(info.ModTime()) > cacheKeep {
			_ = os.Remove(filepath.Join(dir, entry.Name()))
		}
	}
}
