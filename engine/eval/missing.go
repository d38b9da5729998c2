package eval

import (
	"fmt"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/diag"
)

// Found is the first part of Error: what is missing.
func (e *MissingError) Found() string {
	if e.Item {
		return e.item()
	}
	if e.Nil {
		return fmt.Sprintf("%s is nothing, so it has no %q", e.Of, e.Name)
	}
	return fmt.Sprintf("%s has no field %q", e.Of, e.Name)
}

// Brief is Found with the field that is most likely meant.
func (e *MissingError) Brief() string {
	if e.Item {
		return e.Found()
	}
	if near := diag.Suggest(e.Name, e.Has); near != "" {
		return fmt.Sprintf("%s; did you mean %q?", e.Found(), near)
	}
	return e.Found()
}

// There lists the fields that are there instead, the first ones when they are many; of a list it says how many items.
func (e *MissingError) There() string {
	switch {
	case e.Item && len(e.Has) == 0:
		return "no item"
	case e.Item && len(e.Has) == 1:
		return "1 item"
	case e.Item:
		return fmt.Sprintf("%d items", len(e.Has))
	}
	n := len(e.Has)
	has := strings.Join(e.Has[:min(n, mostNamed)], ", ")
	if n > mostNamed {
		has += fmt.Sprintf(" and %d more", n-mostNamed)
	}
	return has
}

// Absent is the expression for a field that may be absent.
func (e *MissingError) Absent() string {
	if e.Item {
		return fmt.Sprintf("get(%s, %s)", e.Of, e.Name)
	}
	if e.Nil {
		return e.Of + "?." + e.Name
	}
	return fmt.Sprintf("%s.%s ?? …", e.Of, e.Name)
}

// mostNamed is how many fields are named that are there instead of one that is not.
const mostNamed = 12

// item says that a list has not so many items.
func (e *MissingError) item() string {
	switch {
	case e.Nil:
		return fmt.Sprintf("%s is nothing, so it has no item %s", e.Of, e.Name)
	case len(e.Has) == 0:
		return fmt.Sprintf("%s has no item %s, because it is empty", e.Of, e.Name)
	case len(e.Has) == 1:
		return fmt.Sprintf("%s has no item %s, because it has only one", e.Of, e.Name)
	}
	return fmt.Sprintf("%s has no item %s, because it has only %d", e.Of, e.Name, len(e.Has))
}
