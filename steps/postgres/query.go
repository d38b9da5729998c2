package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// mostRows and mostBytes are how much of an answer is read: it is kept in memory, looked at and reported.
	mostRows  = 10_000
	mostBytes = 16 << 20
	// prepared is the name of the one prepared statement of a connection.
	prepared = "scenario_runner"
)

// Statement is a statement with the values of its parameters $1, $2 and so on.
type Statement struct {
	SQL    string
	Params []any
}

// Result is what a statement gave.
type Result struct {
	Columns  []string         // in the order of the query
	Rows     []map[string]any // values by column
	Affected int              // rows that were changed
	Took     time.Duration
}

// Values returns the rows as expressions see them.
func (r Result) Values() []any {
	out := make([]any, len(r.Rows))
	for i, row := range r.Rows {
		out[i] = row
	}
	return out
}

// Query carries out one statement. What columns declares is compared with what the statement gives before it runs. A query
// on a connection that may not write, and which ended for a passing reason, may be asked again on a new connection.
func (c *Conn) Query(ctx context.Context, s Statement, columns Columns) (Result, error) {
	result, err := c.query(ctx, s, columns)
	return result, about(err, s.SQL)
}

func (c *Conn) query(ctx context.Context, s Statement, columns Columns) (Result, error) {
	start := time.Now()
	bounded, cancel := c.bounded(ctx)
	defer cancel()
	description, params, err := c.prepare(ctx, bounded, s)
	if err != nil {
		return Result{}, c.sure(err)
	}
	fields := make([]column, len(description.Fields))
	for i, f := range description.Fields {
		fields[i] = column{name: f.Name, kind: c.kind(f.DataTypeOID)}
	}
	if err := columns.fit(fields); err != nil {
		return Result{}, &Error{Target: c.target.Label, Message: err.Error()}
	}
	rows, tag, err := c.read(bounded, c.pg.ExecStatement(bounded, description, params, nil, nil))
	if err != nil {
		return Result{}, err
	}
	result := Result{Affected: changed(tag), Rows: make([]map[string]any, len(rows))}
	for _, f := range fields {
		result.Columns = append(result.Columns, f.name)
	}
	for i, row := range rows {
		if result.Rows[i], err = c.decode(fields, columns, row); err != nil {
			return Result{}, &Error{Target: c.target.Label, Message: fmt.Sprintf("row %d: %s", i+1, err)}
		}
	}
	result.Took = time.Since(start)
	return result, nil
}

// sure says of an error that the statement did not run.
func (c *Conn) sure(err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		e.Doubtful = false
	}
	return err
}

// prepare lets the server read the statement, and writes the values of the parameters for the types that it wants.
func (c *Conn) prepare(ctx, bounded context.Context, s Statement) (*pgconn.StatementDescription, [][]byte, error) {
	if err := c.pg.Deallocate(bounded, prepared); err != nil {
		return nil, nil, c.stated(bounded, err)
	}
	description, err := c.pg.Prepare(bounded, prepared, s.SQL, nil)
	if err != nil {
		return nil, nil, c.stated(bounded, err)
	}
	if wanted := len(description.ParamOIDs); wanted != len(s.Params) {
		return nil, nil, &Error{Target: c.target.Label, Message: fmt.Sprintf("the statement has %s, and params gives %d", counted(wanted, "parameter"), len(s.Params))}
	}
	oids := slices.Clone(description.ParamOIDs)
	for _, f := range description.Fields {
		oids = append(oids, f.DataTypeOID)
	}
	if err := c.learn(ctx, oids); err != nil {
		return nil, nil, err
	}
	params := make([][]byte, len(s.Params))
	for i, v := range s.Params {
		if v == nil {
			continue
		}
		text, err := c.kind(description.ParamOIDs[i]).encode(v)
		if err != nil {
			return nil, nil, &Error{Target: c.target.Label, Message: fmt.Sprintf("parameter $%d: %s", i+1, err)}
		}
		params[i] = []byte(text)
	}
	return description, params, nil
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// raw carries out a statement without parameters and returns the texts of its rows.
func (c *Conn) raw(ctx context.Context, sql string) ([][][]byte, error) {
	bounded, cancel := c.bounded(ctx)
	defer cancel()
	rows, _, err := c.read(bounded, c.pg.ExecParams(bounded, sql, nil, nil, nil, nil))
	return rows, err
}

// read takes over the rows of a statement, up to what can be kept.
func (c *Conn) read(ctx context.Context, reader *pgconn.ResultReader) ([][][]byte, pgconn.CommandTag, error) {
	var rows [][][]byte
	size := 0
	for reader.NextRow() {
		values := reader.Values()
		row := make([][]byte, len(values))
		for i, v := range values {
			row[i] = slices.Clone(v)
			size += len(v)
		}
		if rows = append(rows, row); len(rows) > mostRows || size > mostBytes {
			return nil, pgconn.CommandTag{}, c.flood(ctx, len(rows))
		}
	}
	tag, err := reader.Close()
	if err != nil {
		return nil, tag, c.stated(ctx, err)
	}
	return rows, tag, nil
}

// flood ends a statement that gives too much; the rest of its rows would have to be read to go on.
func (c *Conn) flood(ctx context.Context, rows int) error {
	c.Close(ctx)
	what := fmt.Sprintf("the query gives more than %d rows", mostRows)
	if rows <= mostRows {
		what = fmt.Sprintf("the first %s of the query have more than %d MiB", counted(rows, "row"), mostBytes>>20)
	}
	return &Error{Target: c.target.Label, Message: what + "; let the database count and choose: count(*), where, limit, or fewer columns"}
}

// decode reads one row.
func (c *Conn) decode(fields []column, columns Columns, row [][]byte) (map[string]any, error) {
	out := make(map[string]any, len(row))
	for i, f := range fields {
		if row[i] == nil {
			out[f.name] = nil
			continue
		}
		v, err := columns[f.name].decode(f.kind, string(row[i]))
		if err != nil {
			return nil, fmt.Errorf("column %q %w", f.name, err)
		}
		out[f.name] = v
	}
	return out, nil
}

// changed returns how many rows a statement changed.
func changed(tag pgconn.CommandTag) int {
	if tag.Insert() || tag.Update() || tag.Delete() || strings.HasPrefix(tag.String(), "MERGE") {
		return int(tag.RowsAffected())
	}
	return 0
}
