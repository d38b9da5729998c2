package assert

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

func TestHeadlineCountsClaims(t *testing.T) {
	scope := eval.Scope{"vars": map[string]any{"limit": "much", "n": 1}}
	tests := []struct{ name, body, want string }{
		{"all", `["vars.n == 2", "vars.n == 3"]`, "2 of 2 claims are false"},
		{"one can't be answered", `["vars.n == 2", "vars.n == 1", "quantity(vars.limit) > 3"]`, "1 of 3 claims is false and 1 can't be answered"},
		{"after the author's words", `{that: ["vars.n == 2", "vars.n == 3"], message: so it is not}`, "so it is not: 2 of 2 claims are false"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := noCluster(scope).Do(t.Context(), t, test.body)
			if got := failure(t, err, step.Failed).Error(); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
	_, err := noCluster(scope).Do(t.Context(), t, `["quantity(vars.limit) > 3", "quantity(vars.limit) > 4", "vars.n == 1"]`)
	if got, want := failure(t, err, step.Errored).Error(), "2 of 3 claims can't be answered"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestAMissingFieldIsSaidOnce(t *testing.T) {
	scope := eval.Scope{"steps": map[string]any{"web": map[string]any{"ready": 2, "name": "shop"}}}
	_, err := noCluster(scope).Do(t.Context(), t, "steps.web.redy == 3")
	if diff := cmp.Diff([]step.Fact{
		{Name: "steps.web has", Value: "name, ready"},
		{Name: "where it may be absent", Value: "write steps.web.redy ?? …"},
	}, failure(t, err, step.Failed).Facts); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	_, err = noCluster(scope).Do(t.Context(), t, `["steps.web.redy == 3", "steps.web.ready == 3"]`)
	if diff := cmp.Diff([]step.Section{
		{Title: `steps.web.redy == 3: steps.web has no field "redy"; did you mean "ready"?`, Lines: []string{
			"steps.web has            name, ready",
			"where it may be absent   write steps.web.redy ?? …",
		}},
		{Title: "steps.web.ready == 3 is false", Lines: []string{"steps.web.ready   2"}},
	}, failure(t, err, step.Failed).Sections); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// Nobody reads the objects themselves.
func TestAListOfObjectsIsNamedNotPrinted(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	c.Apply(t, settings("a", "one"))
	c.Apply(t, settings("b", "two"))
	_, err := use(c).Do(t.Context(), t, `{given: {all: {objects: {kind: configmaps, labels: {app: test}}}}, that: len(all) == 3}`)
	f := failure(t, err, step.Failed)
	if diff := cmp.Diff(step.Fact{Name: "len(all)", Value: "2"}, f.Facts[0]); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if diff := cmp.Diff([]step.Section{{Title: "configmaps[app=test]: 2 objects", Lines: []string{"a", "b"}}}, f.Sections); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}
