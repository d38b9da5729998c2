package step

import (
	"path/filepath"

	"github.com/scenario-runner/scenario-runner/engine/field"
)

// Place is the file that a use of a step stands in, as far as it is known while the file is checked.
type Place struct {
	// Dir is the folder of the file: relative paths in the config start here.
	Dir string
	// Common is what the common fields of the use say.
	Common Common
	shared *field.Shared
}

func placeOf(d *field.Decoder) *Place {
	in := &Place{Dir: filepath.Dir(d.File.Name), shared: d.Shared}
	in.Common, _ = d.Caller.(Common)
	if in.shared == nil {
		in.shared = &field.Shared{}
	}
	return in
}

// Shared returns what steps keep under a key for later steps of the same file, and makes it when it is first asked for.
// The key is of a type of the package that keeps it, so that no two packages use the same.
func (p *Place) Shared(key any, fresh func() any) any { return p.shared.Value(key, fresh) }
