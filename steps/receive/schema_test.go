package receive

import (
	"strings"
	"testing"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// alertSchema is what a sender of alerts says. Its source need not be given.
const alertSchema = `schema: {type: object, required: [status, count], properties: {status: {type: string, enum: [firing, resolved]}, count: {type: integer}, source: {type: string}}}`

// TestSchema holds every request to the schema, also those that would not count.
func TestSchema(t *testing.T) {
	const firing = `{"status": "firing", "count": 2}`
	for name, c := range map[string]struct {
		arrives []string
		body    string
		want    string
		verdict step.Verdict
	}{
		"all fit": {[]string{firing, `{"status": "resolved", "count": 0}`}, `where: request.body.status == "firing" && request.body.count + 1 == 3, exactly: 1, holdsFor: 1ms`, "", step.Passed},
		"a misspelt field is not passed over": {
			[]string{firing, `{"staus": "firing", "count": 1}`},
			`where: request.body.status == "firing", atLeast: 1`,
			"step1: the body of request 2 does not fit the schema: the whole: missing properties: 'status'", step.Failed,
		},
		"one that would not count": {
			[]string{firing, `{"status": "pending", "count": 1}`},
			`where: request.body.status == "firing", exactly: 1, holdsFor: 1ms`,
			`step1: the body of request 2 does not fit the schema: status: value must be one of "firing", "resolved"`, step.Failed,
		},
		"several places": {
			[]string{`{"status": 5, "count": "many"}`},
			`atLeast: 1`,
			"step1: the body of request 1 does not fit the schema: count: expected integer, but got string (and 1 more)", step.Failed,
		},
		"no JSON at all": {
			[]string{`status=firing`},
			`atLeast: 1`,
			"step1: the body of request 1 does not fit the schema: the whole: expected object, but got string", step.Failed,
		},
		"a condition on all": {
			[]string{`{"count": 1}`},
			`that: "all(requests, .body.count == 1)"`,
			"step1: the body of request 1 does not fit the schema: the whole: missing properties: 'status'", step.Failed,
		},
		"what need not be there": {[]string{firing}, `where: 'get(request.body, "source") == nil'`, "", step.Passed},
	} {
		t.Run(name, func(t *testing.T) {
			f := open(t, "listen: {}")
			f.post(t, c.arrives...)
			_, err := f.Do(t.Context(), t, "expect: {from: step1, "+alertSchema+", "+c.body+"}")
			if got := message(err); !strings.HasPrefix(got, c.want) || (c.want == "") != (got == "") || step.VerdictOf(err) != c.verdict {
				t.Errorf("got  %s (%s)\nwant %s (%s)", got, step.VerdictOf(err), c.want, c.verdict)
			}
		})
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestSchemaWhileWaiting ends the wait at once when something arrives that does not fit.
func TestSchemaWhileWaiting(t *testing.T) {
	f := open(t, "listen: {}")
	f.host.OnProgress = func(string) {
		f.host.OnProgress = nil
		f.post(t, `{"status": "firing"}`)
	}
	_, err := f.Do(t.Context(), t, "expect: {from: step1, "+alertSchema+", atLeast: 5, within: 1m}")
	want := "step1: the body of request 1 does not fit the schema: the whole: missing properties: 'count'"
	if message(err) != want || step.VerdictOf(err) != step.Failed {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestSchemaBeforeTheRun finds what the schema contradicts, and a schema that is none.
func TestSchemaBeforeTheRun(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"misspelt":    {`where: request.body.statsu == "firing"`, `unknown field "statsu"`},
		"of the list": {`that: "all(requests, .body.coutn == 1)"`, `unknown field "coutn"`},
		"not required": {
			`where: request.body.source == "prometheus"`,
			`the schema does not require "source", so a request without it would be passed over; name it under required, or write get(request.body, "source") [invalid-value]`,
		},
		"another type": {`where: request.body.count == "1"`, "== can't join a whole number and text"},
	} {
		_, got := steptest.Use{Definition: New(kube.NewEnv(kube.Options{}))}.Compile(t, "expect: {from: sink, "+alertSchema+", "+c.body+"}")
		if !strings.Contains(got, c.want) {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
	_, got := steptest.Use{Definition: New(kube.NewEnv(kube.Options{}))}.Compile(t, `expect: {from: sink, where: request.body.alert.name == "A",
  schema: {type: object, required: [alert], properties: {alert: {type: object, properties: {name: {type: string}}}}}}`)
	if want := `name it under required, or write get(request.body.alert, "name")`; !strings.Contains(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
	_, got = steptest.Use{Definition: New(kube.NewEnv(kube.Options{}))}.Compile(t, "expect: {from: sink, atLeast: 1, schema: {type: objekt}}")
	if !strings.Contains(got, "step.yaml:1:34: this is no JSON schema: ") {
		t.Errorf("got %s", got)
	}
}
