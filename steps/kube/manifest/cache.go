package manifest

import (
	"bytes"
	"sync"

	"github.com/scenario-runner/scenario-runner/engine/diag"
)

// mostKept is how many bytes of manifests a cache remembers. Beyond that it forgets all and begins anew.
const mostKept = 16 << 20

// Cache remembers what was found in files, because many scenarios deploy the same ones. What it returns is shared and
// must not be changed. The zero Cache is ready to use and safe for concurrent use.
type Cache struct {
	mu    sync.Mutex
	files map[string]inspected
	kept  int
}

// inspected is what was found in a file that had this text.
type inspected struct {
	text    []byte
	objects []Located
	diags   diag.List
}

// inspect looks at a file unless it did so before and the text is the same.
func (c *Cache) inspect(shown, name string, text []byte) ([]Located, diag.List) {
	c.mu.Lock()
	found, ok := c.files[shown]
	c.mu.Unlock()
	if ok && bytes.Equal(found.text, text) {
		return found.objects, found.diags
	}
	objects, diags := inspect(shown, name, text)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.files == nil || c.kept+len(text) > mostKept {
		c.files, c.kept = map[string]inspected{}, 0
	}
	c.files[shown] = inspected{text, objects, diags}
	c.kept += len(text)
	return objects, diags
}
