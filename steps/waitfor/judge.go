package waitfor

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/steps/observe"
)

// judgement is what a look means for the wait. When neither holds nor fails is set, it goes on.
type judgement struct {
	view    view
	holds   bool
	fails   bool               // failIf is true
	missing *eval.MissingError // why something could not be answered
}

// matching tells the items of a list that satisfy where from those that may: a field that where asks for is not there.
type matching struct {
	sure    []int
	maybe   []int
	missing *eval.MissingError // of the first one of maybe
}

// judge evaluates the conditions on one look. An error is one that waiting can't heal.
func (w *wait) judge(l observe.Look) (judgement, error) {
	m, err := w.match(l)
	if err != nil {
		return judgement{}, err
	}
	j := judgement{view: w.view(l, m.sure), missing: m.missing}
	undecided, err := w.judgeFailure(&j)
	if err != nil || j.fails {
		return j, err
	}
	if j.holds, err = w.allHold(j.view, &j); err != nil {
		return j, err
	}
	if j.holds && len(m.maybe) > 0 {
		// An item of which it is not known whether it matches must make no difference.
		all := slices.Concat(m.sure, m.maybe)
		slices.Sort(all)
		if j.holds, err = w.allHold(w.view(l, all), &j); err != nil {
			return j, err
		}
	}
	if j.holds {
		// While failIf can't be answered it is not known to be false.
		j.holds, j.missing = undecided == nil, undecided
	}
	return j, nil
}

// judgeFailure evaluates failIf and returns why it can't be answered.
func (w *wait) judgeFailure(j *judgement) (*eval.MissingError, error) {
	fails, err := w.c.FailIf.Eval(j.view.scope)
	if missing := eval.Missing(err); missing != nil {
		return missing, nil
	}
	if err != nil {
		return nil, inExpression("failIf", w.c.FailIf.Source(), err)
	}
	j.fails = fails
	return nil, nil
}

// allHold reports whether every condition is true of v.
func (w *wait) allHold(v view, j *judgement) (bool, error) {
	for _, c := range w.conditions {
		holds, err := c.holds(v)
		if missing := eval.Missing(err); missing != nil {
			j.missing = missing
			return false, nil
		}
		if err != nil {
			return false, inExpression("until", c.text, err)
		}
		if !holds {
			return false, nil
		}
	}
	return true, nil
}

// match evaluates where on each item.
func (w *wait) match(l observe.Look) (matching, error) {
	var m matching
	if !w.c.Where.IsSet() {
		for i := range l.Items {
			m.sure = append(m.sure, i)
		}
		return m, nil
	}
	scope := w.scope()
	for i, item := range l.Items {
		scope["item"] = item
		matches, err := w.c.Where.Eval(scope)
		missing := eval.Missing(err)
		switch {
		case missing != nil:
			m.maybe = append(m.maybe, i)
			if m.missing == nil {
				m.missing = missing
			}
		case err != nil:
			return m, inExpression("where", w.c.Where.Source(), err)
		case matches:
			m.sure = append(m.sure, i)
		}
	}
	return m, nil
}

func (w *wait) scope() eval.Scope {
	scope := maps.Clone(w.run.Scope)
	if scope == nil {
		scope = eval.Scope{}
	}
	return scope
}

// view binds the names that conditions have of a look and a choice of its items.
func (w *wait) view(l observe.Look, chosen []int) view {
	v := view{Look: l, chosen: chosen, scope: w.scope()}
	traits := w.c.Traits()
	v.scope[traits.Name] = l.Value
	if traits.Lists {
		matched := v.matched()
		v.scope["matched"], v.scope["count"], v.scope["match"] = matched, len(matched), nil
		if len(matched) > 0 {
			v.scope["match"] = matched[0]
		}
	}
	return v
}

// matched returns the chosen items.
func (v view) matched() []any {
	out := make([]any, len(v.chosen))
	for i, at := range v.chosen {
		out[i] = v.Items[at]
	}
	return out
}

// objects returns the Kubernetes objects of the chosen items, or the one object of a source that is no list.
func (v view) objects() []*unstructured.Unstructured {
	if v.Items == nil {
		return v.Objects
	}
	out := make([]*unstructured.Unstructured, len(v.chosen))
	for i, at := range v.chosen {
		out[i] = v.Objects[at]
	}
	return out
}
