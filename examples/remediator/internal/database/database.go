// Package database keeps the history of actions in PostgreSQL, for questions that outlive
// the process: what was done to an object, and how often an action helped. It is a sink of
// the history and decides nothing.
package database

import (
	"context"
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

// Store is a database; it is a history.Sink. It has one connection, because a history
// writes one entry after another.
type Store struct {
	// life is the context of the writes, which come without one of their own.
	life   context.Context
	config *pgx.ConnConfig
	conn   *pgx.Conn
}

// Open connects and makes the tables that are missing. Errors never show the password.
func Open(ctx context.Context, address string) (*Store, error) {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, errors.New("open the database: the address is not one of PostgreSQL, such as postgres://user@host/database")
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	if err := pgx.BeginFunc(ctx, conn, makeTables(ctx)); err != nil {
		return nil, errors.Join(fmt.Errorf("make the tables of the history: %w", err), conn.Close(ctx))
	}
	return &Store{life: context.WithoutCancel(ctx), config: config, conn: conn}, nil
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

// connected takes the connection up again when it was lost.
func (s *Store) connected(ctx context.Context) error {
	if !s.conn.IsClosed() {
		return nil
	}
	conn, err := pgx.ConnectConfig(ctx, s.config)
	if err != nil {
		return err
	}
	s.conn = conn
	return nil
}

// Append writes one version of an entry.
func (s *Store) Append(entry history.Entry) error {
	ctx, cancel := context.WithTimeout(s.life, writeTimeout)
	defer cancel()
	if err := s.connected(ctx); err != nil {
		return fmt.Errorf("write to the database: %w", err)
	}
	err := pgx.BeginFunc(ctx, s.conn, func(tx pgx.Tx) error {
		resource, err := countAction(ctx, tx, entry)
		if err != nil {
			return err
		}
		return writeTrace(ctx, tx, entry, resource)
	})
	if err != nil {
		return fmt.Errorf("write to the database: %w", err)
	}
	return nil
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
	err := tx.QueryRow(ctx, `
		WITH resource AS (
			INSERT INTO resource_references (cluster, kind, namespace, name) VALUES ($1, $2, $3, $4)
			ON CONFLICT (cluster, kind, namespace, name) DO UPDATE SET name = EXCLUDED.name
			RETURNING id)
		INSERT INTO action_histories AS h (resource_id, total_actions, last_action_at)
		SELECT id, $5::int, CASE WHEN $5::int > 0 THEN now() END FROM resource
		ON CONFLICT (resource_id) DO UPDATE SET
			total_actions = h.total_actions + EXCLUDED.total_actions,
			last_action_at = COALESCE(EXCLUDED.last_action_at, h.last_action_at)
		RETURNING id`,
		entry.Target.Cluster, entry.Target.Kind, entry.Target.Namespace, name, begins).Scan(&id)
	return &id, err
}

// writeTrace writes the newest version over the one before.
func writeTrace(ctx context.Context, tx pgx.Tx, entry history.Entry, resource *int64) error {
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
			received_at, finished_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
		ON CONFLICT (action_id) DO UPDATE SET
			execution_status = EXCLUDED.execution_status, execution_error = EXCLUDED.execution_error,
			resource_state_before = EXCLUDED.resource_state_before, resource_state_after = EXCLUDED.resource_state_after,
			finished_at = EXCLUDED.finished_at`,
		entry.ID, resource, entry.Alertname, entry.Fingerprint, columns[0], entry.Action,
		confidence, reasoning, entry.Status, entry.Reason, columns[1], columns[2], entry.StartedAt, entry.FinishedAt)
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
