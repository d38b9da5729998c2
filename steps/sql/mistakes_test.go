package sql_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/assert"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/sql"
	"github.com/scenario-runner/scenario-runner/steps/waitfor"
)

// mistakes returns the findings of a use, one a line, without excerpts.
func mistakes(t testing.TB, definition step.Definition, body string) string {
	t.Helper()
	u := steptest.Use{Definition: definition, Functions: append(kube.Functions(), assert.Functions()...), Run: &step.Run{Scope: eval.Scope{"vars": nil}}}
	_, text := u.Compile(t, body)
	var out []string
	for line := range strings.SplitSeq(text, "\n") {
		if strings.HasPrefix(line, "step.yaml:") {
			out = append(out, strings.TrimPrefix(line, "step.yaml:"))
		}
	}
	return strings.Join(out, "\n")
}

func TestMistakes(t *testing.T) {
	folder(t, "sql/schema.sql", "")
	definition := sql.New(project(nil))
	for body, want := range map[string]string{
		"{connection: history}":                  "1:1: sql needs one of query, exec, file [missing-field]",
		"{query: select 1}":                      "1:1: sql needs \"connection\": the database: a name from scenario-runner.yaml, or an address [missing-field]",
		"{connection: histroy, query: select 1}": `1:14: no connection "histroy" in the configuration; did you mean "history"? [invalid-value]`,
		"{connection: history, query: select f(), write: false, undo: keep}":        "1:62: undo means nothing without write: true [invalid-value]",
		"{connection: history, exec: x, write: '${{ vars.w }}', undo: keep}":        "",
		"{connection: history, query: ' '}":                                         "1:30: the statement is empty [invalid-value]",
		"{connection: history, exec: [x, ''], write: true, undo: keep}":             "1:33: the statement is empty [invalid-value]",
		"{connection: history, exec: '${{ vars.a }}', write: true, undo: keep}":     "1:29: warning: the value of ${{ }} becomes a part of the statement, whatever is in it; write $1 there and give the value in params [statement-text]",
		"{connection: {}, query: select 1}":                                         "1:2: needs a name from scenario-runner.yaml, or url, or host, database and user; host is missing [missing-field]",
		"{connection: history, query: select 1, exec: select 1}":                    "1:30: query can't be joined with exec; make two steps of it [exclusive-fields]",
		"{connection: history, exec: delete from a}":                                "1:1: exec and file change the database, which needs write: true; a statement that only reads is written as query [invalid-value]",
		"{connection: history, exec: delete from a, write: true}":                   "1:51: write: true changes the database and nothing would take it back; give undo: {exec: …}, or undo: keep [invalid-value]",
		"{connection: history, query: select f(), write: true}":                     "1:49: write: true changes the database and nothing would take it back; give undo: {exec: …}, or undo: keep [invalid-value]",
		"{connection: history, query: select 1, undo: keep}":                        "1:46: undo means nothing without write: true [invalid-value]",
		"{connection: history, exec: x, write: true, undo: never}":                  `1:51: undo: expected keep or {exec: …}, found "never" [invalid-value]`,
		"{connection: history, exec: x, write: true, undo: {}}":                     "1:45: undo needs exec, or write undo: keep [invalid-value]",
		"{connection: frozen, exec: x, write: true, undo: keep}":                    `1:38: connection "frozen" is read-only (scenario-runner.yaml:5:3); write: true needs another one [invalid-value]`,
		"{connection: history, file: sql/shcema.sql, write: true, undo: keep}":      `1:29: "sql/shcema.sql" does not exist; paths start in the folder of this file; did you mean "schema.sql"? [invalid-value]`,
		"{connection: history, file: ../x.sql, write: true, undo: keep}":            `1:29: "../x.sql" is outside the scenario's folder; paths in a scenario stay inside it [invalid-value]`,
		"{connection: history, exec: [a, b], params: [1], write: true, undo: keep}": "1:37: params belong to one statement; make steps of the statements, each with its own params [invalid-value]",
		"{connection: history, query: select 1, columns: {a: txet, b: varchar, c: 'int[]', d: 'text[]', e: list}}": `1:53: no type of columns is called "txet"; did you mean "text"? [invalid-value]` + "\n" +
			`1:62: no type of columns is called "varchar"; write text [invalid-value]` + "\n" + `1:74: no type of columns is called "int[]"; write integer[] [invalid-value]` + "\n" +
			`1:99: no type of columns is called "list"; choose one of text, integer, number, boolean, time, duration, any [invalid-value]`,
		"{connection: history, exec: x, columns: {a: text}, write: true, undo: keep}": "1:32: columns are those of a query; write query [invalid-value]",
		"{connection: history, query: \"select ${{ vars.a }}\"}":                      "1:30: warning: the value of ${{ }} becomes a part of the statement, whatever is in it; write $1 there and give the value in params [statement-text]",
		"{connection: history, exec: [a, \"delete ${{ vars.a }}\"], write: true, undo: {exec: \"x ${{ vars.a }}\"}}": "1:33: warning: the value of ${{ }} becomes a part of the statement, whatever is in it; write $1 there and give the value in params [statement-text]" + "\n" +
			"1:84: warning: the value of ${{ }} becomes a part of the statement, whatever is in it; write $1 there and give the value in params [statement-text]",
		"{connection: history, exec: x, write: true, undo: {exec: x, params: ['${{ secrets.a }}']}}":                   "1:61: the ledger holds no secrets, and ${{ secrets.a }} reads one [invalid-value]",
		"{connection: history, exec: x, write: true, undo: {exec: '${{ secrets.a }}'}}":                                "1:58: the ledger holds no secrets, and ${{ secrets.a }} reads one [invalid-value]",
		"{connection: history, exec: x, write: true, undo: {exec: [x, y], params: [1]}}":                               "1:66: params belong to one statement; write the values into the statements of an undo that has several [invalid-value]",
		"{connection: {url: 'postgres://a@h/d', password: '${{ secrets.p }}'}, exec: x, write: true, undo: {exec: y}}": "1:50: the undo may have to be carried out by another process, which does not know this password and can't find it in the ledger; name a connection of scenario-runner.yaml, or give passwordFrom [invalid-value]",
		"{connection: {url: 'postgres://a:b@h/d'}, exec: x, write: true, undo: {exec: y}}": "1:20: warning: everybody who reads this file reads the password; write password: ${{ secrets.… }} beside the url [plain-password]" + "\n" +
			"1:20: the undo may have to be carried out by another process, and the ledger holds no passwords; name a connection of scenario-runner.yaml, or give passwordFrom [invalid-value]",
		"{connection: 'postgres://a@h/d', query: x}":                                          "1:14: a connection is written by its name in scenario-runner.yaml; write an address as connection: {url: …} [invalid-value]",
		"{connection: {name: history, user: x}, query: x}":                                    "1:36: only one of name, user can be given: the name stands for all of it [exclusive-fields]",
		"{connection: {url: 'mysql://a@h/d'}, query: x}":                                      "1:20: expected an address such as postgres://user@host:5432/database; it starts with postgres:// or postgresql:// [invalid-value]",
		"{connection: {url: 'postgres://h/d'}, query: x}":                                     "1:20: expected an address such as postgres://user@host:5432/database; the user is missing [invalid-value]",
		"{connection: {url: 'postgres://a@h/d?sslmode=prefer'}, query: x}":                    "1:20: sslmode=prefer: expected disable, require or verify-full; anything in between leaves it to the network whether the connection is safe [invalid-value]",
		"{connection: {url: 'postgres://a@h/d?options=x'}, query: x}":                         `1:20: the address has the option "options"; known is sslmode, and everything else is a field beside url [invalid-value]`,
		"{connection: {url: 'postgres://a@h/d?sslmode=require', tls: {ca: a.pem}}, query: x}": "1:56: the url says how TLS is used already; remove sslmode from it [invalid-value]",
		"{connection: {url: 'postgres://a@h/d', host: h}, query: x}":                          "1:46: only one of url, host can be given: the url says it already [exclusive-fields]",
		"{connection: {host: h, user: u}, query: x}":                                          "1:2: needs a name from scenario-runner.yaml, or url, or host, database and user; database is missing [missing-field]",
		"{connection: {host: h, user: u, database: d, password: x}, query: x}":                "1:56: warning: everybody who reads this file reads the password; write ${{ secrets.… }} and name the secret under secrets [plain-password]",
		"{connection: {host: h, user: u, database: d, passwordFrom: {}}, query: x}":           "1:46: passwordFrom needs one of env, file [missing-field]",
		"{connection: {host: h, user: u, database: d, tls: {cert: ../a, insecureSkipVerify: true}}, query: x}": `1:46: cert and key belong together; one of the two is missing [missing-field]` + "\n" +
			`1:58: "../a" is outside the scenario's folder; paths in a scenario stay inside it [invalid-value]` + "\n" + `1:84: warning: the server can be anybody; name its authority in ca instead [insecure-tls]`,
		"{connection: '${{ vars.a }}', query: x}": "",
	} {
		if diff := cmp.Diff(want, mistakes(t, definition, body)); diff != "" {
			t.Errorf("%s: -want +got\n%s", body, diff)
		}
	}
}

func TestMistakesInSources(t *testing.T) {
	for body, want := range map[string]string{
		"{sql: {connection: history, query: select 1, columns: {action_type: text}}, until: \"rows[0].action_typ == 'x'\"}": `1:93: unknown field "action_typ" of rows[0]; did you mean "action_type"? [unknown-field]`,
		"{sql: {connection: history, query: select 1, columns: {n: integer}}, where: item.n == 'x'}":                        "1:84: == can't join a whole number and text; write quantity(…) for amounts such as 256Mi, or int(…) [operand-types]",
		"{sql: {connection: history, query: select 1}, until: response.status == 200}":                                      `1:54: "response" is not known of this source; known here: rows, matched, match, count [invalid-value]`,
		"{sql: {connection: history}}":                              "1:7: sql needs \"query\": one statement that gives rows and changes nothing [missing-field]",
		"{sql: {connection: history, query: select 1, every: 1ms}}": "1:53: every: expected 10ms or more, found 1ms [invalid-value]",
		"{sql: {connection: {host: h}, query: select 1}}":           "1:8: needs a name from scenario-runner.yaml, or url, or host, database and user; database is missing [missing-field]",
		"{sql: {connection: histroy, query: select 1}}":             `1:20: no connection "histroy" in the configuration; did you mean "history"? [invalid-value]`,
	} {
		if diff := cmp.Diff(want, mistakes(t, waitfor.New(project(nil)), body)); diff != "" {
			t.Errorf("%s: -want +got\n%s", body, diff)
		}
	}
	given := "{given: {actions: {sql: {connection: %s, query: select 1, columns: {action_type: text}}}}, that: 'count(actions, .%s == \"x\") == 1'}"
	for _, c := range []struct{ connection, column, want string }{
		{"history", "action_type", ""},
		{"history", "actoin_type", `1:120: unknown field "actoin_type" of item; did you mean "action_type"? [unknown-field]`},
		{"histroy", "action_type", `1:38: no connection "histroy" in the configuration; did you mean "history"? [invalid-value]`},
	} {
		body := strings.Replace(strings.Replace(given, "%s", c.connection, 1), "%s", c.column, 1)
		if diff := cmp.Diff(c.want, mistakes(t, assert.New(project(nil)), body)); diff != "" {
			t.Errorf("%s: -want +got\n%s", body, diff)
		}
	}
}

func TestOutputsAreTyped(t *testing.T) {
	file, diags := source.Parse("step.yaml", []byte("{connection: history, query: select 1, columns: {n: integer, tags: 'text[]'}}"))
	_, compiled := sql.New(project(nil)).Compile(&field.Decoder{File: file, Diags: &diags}, file.Root, eval.NewEnv())
	rows, _ := compiled.Outputs.Field("rows")
	first, _ := compiled.Outputs.Field("first")
	if diff := cmp.Diff([]string{"n", "tags"}, rows.Type.Elem.Names()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if n, _ := first.Type.Field("n"); n.Type.Kind != eval.Int {
		t.Errorf("n is %s", n.Type.Kind)
	}
}

func TestExamplesCompile(t *testing.T) {
	folder(t, "sql/schema.sql", "")
	env := project(nil)
	definitions := []step.Definition{sql.New(env), waitfor.New(env), assert.New(env)}
	expressions := eval.NewEnv(append(kube.Functions(), assert.Functions()...)...)
	for _, name := range []string{"vars", "steps", "secrets"} {
		expressions = expressions.With(name, eval.AnyType)
	}
	uses := 0
	for _, example := range steptest.Examples(definitions[0].Doc) {
		file, diags := source.Parse("README.md", []byte(example))
		for _, item := range file.Root.Content {
			for _, definition := range definitions {
				if body, _ := source.Lookup(item, definition.Name); body != nil {
					uses++
					definition.Compile(&field.Decoder{File: file, Diags: &diags}, body, expressions)
				}
			}
		}
		if len(diags) > 0 {
			t.Errorf("%s\n%v", example, diags)
		}
	}
	if uses < 7 {
		t.Errorf("only %d uses in the examples", uses)
	}
}
