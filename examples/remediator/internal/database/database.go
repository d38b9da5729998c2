// Package database keeps the history of actions in PostgreSQL, for questions that outlive
// the process: what was done to an object, and how often an action helped. It is a sink of
// the history and decides nothing.
package database

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/history"
)

//go:embed schema.sql
var schema string

// schemaLock keeps two processes from making the tables at the same time.
const schemaLock = 4116

// writeTimeout limits one write: while it lasts, no other entry is recorded.
const writeTimeout = 5 * time.Second

// Channel is where the database tells its clients about each version of a trace, by the id of its action.
const Channel = "remediator_actions"

// Store is a database; it is a history.Sink. It has one connection, because a history
// writes one entry after another.
type Store struct {
	// life is the context of the writes, which come without one of their own.
	life   context.Context
	config *pgx.ConnConfig
	conn   *pgx.Conn
	// process is the name of this process in the rows that it writes.
	process string
}

// Open connects and makes the tables that are missing. Errors never show the password.
func Open(ctx context.Context, address string) (*Store, error) {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, errors.New("open the database: the address is not one of PostgreSQL, such as postgres://user@host/database")
	}
	s := &Store{life: context.WithoutCancel(ctx), config: config, process: rand.Text()}
	if err := s.connect(ctx); err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	if err := pgx.BeginFunc(ctx, s.conn, makeTables(ctx)); err != nil {
		return nil, errors.Join(fmt.Errorf("make the tables of the history: %w", err), s.conn.Close(ctx))
	}
	return s, nil
}

// connect logs in and shows that this process lives.
func (s *Store) connect(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, s.config)
	if err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1, hashtext($2))", schemaLock, s.process); err != nil {
		return errors.Join(err, conn.Close(ctx))
	}
	s.conn = conn
	return nil
}

// makeTables returns the transaction that makes what is missing.
func makeTables(ctx context.Context) func(pgx.Tx) error {
	return func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", schemaLock); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, schema)
		return err
	}
}

// Close ends the connection.
func (s *Store) Close() error {
	ctx, cancel := context.WithTimeout(s.life, writeTimeout)
	defer cancel()
	return s.conn.Close(ctx)
}

// Append writes one version of an entry. When the connection was lost, a new one is tried once: to write the same
// version twice changes nothing.
func (s *Store) Append(entry history.Entry) error {
	ctx, cancel := context.WithTimeout(s.life, writeTimeout)
	defer cancel()
	err := s.write(ctx, entry)
	if err != nil && s.conn.IsClosed() && ctx.Err() == nil {
		err = s.connect(ctx)
		if err == nil {
			err = s.write(ctx, entry)
		}
	}
	if err != nil {
		return fmt.Errorf("write to the database: %w", err)
	}
	return nil
}

func (s *Store) write(ctx context.Context, entry history.Entry) error {
	return pgx.BeginFunc(ctx, s.conn, func(tx pgx.Tx) error {
		resource, err := countAction(ctx, tx, entry)
		if err != nil {
			return err
		}
		if err := s.writeTrace(ctx, tx, entry, resource); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "SELECT pg_notify($1, $2)", Channel, entry.ID)
		return err
	})
}

// countAction returns the history of the target, which it makes if needed, and counts an
// action that begins. An entry without a target has none.
func countAction(ctx context.Context, tx pgx.Tx, entry history.Entry) (*int64, error) {
	if entry.Target == nil {
		return nil, nil
	}
	name, begins := entry.Target.Name, 0
	if name == "" {
		name = entry.Target.Selector
	}
	if entry.Status == history.Executing {
		begins = 1
	}
	var id int64
	// A version that is written once more after a lost connection does not count again.
	err := tx.QueryRow(ctx, `
		WITH resource AS (
			INSERT INTO resource_references (cluster, kind, namespace, name) VALUES ($1, $2, $3, $4)
			ON CONFLICT (cluster, kind, namespace, name) DO UPDATE SET name = EXCLUDED.name
			RETURNING id)
		INSERT INTO action_histories AS h (resource_id, total_actions, last_action_at)
		SELECT id, begins, CASE WHEN begins > 0 THEN now() END FROM resource, (SELECT CASE WHEN EXISTS (
			SELECT FROM resource_action_traces WHERE action_id = $6 AND execution_status = 'executing') THEN 0 ELSE $5::int END AS begins) AS counted
		ON CONFLICT (resource_id) DO UPDATE SET
			total_actions = h.total_actions + EXCLUDED.total_actions,
			last_action_at = COALESCE(EXCLUDED.last_action_at, h.last_action_at)
		RETURNING id`,
		entry.Target.Cluster, entry.Target.Kind, entry.Target.Namespace, name, begins, entry.ID).Scan(&id)
	return &id, err
}

// writeTrace writes the newest version over the one before.
func (s *Store) writeTrace(ctx context.Context, tx pgx.Tx, entry history.Entry, resource *int64) error {
	var columns [3][]byte
	for i, value := range []map[string]any{labelColumn(entry), entry.Before, entry.After} {
		if value == nil {
			continue
		}
		var err error
		if columns[i], err = json.Marshal(value); err != nil {
			return fmt.Errorf("encode the entry: %w", err)
		}
	}
	var confidence *float64
	var reasoning *string
	if entry.Model != nil {
		confidence, reasoning = &entry.Model.Confidence, &entry.Model.Reason
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO resource_action_traces (action_id, action_history_id, alert_name, alert_fingerprint, alert_labels, action_type,
			model_confidence, model_reasoning, execution_status, execution_error, resource_state_before, resource_state_after,
			received_at, finished_at, begun_at, cooldown_until, written_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
		ON CONFLICT (action_id) DO UPDATE SET
			execution_status = EXCLUDED.execution_status, execution_error = EXCLUDED.execution_error,
			resource_state_before = EXCLUDED.resource_state_before, resource_state_after = EXCLUDED.resource_state_after,
			finished_at = EXCLUDED.finished_at, begun_at = EXCLUDED.begun_at, cooldown_until = EXCLUDED.cooldown_until`,
		entry.ID, resource, entry.Alertname, entry.Fingerprint, columns[0], entry.Action,
		confidence, reasoning, entry.Status, entry.Reason, columns[1], columns[2], entry.StartedAt, entry.FinishedAt,
		entry.BegunAt, entry.CooldownUntil, s.process)
	return err
}

// labelColumn returns the labels, which are never missing.
func labelColumn(entry history.Entry) map[string]any {
	labels := make(map[string]any, len(entry.Labels))
	for name, value := range entry.Labels {
		labels[name] = value
	}
	return labels
}
