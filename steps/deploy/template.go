package deploy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/manifest"
)

// evaluate replaces the ${{ }} in the texts of objects from files. A text that is nothing but one expression takes the
// type of its value, so that `replicas: ${{ vars.replicas }}` becomes a number.
func evaluate(objects []manifest.Object, scope eval.Scope) error {
	env := eval.NewEnv(kube.Functions()...)
	for _, name := range slices.Sorted(maps.Keys(scope)) {
		env = env.With(name, eval.AnyType)
	}
	t := templater{env, scope}
	for _, o := range objects {
		value, err := t.value(o.Object)
		if err == nil {
			value, err = manifest.Plain(value)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", o.Place, err)
		}
		o.Object = value.(map[string]any)
	}
	return nil
}

type templater struct {
	env   *eval.Env
	scope eval.Scope
}

func (t templater) value(value any) (any, error) {
	switch v := value.(type) {
	case string:
		return t.text(v)
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			var err error
			if out[i], err = t.value(item); err != nil {
				return nil, err
			}
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(v))
		for _, key := range slices.Sorted(maps.Keys(v)) {
			var err error
			if out[key], err = t.value(v[key]); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return value, nil
}

func (t templater) text(text string) (any, error) {
	if !strings.Contains(text, "${{") {
		return text, nil
	}
	compiled, problems := t.env.CompileText(text)
	if len(problems) > 0 {
		return nil, fmt.Errorf("%q: %s", text, problems[0].Message)
	}
	return compiled.Value(t.scope)
}
