// Package sql is the step that reads from a PostgreSQL database, or changes it. The source of the same name, for waitFor
// and assert, is in package observe; what both share is in package postgres.
package sql

import (
	_ "embed"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/postgres"
)

//go:embed README.md
var doc string

// Config is what the author writes under sql.
type Config struct {
	Connection       postgres.Connection            `yaml:"connection" required:"true" doc:"The database: a name from scenario-runner.yaml, or an address." example:"history"`
	Query            string                         `yaml:"query" doc:"One statement that gives rows." example:"select action_type from actions where alert = $1"`
	Exec             []string                       `yaml:"exec" single:"true" doc:"Statements that change something, carried out in order. Needs write: true." example:"[delete from actions]"`
	File             string                         `yaml:"file" doc:"File with statements that change something, inside the scenario's folder. Needs write: true." example:"sql/schema.sql" refers:"file"`
	Params           []any                          `yaml:"params" doc:"Values of $1, $2 and so on in query, or in the only statement of exec. They are sent beside the statement and never become a part of it." example:"['${{ vars.alert }}']"`
	Columns          map[string]postgres.ColumnType `yaml:"columns" doc:"Types of the columns of query, by name: text, integer, number, boolean, time, duration, any, or one of them with [] for an array." example:"{action_type: text}"`
	Write            bool                           `yaml:"write" doc:"The database may be changed. Without it the server refuses every change."`
	Transaction      bool                           `yaml:"transaction" doc:"Carry everything out in one transaction, so that all of it takes effect or nothing. False for statements that can't be in one, as create index concurrently."`
	StatementTimeout time.Duration                  `yaml:"statementTimeout" doc:"How long one statement may take. Without it, what the connection says, or 30s." example:"5s"`
	Undo             Undo                           `yaml:"undo" doc:"How to take the change back at the end of the scenario, or keep." example:"{exec: delete from actions where alert = $1, params: [demo]}"`
}

// Outputs is what later steps can read.
type Outputs struct {
	Rows     []any         `expr:"rows" doc:"The rows of query, each with its columns by name."`
	Count    int           `expr:"count" doc:"Number of rows."`
	First    any           `expr:"first" doc:"The first row, nil when there is none."`
	Affected int           `expr:"affected" doc:"Number of rows that were inserted, updated or deleted."`
	Took     time.Duration `expr:"took" doc:"How long it took, connecting included."`
}

// New returns the definition of the step.
func New(env *kube.Env) step.Definition {
	s := steps{env}
	return step.Define(step.Spec[Config, Outputs]{
		Name:    "sql",
		Group:   step.Services,
		Doc:     doc,
		Default: func() Config { return Config{Transaction: true} },
		Check:   s.check,
		Title:   title,
		Touches: touches,
		Outputs: outputs,
		Run:     s.run,
	})
}

// Undos returns the undos that come with the step, and that of databases which the cluster in the box brings.
func Undos(env *kube.Env) []step.Undo {
	return []step.Undo{step.DefineUndo(undoName, describeUndo, steps{env}.undo, nil), postgres.Undo(env.Settings())}
}

type steps struct{ env *kube.Env }

// outputs says what is known of the rows.
func outputs(c *Config) eval.Type {
	t := eval.TypeOfStruct(typeOfOutputs)
	if len(c.Columns) == 0 {
		return t
	}
	row := postgres.Columns(c.Columns).Type()
	for _, f := range t.Members() {
		switch f.Name {
		case "rows":
			t = t.With(f.Name, f.Doc, eval.ListOf(row))
		case "first":
			t = t.With(f.Name, f.Doc, row)
		}
	}
	return t
}

// title says what is done in a few words, without the text of statements that only the run knows.
func title(c *Config) string {
	switch {
	case c.Query != "":
		return c.Connection.String() + ": " + postgres.Shorten(c.Query, 60)
	case len(c.Exec) > 0:
		return c.Connection.String() + ": " + postgres.Shorten(c.Exec[0], 60)
	case c.File != "":
		return c.Connection.String() + ": " + c.File
	}
	return c.Connection.String()
}
