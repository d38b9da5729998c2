package postgres

import (
	"errors"
	"fmt"

	"github.com/scenario-runner/scenario-runner/steps/settings"
)

// Kept is a connection in a form that can be written to the ledger and opened by another process, wherever that is started
// and whatever the configuration says by then: without any secret, but with the places where the secrets are found.
type Kept struct {
	Connection settings.Connection `json:"connection"`
	Address    string              `json:"address"` // guards against a secret address that is another one by then
}

var errKept = errors.New("the undo can't be written to the ledger, which holds no passwords; name a connection of scenario-runner.yaml, or give passwordFrom")

// String names the database for people.
func (k Kept) String() string { return k.Connection.Name }

// Keep returns how to reach the target again, without its secrets.
func (t Target) Keep() (Kept, error) {
	if t.from.Password.Text != "" || t.from.URLFrom.Text != "" || hasPassword(t.from.URL) {
		return Kept{}, errKept
	}
	return Kept{Connection: t.from, Address: t.Address()}, nil
}

// Target finds out how to reach the database now.
func (k Kept) Target(s *settings.Settings) (Target, error) {
	target, err := TargetOf(s, k.Connection)
	if err == nil && target.Address() != k.Address {
		err = fmt.Errorf("connection %q means %s now and meant %s when the change was made; take the change back there by hand, or correct its address",
			k.Connection.Name, target.Address(), k.Address)
	}
	return target, err
}

// HasPassword reports whether the address holds a password.
func (c Connection) HasPassword() bool { return hasPassword(c.URL) }

func hasPassword(url string) bool {
	a, err := parseURL(url)
	return err == nil && a.password != ""
}
