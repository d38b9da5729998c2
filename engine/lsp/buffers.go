package lsp

import (
	"os"
	"path/filepath"
	"sync"
)

// Buffers is what an editor has open. It is safe for concurrent use, and the zero value is empty.
type Buffers struct {
	mutex sync.Mutex
	files map[string]string // by path
}

// ReadFile returns what the editor shows of a file, or what is on disk when it is not open.
func (b *Buffers) ReadFile(name string) ([]byte, error) {
	path, err := filepath.Abs(name)
	if err != nil {
		return nil, err
	}
	b.mutex.Lock()
	text, open := b.files[path]
	b.mutex.Unlock()
	if open {
		return []byte(text), nil
	}
	return os.ReadFile(path)
}

func (b *Buffers) keep(d *document) {
	if d.dir() == "" {
		return
	}
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.files == nil {
		b.files = map[string]string{}
	}
	b.files[d.path] = d.text
}

func (b *Buffers) forget(d *document) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	delete(b.files, d.path)
}
