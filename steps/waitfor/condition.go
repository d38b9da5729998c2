package waitfor

import (
	"fmt"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/steps/observe"
)

// condition is one thing that must be true of the matches of a look.
type condition struct {
	text  string          // completes "waiting until"
	until eval.Expr[bool] // when the author wrote an expression
	holds func(v view) (bool, error)
}

// view is a look with a choice of its items: indexes into Items.
type view struct {
	observe.Look
	chosen []int
	scope  eval.Scope
}

// conditionsOf returns what c waits for; all of it must be true.
func conditionsOf(c *Config) []condition {
	var out []condition
	if c.Ready || c.Traits().Name == "object" && !c.Until.IsSet() && !c.Absent {
		out = append(out, condition{text: c.being("ready"), holds: func(v view) (bool, error) {
			ready, _ := observe.Ready(v.objects())
			return ready, nil
		}})
	}
	if c.Absent {
		out = append(out, condition{text: c.being("gone"), holds: func(v view) (bool, error) {
			return len(v.objects()) == 0, nil
		}})
	}
	if c.Until.IsSet() {
		out = append(out, condition{text: c.Until.Source(), until: c.Until, holds: func(v view) (bool, error) {
			return c.Until.Eval(v.scope)
		}})
	}
	if len(out) == 0 {
		out = append(out, condition{text: "there are " + c.some(), holds: func(v view) (bool, error) {
			return len(v.chosen) > 0, nil
		}})
	}
	return out
}

// being says that what the source gives, restricted by where, is in a state.
func (c *Config) being(state string) string {
	if !c.Traits().Lists {
		return c.Source.String() + " is " + state
	}
	return "all of " + c.some() + " are " + state
}

func (c *Config) some() string {
	if c.Where.IsSet() {
		return fmt.Sprintf("%s where %s", c.Source, c.Where.Source())
	}
	return c.Source.String()
}

// short joins the texts of conditions.
func short(conditions []condition) string {
	texts := make([]string, len(conditions))
	for i, c := range conditions {
		texts[i] = c.text
	}
	return strings.Join(texts, " and ")
}
