package observe

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/postgres"
)

// shownRows is how many rows are shown when a condition on them is not met.
const shownRows = 10

// SQL is the source that is the rows of a query.
type SQL struct {
	Connection       postgres.Connection            `yaml:"connection" required:"true" doc:"The database: a name from scenario-runner.yaml, or an address." example:"history"`
	Query            string                         `yaml:"query" required:"true" doc:"One statement that gives rows and changes nothing." example:"select action_type from actions where alert = $1"`
	Params           []any                          `yaml:"params" doc:"Values of $1, $2 and so on in query. They are sent beside it and never become a part of it." example:"['${{ vars.alert }}']"`
	Columns          map[string]postgres.ColumnType `yaml:"columns" doc:"Types of the columns, by name, so that a misspelt one is found before the run: text, integer, number, boolean, time, duration, any, or one of them with [] for an array." example:"{action_type: text}"`
	Every            time.Duration                  `yaml:"every" doc:"Time between two looks; 500ms if not given, or only after notifications when listen is given." example:"1s"`
	Listen           string                         `yaml:"listen" doc:"Channel of NOTIFY: look again at each notification instead of again and again." example:"actions"`
	StatementTimeout time.Duration                  `yaml:"statementTimeout" doc:"How long the query may take. Without it, what the connection says, or 30s." example:"5s"`
}

func (s *SQL) text() string {
	query := postgres.Shorten(s.Query, 60)
	return fmt.Sprintf("rows of %s (%s)", cmp.Or(query, "a query"), s.Connection)
}

func (*SQL) traits() Traits { return Traits{Name: "rows", Lists: true, Asked: true} }

func (s *SQL) check(path string, p *step.Problems) {
	s.Connection.Check(path+".connection", p)
	if !p.Given(path + ".query") {
		p.At(path, "sql needs query: one statement that gives rows and changes nothing")
	}
	postgres.CheckText(path+".query", s.Query, p)
	postgres.Columns(s.Columns).Check(path+".columns", p)
	if s.Every != 0 && s.Every < shortestPoll {
		p.At(path+".every", "every: expected %s or more, found %s", Span(shortestPoll), Span(s.Every))
	}
	if s.StatementTimeout < 0 {
		p.At(path+".statementTimeout", "statementTimeout: expected a positive duration, found %s", Span(s.StatementTimeout))
	}
}

// rowType returns what is known of the rows before the run.
func (s *SQL) rowType() eval.Type { return eval.ListOf(postgres.Columns(s.Columns).Type()) }

func (s *SQL) open(ctx context.Context, run *step.Run, env *kube.Env) (Feed, error) {
	target, err := s.Connection.Resolve(ctx, env.Settings(), run)
	if err != nil {
		return nil, err
	}
	f := &rowsFeed{name: s.text(), run: run, following: postgres.Following{
		Target: target, Options: postgres.Options{StatementTimeout: s.StatementTimeout},
		Statement: postgres.Statement{SQL: s.Query, Params: s.Params}, Columns: s.Columns, Every: s.Every, Listen: s.Listen,
	}}
	if f.following.Every == 0 && f.following.Listen == "" {
		f.following.Every = usualInterval
	}
	return f, nil
}

type rowsFeed struct {
	name      string
	run       *step.Run
	following postgres.Following
	last      string // what was seen last, for people
}

// pace says how often is looked.
func (f *rowsFeed) pace() string {
	switch {
	case f.following.Listen == "":
		return "every " + Span(f.following.Every)
	case f.following.Every == 0:
		return "after each notification of " + f.following.Listen
	}
	return fmt.Sprintf("after each notification of %s and every %s", f.following.Listen, Span(f.following.Every))
}

// Once reads the rows; a server that is being restarted is asked again for a while.
func (f *rowsFeed) Once(ctx context.Context) (Look, error) {
	q := f.following
	result, err := postgres.Ask(ctx, q.Target, q.Options, q.Statement, q.Columns, func(err error) {
		f.run.Progress("%s; asking again", err)
	})
	if err != nil {
		return Look{}, postgres.Explain(err)
	}
	return f.look(result, time.Now(), ""), nil
}

// Watch looks at each notification, or again and again; each look is delivered, so every makes no difference.
func (f *rowsFeed) Watch(ctx context.Context, _ bool, see func(Look) (bool, error)) error {
	err := postgres.Follow(ctx, f.following, func(seen postgres.Seen) (bool, error) {
		l := f.look(seen.Result, seen.At, ", looked at "+f.pace())
		l.Missed = seen.Missed
		f.last = l.String()
		return see(l)
	}, func(err error) { f.run.Progress("%s; trying again", err) })
	lost, away := errors.AsType[*postgres.Lost](err)
	switch {
	case !away:
		return postgres.Explain(err)
	case errors.Is(lost.End, kube.ErrEnough):
		return kube.ErrBlind
	case step.Interrupted(ctx) || lost.Since.IsZero():
		return lost.Err // it is told by those who know how long was waited
	}
	failure := &step.Failure{
		Verdict: step.Errored, Message: fmt.Sprintf("nobody answered for the last %s: %v", Span(time.Since(lost.Since).Round(100*time.Millisecond)), lost.Err),
	}
	return failure.With("last seen", f.last)
}

func (f *rowsFeed) look(result postgres.Result, at time.Time, pace string) Look {
	rows := result.Values()
	return Look{Value: rows, Items: rows, At: at, evidence: result, describe: func() string {
		switch len(rows) {
		case 0:
			return f.name + ": none" + pace
		case 1:
			return fmt.Sprintf("%s: 1, %s%s", f.name, rowText(result.Columns, result.Rows[0]), pace)
		}
		return fmt.Sprintf("%s: %d, the last one %s%s", f.name, len(rows), rowText(result.Columns, result.Rows[len(rows)-1]), pace)
	}}
}

// rowText writes a row for people, in the order of the columns.
func rowText(columns []string, row map[string]any) string {
	parts := make([]string, len(columns))
	for i, name := range columns {
		parts[i] = name + " " + valueText(row[name])
	}
	return "(" + shorten(strings.Join(parts, ", "), 200) + ")"
}

func valueText(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case time.Time:
		return v.Format(time.RFC3339Nano)
	case time.Duration:
		return v.String()
	case []any, map[string]any, string:
		if data, err := json.Marshal(v); err == nil {
			return shorten(string(data), 80)
		}
	}
	return fmt.Sprint(v)
}

// Explain shows the rows.
func (f *rowsFeed) Explain(_ context.Context, l Look) []step.Section {
	result, ok := l.evidence.(postgres.Result)
	if !ok || len(result.Rows) == 0 {
		return nil
	}
	var lines []string
	for _, row := range result.Rows[:min(len(result.Rows), shownRows)] {
		lines = append(lines, rowText(result.Columns, row))
	}
	if more := len(result.Rows) - shownRows; more > 0 {
		lines = append(lines, fmt.Sprintf("… and %s more", plural(more, "row")))
	}
	return []step.Section{{Title: f.name, Lines: lines}}
}
