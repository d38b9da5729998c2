package postgres

import (
	"fmt"

	"github.com/scenario-runner/scenario-runner/steps/settings"
)

// Kept is a connection in a form that can be written to the ledger and opened by another process: without any secret, but
// with the place where the secret is found.
type Kept struct {
	Name    string               `json:"name,omitempty"`   // in the configuration, or
	Inline  *settings.Connection `json:"inline,omitempty"` // as the scenario has it
	Address string               `json:"address"`          // guards against a name that stands for another database by then
}

// String names the database for people.
func (k Kept) String() string {
	if k.Name != "" {
		return k.Name
	}
	return k.Address
}

// Keep returns c without its secrets. target is what it means now.
func (c Connection) Keep(s *settings.Settings, dir string, target Target) (Kept, error) {
	kept := Kept{Name: c.Name, Address: target.Address()}
	if c.Name != "" {
		return kept, nil
	}
	plain, err := c.plain(s, dir)
	if err != nil {
		return kept, err
	}
	if plain.Password.Text != "" || c.HasPassword() {
		return kept, fmt.Errorf("the undo can't be written to the ledger, which holds no passwords; name a connection of scenario-runner.yaml, or give passwordFrom")
	}
	kept.Inline = &plain
	return kept, nil
}

// Target finds out how to reach the database now.
func (k Kept) Target(s *settings.Settings) (Target, error) {
	var plain settings.Connection
	if k.Inline != nil {
		plain = *k.Inline
	} else {
		var err error
		if plain, err = s.Connection(k.Name); err != nil {
			return Target{}, fmt.Errorf("connection: %w", err)
		}
	}
	target, err := TargetOf(s, plain)
	if err == nil && target.Address() != k.Address {
		err = fmt.Errorf("connection %q means %s now and meant %s when the change was made; take the change back there by hand, or correct the configuration", k.Name, target.Address(), k.Address)
	}
	return target, err
}
