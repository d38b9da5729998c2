package mock

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/inbox"
)

const (
	defaultKeep = 1000
	highestPort = 65535
)

func check(c *Config, p *step.Problems) {
	answers := len(c.Routes) > 0 || c.Chat != nil || c.Unknown != nil || c.All != nil || p.Given("delay")
	switch {
	case p.Given("of"):
		inbox.Mention(p, "of", c.Of)
		checkChange(c, answers, p)
	case p.Given("restore"):
		p.At("restore", "only a backend that is open can be restored; name it in of")
	case !answers:
		p.Mistake("", "missing-field", "mock needs one of routes, chat, unknown, all: what it answers")
	}
	if !p.Given("of") {
		inbox.Opens(p)
	}
	if c.Port < 0 || c.Port > highestPort {
		p.At("port", "there is no port %d; give 0 for a free one, or a number up to %d", c.Port, highestPort)
	}
	if c.Keep < 0 {
		p.At("keep", "a backend can't keep %d requests", c.Keep)
	}
	for i := range c.Routes {
		checkRoute(&c.Routes[i], fmt.Sprintf("routes.%d", i), p)
	}
	if c.Chat != nil {
		checkChat(c.Chat, p)
	}
	if c.Unknown != nil {
		checkReply(c.Unknown, "unknown", p)
	}
	if c.All != nil {
		checkReply(c.All, "all", p)
	}
}

func checkChange(c *Config, answers bool, p *step.Problems) {
	for _, field := range []string{"host", "port", "tls", "keep"} {
		if p.Given(field) {
			p.At(field, "%s means nothing for a backend that is open already", field)
		}
	}
	if !answers && !c.Restore {
		p.Mistake("", "missing-field", "a change needs one of routes, chat, unknown, all, delay, restore: what is different from now on")
	}
}

func checkRoute(r *Route, at string, p *step.Problems) {
	if !p.Dynamic(at+".path") && r.Path != "" {
		if _, err := parsePath(r.Path); err != nil {
			p.At(at+".path", "%s", err)
		}
	}
	for _, method := range r.Method {
		if method != strings.ToUpper(method) {
			p.At(at+".method", "a method is written in capitals: %s", strings.ToUpper(method))
		}
	}
	for i := range r.Answer {
		place := fmt.Sprintf("%s.answer.%d", at, i)
		if len(r.Answer) == 1 && !p.Given(place) {
			place = at + ".answer" // written without a list
		}
		checkReply(&r.Answer[i], place, p)
	}
	if r.Cycle && len(r.Answer) == 1 {
		p.At(at+".cycle", "a single answer is repeated anyway; give a list, or leave cycle out")
	}
}

func checkReply(r *Reply, at string, p *step.Problems) {
	checkStatus(r.Status, at, p)
	checkTimes(r.Times, at, p)
	checkManner(r.Manner, at, p)
}

func checkStatus(status int, at string, p *step.Problems) {
	if status != 0 && (status < 200 || status > 599) {
		p.At(at+".status", "%d is no status that ends an answer; give one from 200 to 599", status)
	}
}

func checkTimes(times int, at string, p *step.Problems) {
	if p.Given(at+".times") && times < 1 && !p.Dynamic(at+".times") {
		p.At(at+".times", "an answer is given at least once; found %d", times)
	}
}

// checkManner finds faults that leave nothing to be slow with.
func checkManner(m Manner, at string, p *step.Problems) {
	switch m.Fault {
	case "reset", "close", "hang", "garbage":
		if p.Given(at + ".over") {
			p.At(at+".over", "over means nothing when no body is sent because of fault: %s", m.Fault)
		}
	}
}

func checkChat(c *Chat, p *step.Problems) {
	for i := range c.Answers {
		t, at := &c.Answers[i], fmt.Sprintf("chat.answers.%d", i)
		if _, err := regexp.Compile(t.Match); err != nil {
			p.At(at+".match", "match is no regular expression: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
		}
		if !p.Given(at+".say") && len(t.Call) == 0 && t.Fault == "" && t.Status == 0 {
			p.Mistake(at, "missing-field", "an answer needs one of say, call, fault, status")
		}
		checkStatus(t.Status, at, p)
		checkTimes(t.Times, at, p)
		checkManner(t.Manner, at, p)
	}
}
