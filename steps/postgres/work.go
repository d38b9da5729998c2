package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Work is statements that belong together.
type Work struct {
	Statements []Statement
	// Script is statements without parameters, separated by semicolons as in a file; they come after Statements.
	Script string
	// Together carries everything out in one transaction: all of it takes effect, or nothing.
	Together bool
}

// Do carries out work and returns the result of the last of its statements; what was changed is added up. The rows of
// that statement are compared with columns.
func (c *Conn) Do(ctx context.Context, w Work, columns Columns) (Result, error) {
	if !w.Together {
		result, err := c.each(ctx, w, columns)
		return result, w.halfDone(err)
	}
	if _, err := c.simple(ctx, "begin"); err != nil {
		return Result{}, c.sure(err)
	}
	result, err := c.each(ctx, w, columns)
	if err != nil {
		return Result{}, c.rolledBack(ctx, err)
	}
	if c.pg.TxStatus() != 'T' {
		return Result{}, &Error{
			Target: c.target.Label, Doubtful: true,
			Message: "the statements ended the transaction that they are in; leave out begin, commit and rollback, or write transaction: false",
		}
	}
	if _, err := c.simple(ctx, "commit"); err != nil {
		return Result{}, err // a refused commit has changed nothing, a lost one is doubtful, and both say so
	}
	return result, nil
}

// each carries out one statement after the other.
func (c *Conn) each(ctx context.Context, w Work, columns Columns) (Result, error) {
	var total Result
	for i, s := range w.Statements {
		var declared Columns
		if i == len(w.Statements)-1 && w.Script == "" {
			declared = columns
		}
		result, err := c.Query(ctx, s, declared)
		if err != nil {
			if len(w.Statements) > 1 {
				err = numbered(err, i+1)
			}
			return Result{}, err
		}
		result.Affected += total.Affected
		result.Took += total.Took
		total = result
	}
	if strings.TrimSpace(w.Script) == "" {
		return total, nil
	}
	affected, err := c.simple(ctx, w.Script)
	if err != nil {
		return Result{}, about(err, w.Script)
	}
	total.Affected += affected
	return total, nil
}

// numbered says which of several statements an error is about.
func numbered(err error, n int) error {
	if e, ok := errors.AsType[*Error](err); ok {
		e.Message = fmt.Sprintf("statement %d: %s", n, e.Message)
	}
	return err
}

// halfDone says of an error that statements before the one that failed have taken effect.
func (w Work) halfDone(err error) error {
	if e, ok := errors.AsType[*Error](err); ok && (len(w.Statements) > 1 || w.Script != "") {
		e.Doubtful = true
	}
	return err
}

// rolledBack ends a transaction of which one statement failed. Nothing that is not committed is ever kept, so the failure
// leaves no doubt, whatever became of the connection.
func (c *Conn) rolledBack(ctx context.Context, err error) error {
	if !c.pg.IsClosed() && ctx.Err() == nil {
		if _, undo := c.simple(ctx, "rollback"); undo != nil {
			return errors.Join(err, undo)
		}
	}
	return c.sure(err)
}
