package sql

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/postgres"
)

var typeOfOutputs = reflect.TypeFor[Outputs]()

func (s steps) check(c *Config, p *step.Problems) {
	c.Connection.Check("connection", p)
	c.Connection.CheckSettings("connection", s.env.Settings(), p)
	s.checkReadOnly(c, p)
	checkWork(c, p)
	postgres.Columns(c.Columns).Check("columns", p)
	if len(c.Columns) > 0 && !p.Given("query") {
		p.At("columns", "columns are those of a query; write query")
	}
	if c.StatementTimeout < 0 {
		p.At("statementTimeout", "statementTimeout: expected a positive duration, found %s", c.StatementTimeout)
	}
	postgres.CheckText("query", c.Query, p)
	if len(c.Exec) == 0 && p.Dynamic("exec") {
		postgres.WarnText("exec", p)
	}
	for i := range c.Exec {
		postgres.CheckText(item("exec", i, p), c.Exec[i], p)
	}
	if p.Given("query") || p.Given("exec") || p.Given("file") {
		checkWriting(c, p)
	}
}

// checkReadOnly reports a change of a database that the configuration of the project protects.
func (s steps) checkReadOnly(c *Config, p *step.Problems) {
	connection, err := s.env.Settings().Connection(c.Connection.Name)
	if err == nil && connection.ReadOnly && p.Given("write") {
		p.At("write", "connection %q is read-only (%s); write: true needs another one", connection.Name, connection.At)
	}
}

// checkWork reports whether there is something to do, and who gets the parameters.
func checkWork(c *Config, p *step.Problems) {
	given := slices.DeleteFunc([]string{"query", "exec", "file"}, func(field string) bool { return !p.Given(field) })
	switch {
	case len(given) == 0:
		p.Mistake("", "missing-field", "sql needs one of query, exec, file")
		return
	case len(given) > 1 && slices.Contains(given, "query"):
		p.Mistake("query", "exclusive-fields", "query can't be joined with %s; make two steps of it", given[1])
	}
	checkFile(c.File, p)
	if p.Given("params") && !p.Given("query") && (len(c.Exec) > 1 || p.Given("file")) {
		p.At("params", "params belong to one statement; make steps of the statements, each with its own params")
	}
}

// checkFile looks whether the file is where the run will look for it.
func checkFile(file string, p *step.Problems) {
	switch {
	case file == "":
	case !filepath.IsLocal(file):
		p.At("file", "%q is outside the scenario's folder; paths in a scenario stay inside it", file)
	case p.Literal("file"):
		path := filepath.Join(p.Dir(), file)
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			p.At("file", "%q does not exist; paths start in the folder of this file%s", file, beside(path))
		}
	}
}

// beside proposes a file of the folder whose name is close.
func beside(path string) string {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return ""
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	if near := diag.Suggest(filepath.Base(path), names); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}

// checkWriting reports changes that are not announced, or that nothing would take back.
func checkWriting(c *Config, p *step.Problems) {
	switch unknown := p.Dynamic("write"); {
	case !c.Write && !unknown && !p.Given("query"):
		p.At("", "exec and file change the database, which needs write: true; a statement that only reads is written as query")
	case c.Write && !p.Given("undo"):
		p.At("write", "write: true changes the database and nothing would take it back; give undo: {exec: …}, or undo: keep")
	case !c.Write && !unknown && p.Given("undo"):
		p.At("undo", "undo means nothing without write: true")
	}
	c.Undo.check(p)
	if c.Undo.gives() && c.Connection.Name == "" {
		checkKept(c.Connection, p)
	}
}

// checkKept reports a connection that another process could not open once this one is gone.
func checkKept(c postgres.Connection, p *step.Problems) {
	if p.Given("connection.password") {
		p.At("connection.password", "the undo may have to be carried out by another process, which does not know this password and can't find it in the ledger; "+
			"name a connection of scenario-runner.yaml, or give passwordFrom")
	}
	if c.HasPassword() {
		p.At("connection.url", "the undo may have to be carried out by another process, and the ledger holds no passwords; "+
			"name a connection of scenario-runner.yaml, or give passwordFrom")
	}
}

// item returns the path of an item of a list, or of the list when its only item is written alone.
func item(field string, i int, p *step.Problems) string {
	if path := fmt.Sprintf("%s.%d", field, i); p.Given(path) {
		return path
	}
	return field
}

// secretIn returns the first expression that reads a secret.
func secretIn(programs []*eval.Program) *eval.Program {
	for _, program := range programs {
		for _, r := range program.References {
			if r.Path[0] == "secrets" {
				return program
			}
		}
	}
	return nil
}
