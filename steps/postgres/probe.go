package postgres

import (
	"context"
	"fmt"

	"github.com/scenario-runner/scenario-runner/steps/settings"
)

// Probe logs in to a database of the configuration and says what answers, as in "PostgreSQL 15.4 at host:5432/history,
// encrypted, read-only".
func Probe(ctx context.Context, s *settings.Settings, name string) (string, error) {
	connection, err := s.Connection(name)
	if err != nil {
		return "", err
	}
	target, err := TargetOf(s, connection)
	if err != nil {
		return "", err
	}
	c, err := Connect(ctx, target, Options{})
	if err != nil {
		return "", err
	}
	defer c.Close(ctx)
	text := fmt.Sprintf("PostgreSQL %s at %s", c.pg.ParameterStatus("server_version"), target.Address())
	if target.tls == nil {
		text += ", not encrypted"
	} else {
		text += ", encrypted"
	}
	if target.ReadOnly {
		text += ", read-only"
	}
	return text, nil
}
