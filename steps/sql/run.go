package sql

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/postgres"
)

func (s steps) run(ctx context.Context, run *step.Run, c Config) (Outputs, error) {
	start := time.Now()
	target, err := c.Connection.Resolve(ctx, s.env.Settings(), run)
	if err != nil {
		return Outputs{}, err
	}
	var result postgres.Result
	options := postgres.Options{Write: c.Write, StatementTimeout: c.StatementTimeout}
	if c.Write {
		result, err = s.change(ctx, run, &c, target, options)
	} else {
		statement := postgres.Statement{SQL: c.Query, Params: c.Params}
		result, err = postgres.Ask(ctx, target, options, statement, c.Columns, func(err error) {
			run.Progress("%s; asking again", err)
		})
	}
	if err != nil {
		return Outputs{}, postgres.Explain(err)
	}
	out := Outputs{Rows: result.Values(), Count: len(result.Rows), Affected: result.Affected, Took: time.Since(start)}
	if out.Count > 0 {
		out.First = out.Rows[0]
	}
	return out, nil
}

// change writes the undo to the ledger and carries out the statements. They are never repeated: what a lost connection
// left behind is not known.
func (s steps) change(ctx context.Context, run *step.Run, c *Config, target postgres.Target, options postgres.Options) (postgres.Result, error) {
	work, err := workOf(c, run.Folder())
	if err != nil {
		return postgres.Result{}, err
	}
	conn, err := postgres.Connect(ctx, target, options)
	if err != nil {
		return postgres.Result{}, err
	}
	defer conn.Close(ctx)
	entry, err := s.record(ctx, run, c, target)
	if err != nil {
		return postgres.Result{}, err
	}
	result, err := conn.Do(ctx, work, c.Columns)
	return result, settle(ctx, entry, err)
}

// record writes the undo to the ledger. There is none for a change that is to stay.
func (s steps) record(ctx context.Context, run *step.Run, c *Config, target postgres.Target) (step.Entry, error) {
	if !c.Undo.gives() {
		return nil, nil //nolint:nilnil // nothing to take back
	}
	data, err := c.Undo.evaluated(run.Scope)
	if err != nil {
		return nil, err
	}
	if data.Connection, err = target.Keep(); err != nil {
		return nil, err
	}
	data.Timeout = c.StatementTimeout
	return run.Record(ctx, undoName, data)
}

// settle strikes the entry of a change out that was certainly not made: taking it back could only do harm. Where that is
// not certain the error says so.
func settle(ctx context.Context, entry step.Entry, err error) error {
	wrong, ok := errors.AsType[*postgres.Error](err)
	switch {
	case err == nil || !ok:
		return err
	case wrong.Doubtful:
		wrong.Message += "; it is not known how much of the change was made"
		return err
	case entry == nil:
		return err
	}
	return errors.Join(err, entry.Forget(context.WithoutCancel(ctx)))
}

// workOf collects the statements.
func workOf(c *Config, dir string) (postgres.Work, error) {
	work := postgres.Work{Together: c.Transaction}
	if c.Query != "" {
		work.Statements = []postgres.Statement{{SQL: c.Query, Params: c.Params}}
		return work, nil
	}
	for i, text := range c.Exec {
		statement := postgres.Statement{SQL: text}
		if i == 0 {
			statement.Params = c.Params
		}
		work.Statements = append(work.Statements, statement)
	}
	if c.File == "" {
		return work, nil
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return work, fmt.Errorf("file: %w", err)
	}
	defer root.Close() //nolint:errcheck // nothing was written
	script, err := root.ReadFile(c.File)
	if err != nil {
		return work, fmt.Errorf("file: %w", err)
	}
	work.Script = string(script)
	return work, nil
}
