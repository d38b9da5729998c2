package run

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// Attach keeps evidence in <AttachDir>/<scenario id>/<step>/<name> and names the file among the facts of the step. A
// name that is taken gets a number. Evidence that can't be written is reported, but changes no verdict.
func (h *host) Attach(name string, data []byte) {
	root := h.x.run.options.AttachDir
	if root == "" {
		return
	}
	if mask := h.x.run.options.MaskText; mask != nil {
		data = []byte(mask(string(data)))
	}
	folder := filepath.Join(root, h.x.info.ID, fileName(h.node.id))
	path, err := writeNew(folder, fileName(name), data)
	if err != nil {
		e := h.x.stepEvent(journal.Logged, h.node)
		e.Message = fmt.Sprintf("%q could not be attached: %v", name, err)
		h.x.run.emit(e)
		return
	}
	shown, err := filepath.Rel(filepath.Dir(root), path)
	if err != nil {
		shown = path
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.attached = append(h.attached, step.Fact{Name: "attachment", Value: filepath.ToSlash(shown)})
}

// attachments returns what was attached until now, sorted, because a step may attach from several goroutines.
func (h *host) attachments() []step.Fact {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := slices.Clone(h.attached)
	slices.SortFunc(out, func(a, b step.Fact) int { return strings.Compare(a.Value, b.Value) })
	return out
}

// writeNew writes data to a file that did not exist before.
func writeNew(folder, name string, data []byte) (string, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	extension := filepath.Ext(name)
	stem := strings.TrimSuffix(name, extension)
	for n := 1; ; n++ {
		path := filepath.Join(folder, name)
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if os.IsExist(err) {
			name = fmt.Sprintf("%s-%d%s", stem, n+1, extension)
			continue
		}
		if err != nil {
			return "", err
		}
		_, err = f.Write(data)
		if closed := f.Close(); err == nil {
			err = closed
		}
		return path, err
	}
}

// fileName makes a name safe: it stays in its folder and needs no quotes.
func fileName(name string) string {
	safe := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r) {
			return r
		}
		return '-'
	}, name)
	safe = strings.TrimLeft(safe, ".")
	if len(safe) > 100 {
		safe = safe[len(safe)-100:]
	}
	if safe == "" {
		return "attachment"
	}
	return safe
}
