package database

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/action"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/history"
)

// abandoned is the reason of actions whose process ended before they did.
const abandoned = "the remediator ended before the action did; what it changed is not known"

// Restore returns the newest entries that are on record, oldest first. What a process has left unfinished that is no more
// is failed from now on; what another one is at work on is left alone.
func (s *Store) Restore(ctx context.Context, most int) ([]history.Entry, error) {
	if err := s.closeAbandoned(ctx); err != nil {
		return nil, fmt.Errorf("close what earlier processes left in the database: %w", err)
	}
	rows, err := s.conn.Query(ctx, `
		SELECT t.action_id, t.alert_name, t.alert_fingerprint, t.alert_labels, t.action_type, r.cluster, r.kind, r.namespace, r.name,
			t.model_confidence, t.model_reasoning, t.execution_status, t.execution_error, t.resource_state_before, t.resource_state_after,
			t.received_at, t.begun_at, t.finished_at, t.cooldown_until
		FROM resource_action_traces t
		LEFT JOIN action_histories h ON h.id = t.action_history_id
		LEFT JOIN resource_references r ON r.id = h.resource_id
		ORDER BY t.received_at DESC, t.action_id LIMIT $1`, most)
	if err != nil {
		return nil, fmt.Errorf("read the database: %w", err)
	}
	entries, err := pgx.CollectRows(rows, entryOf)
	if err != nil {
		return nil, fmt.Errorf("read the database: %w", err)
	}
	slices.Reverse(entries)
	return entries, nil
}

// closeAbandoned ends the rows of processes that hold no lock any more.
func (s *Store) closeAbandoned(ctx context.Context) error {
	_, err := s.conn.Exec(ctx, `
		WITH open AS MATERIALIZED (
			SELECT action_id, written_by FROM resource_action_traces WHERE execution_status IN ('received', 'executing') AND written_by <> $2)
		UPDATE resource_action_traces t
		SET execution_status = 'failed', execution_error = $3, finished_at = now()
		FROM open WHERE open.action_id = t.action_id AND pg_try_advisory_xact_lock($1, hashtext(open.written_by))`,
		schemaLock, s.process, abandoned)
	return err
}

// entryOf reads an entry from a row.
func entryOf(row pgx.CollectableRow) (history.Entry, error) {
	var (
		entry                          history.Entry
		cluster, kind, namespace, name *string
		labels, before, after          []byte
		confidence                     *float64
		reasoning                      *string
	)
	err := row.Scan(&entry.ID, &entry.Alertname, &entry.Fingerprint, &labels, &entry.Action, &cluster, &kind, &namespace, &name,
		&confidence, &reasoning, &entry.Status, &entry.Reason, &before, &after,
		&entry.StartedAt, &entry.BegunAt, &entry.FinishedAt, &entry.CooldownUntil)
	if err != nil {
		return entry, err
	}
	if kind != nil {
		entry.Target = &action.Target{Cluster: *cluster, Kind: *kind, Namespace: *namespace, Name: *name}
	}
	if confidence != nil && reasoning != nil {
		entry.Model = &history.Opinion{Confidence: *confidence, Reason: *reasoning}
	}
	return entry, errors.Join(decode(labels, &entry.Labels), decode(before, &entry.Before), decode(after, &entry.After))
}

// decode reads a column that may be empty.
func decode(column []byte, into any) error {
	if len(column) == 0 {
		return nil
	}
	return json.Unmarshal(column, into)
}
