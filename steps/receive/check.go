package receive

import (
	"reflect"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/inbox"
	"github.com/scenario-runner/scenario-runner/steps/web"
)

const (
	defaultKeep   = 1000
	defaultStatus = 200
	highestPort   = 65535
)

func check(c *Config, p *step.Problems) {
	p.OneOf("", "listen", "expect")
	if c.Listen != nil {
		inbox.Opens(p)
		checkListen(c.Listen, p)
	}
	if c.Expect != nil {
		inbox.Mention(p, "expect.from", c.Expect.From)
		checkExpect(c.Expect, p)
	}
}

func checkListen(l *Listen, p *step.Problems) {
	if l.Path != "" && !strings.HasPrefix(l.Path, "/") {
		p.At("listen.path", "a path starts with /; found %q", l.Path)
	}
	for _, method := range l.Methods {
		if method != strings.ToUpper(method) {
			p.At("listen.methods", "a method is written in capitals: %s", strings.ToUpper(method))
		}
	}
	if l.Port < 0 || l.Port > highestPort {
		p.At("listen.port", "there is no port %d; give 0 for a free one, or a number up to %d", l.Port, highestPort)
	}
	if l.Keep < 0 {
		p.At("listen.keep", "a sink can't keep %d requests", l.Keep)
	}
	if s := l.Response.Status; s != 0 && (s < 200 || s > 599) {
		p.At("listen.response.status", "%d is no status that ends an answer; give one from 200 to 599", s)
	}
}

func checkExpect(e *Expect, p *step.Problems) {
	web.CheckSchema("expect.schema", e.Schema, p)
	checkSure(e, p)
	counts := p.Given("expect.exactly") || p.Given("expect.atLeast") || p.Given("expect.atMost")
	if !counts && !e.Where.IsSet() && !e.That.IsSet() {
		p.At("expect", "expect needs one of where, exactly, atLeast, atMost, that")
	}
	for _, other := range []string{"atLeast", "atMost"} {
		if p.Given("expect.exactly") && p.Given("expect."+other) {
			p.At("expect."+other, "only one of exactly, %s can be given", other)
		}
	}
	for _, limit := range []struct {
		name string
		n    *int
	}{{"exactly", e.Exactly}, {"atLeast", e.AtLeast}, {"atMost", e.AtMost}} {
		if limit.n != nil && *limit.n < 0 {
			p.At("expect."+limit.name, "there can't be %d requests", *limit.n)
		}
	}
	if e.AtLeast != nil && e.AtMost != nil && *e.AtLeast > *e.AtMost {
		p.At("expect.atMost", "nothing is at least %d and at most %d", *e.AtLeast, *e.AtMost)
	}
	if p.Given("expect.holdsFor") {
		return
	}
	switch {
	case e.Exactly != nil && *e.Exactly == 0, e.AtMost != nil && e.AtLeast == nil:
		p.At("expect", "this is true before anything can have arrived; say with holdsFor how long it must stay true")
	case e.Exactly != nil || e.AtMost != nil:
		p.Warn("expect", "expect-without-hold", "without holdsFor this ends at the last wanted request and does not see one too many")
	}
}

// checkSure reports what where reads and the schema does not require: a request without it fits, and would be passed over as
// one that is not meant.
func checkSure(e *Expect, p *step.Problems) {
	if e.Schema == nil || !e.Where.IsSet() {
		return
	}
	for _, r := range e.Where.Program().References {
		if len(r.Path) < 3 || r.Path[0] != "request" || r.Path[1] != "body" {
			continue
		}
		if field, before := web.Unsure(e.Schema, r.Path[2:]); field != "" {
			at := strings.Join(append([]string{"request.body"}, before...), ".")
			p.At("expect.where", "the schema does not require %q, so a request without it would be passed over; name it under required, or write get(%s, %q)", field, at, field)
			return
		}
	}
}

// outputs keeps those of the mode that is used.
func outputs(c *Config) eval.Type {
	all := eval.TypeOfStruct(reflect.TypeFor[Outputs]())
	const ofListen = 4
	t := eval.Type{Kind: eval.Object, Fields: all.Fields[:ofListen]}
	if c.Listen == nil {
		t.Fields = all.Fields[ofListen:]
		for name, known := range map[string]eval.Type{"request": requestType(c), "requests": eval.ListOf(requestType(c))} {
			if f, ok := t.Field(name); ok {
				t = t.With(name, f.Doc, known) // each keeps its place
			}
		}
	}
	return t
}
