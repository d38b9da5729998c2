package sql

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/postgres"
)

// undoName is the name of the undo, as the ledger has it.
const undoName = "sql.exec"

// Undo says how to take a change back.
type Undo struct {
	Exec   []eval.Text `yaml:"exec" single:"true" doc:"Statements that take the change back. They must do no harm when the change was never made." example:"delete from actions where alert = $1"`
	Params eval.Tree   `yaml:"params" doc:"Values of $1, $2 and so on in the only statement of exec. They are kept in the ledger of the run, so they can't be secrets." example:"[demo]"`

	keep bool
}

// UnmarshalText takes the one word that stands for an undo.
func (u *Undo) UnmarshalText(text []byte) error {
	if u.keep = string(text) == "keep"; !u.keep {
		return fmt.Errorf("expected keep or {exec: …}, found %q", text)
	}
	return nil
}

// gives reports whether there is something to carry out.
func (u *Undo) gives() bool { return len(u.Exec) > 0 }

func (u *Undo) check(p *step.Problems) {
	if !p.Given("undo") || u.keep {
		return
	}
	if !u.gives() {
		p.At("undo", "undo needs exec, or write undo: keep")
		return
	}
	for i, text := range u.Exec {
		path := item("undo.exec", i, p)
		if program := secretIn(text.Programs()); program != nil {
			p.At(path, "the ledger holds no secrets, and ${{ %s }} reads one", program.Source)
		} else if text.Dynamic() {
			postgres.WarnText(path, p)
		}
	}
	if program := secretIn(u.Params.Programs()); program != nil {
		p.At("undo.params", "the ledger holds no secrets, and ${{ %s }} reads one", program.Source)
	}
	if p.Given("undo.params") && len(u.Exec) != 1 {
		p.At("undo.params", "params belong to one statement; write the values into the statements of an undo that has several")
	}
}

// taken is the ledger data of a change: all that another process needs to take it back, and no secret.
type taken struct {
	Connection postgres.Kept `json:"connection"`
	Exec       []string      `json:"exec"`
	Params     []param       `json:"params,omitempty"`
	Timeout    time.Duration `json:"timeout,omitempty"`
}

// param is a parameter in a form that survives JSON with its type.
type param struct {
	Value any        `json:"value,omitempty"`
	Whole *int       `json:"whole,omitempty"`
	Time  *time.Time `json:"time,omitempty"`
	Span  *int64     `json:"span,omitempty"` // nanoseconds
}

func paramOf(v any) param {
	switch v := v.(type) {
	case int:
		return param{Whole: &v}
	case time.Time:
		return param{Time: &v}
	case time.Duration:
		span := int64(v)
		return param{Span: &span}
	}
	return param{Value: v}
}

func (v param) value() any {
	switch {
	case v.Whole != nil:
		return *v.Whole
	case v.Time != nil:
		return *v.Time
	case v.Span != nil:
		return time.Duration(*v.Span)
	}
	return v.Value
}

// evaluated returns what the undo says now that all expressions have a value.
func (u *Undo) evaluated(scope eval.Scope) (taken, error) {
	var out taken
	for _, text := range u.Exec {
		statement, err := text.Eval(scope)
		if err != nil {
			return out, fmt.Errorf("undo.exec: %w", err)
		}
		out.Exec = append(out.Exec, statement)
	}
	value, err := u.Params.Eval(scope)
	if err != nil {
		return out, fmt.Errorf("undo.params: %w", err)
	}
	list, ok := value.([]any)
	if !ok && value != nil {
		return out, errors.New("undo.params: expected a list")
	}
	for _, v := range list {
		out.Params = append(out.Params, paramOf(v))
	}
	return out, nil
}

func describeUndo(t taken) string {
	return fmt.Sprintf("execute in %s: %s", t.Connection, postgres.Shorten(strings.Join(t.Exec, "; "), 120))
}

// undo carries the statements out in one transaction.
func (s steps) undo(ctx context.Context, t taken) error {
	target, err := t.Connection.Target(s.env.Settings())
	if err != nil {
		return err
	}
	work := postgres.Work{Together: true}
	for i, text := range t.Exec {
		statement := postgres.Statement{SQL: text}
		if i == 0 && len(t.Exec) == 1 {
			for _, v := range t.Params {
				statement.Params = append(statement.Params, v.value())
			}
		}
		work.Statements = append(work.Statements, statement)
	}
	conn, err := postgres.Connect(ctx, target, postgres.Options{Write: true, StatementTimeout: t.Timeout})
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Do(ctx, work, nil)
	return err
}
