package eval

import (
	"fmt"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/diag"
)

// Found is the first part of Error: what is missing.
func (e *MissingError) Found() string {
	if e.Nil {
		return fmt.Sprintf("%s is nothing, so it has no %q", e.Of, e.Name)
	}
	return fmt.Sprintf("%s has no field %q", e.Of, e.Name)
}

// Brief is Found with the field that is most likely meant.
func (e *MissingError) Brief() string {
	if near := diag.Suggest(e.Name, e.Has); near != "" {
		return fmt.Sprintf("%s; did you mean %q?", e.Found(), near)
	}
	return e.Found()
}

// There lists the fields that are there instead, the first ones when they are many.
func (e *MissingError) There() string {
	n := len(e.Has)
	has := strings.Join(e.Has[:min(n, mostNamed)], ", ")
	if n > mostNamed {
		has += fmt.Sprintf(" and %d more", n-mostNamed)
	}
	return has
}

// Absent is the expression for a field that may be absent.
func (e *MissingError) Absent() string {
	if e.Nil {
		return e.Of + "?." + e.Name
	}
	return fmt.Sprintf("%s.%s ?? …", e.Of, e.Name)
}

// mostNamed is how many fields are named that are there instead of one that is not.
const mostNamed = 12
