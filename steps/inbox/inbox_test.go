package inbox_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/inbox"
)

func in(scenario, id string) *step.Run {
	return &step.Run{ID: id, Scenario: step.Scenario{ID: scenario}}
}

func TestNames(t *testing.T) {
	r := inbox.NewRegistry[inbox.Box]("sink", "receive: {listen: …}")
	box := func(scenario, id string) (*inbox.Box, func()) {
		b := inbox.NewBox(id, 1, func(string) {})
		return b, r.Put(in(scenario, id), b)
	}
	outer, _ := box("a", "sink")
	first, forget := box("a", "each.1.sink")
	second, _ := box("a", "each.2.sink")
	other, _ := box("b", "sink")
	for _, c := range []struct {
		scenario, id, name string
		want               *inbox.Box
		err                string
	}{
		{"a", "step9", "sink", outer, ""},
		{"a", "each.1.step2", "sink", first, ""},
		{"a", "each.2.inner.3.step2", "sink", second, ""},
		{"a", "each.7.step2", "sink", outer, ""},
		{"a", "step9", "each.2.sink", second, ""},
		{"b", "each.1.step2", "sink", other, ""},
		{"b", "step1", "snk", nil, `no sink is called "snk"; did you mean "sink"?`},
		{"b", "step1", "other", nil, `no sink is called "other"; there is only "sink"`},
		{"c", "step1", "sink", nil, `no sink is open; open one with receive: {listen: …} in a step with the id "sink"`},
	} {
		got, err := r.Get(in(c.scenario, c.id), c.name)
		if got != c.want || err == nil && c.err != "" || err != nil && err.Error() != c.err {
			t.Errorf("%s in %s of %s: got %v, %v, want %s", c.name, c.id, c.scenario, got, err, c.err)
		}
	}
	forget()
	if got, err := r.Get(in("a", "each.1.step2"), "sink"); got != outer || err != nil {
		t.Errorf("after it was closed: %v, %v", got, err)
	}
}

func TestBox(t *testing.T) {
	var masked []string
	b := inbox.NewBox("sink", 1, func(secret string) { masked = append(masked, secret) })
	if b.Evidence() != nil {
		t.Error("an empty box has evidence")
	}
	changed := b.State().Changed
	message := httptest.NewRequest(http.MethodPost, "/hook?a=1&a=2", http.NoBody)
	message.Header.Set("Authorization", "Bearer s3cr3t")
	b.Keep(inbox.NewRequest(message, []byte(`{"n": 1}`)))
	<-changed // or the test ends by its time limit
	b.Keep(inbox.NewRequest(message, nil))
	b.Refuse("GET /other")
	state := b.State()
	if len(state.Requests) != 1 || state.Lost != 1 || len(state.Strange) != 1 {
		t.Errorf("got %+v", state)
	}
	got := state.Values()[0].(map[string]any)
	if d := cmp.Diff(map[string]any{"n": 1}, got["body"]); d != "" || got["query"].(map[string]any)["a"] != "1,2" {
		t.Errorf("got %v, body -want +got\n%s", got, d)
	}
	for _, f := range inbox.Fields() {
		if _, ok := got[f.Name]; !ok {
			t.Errorf("a request has no %s", f.Name)
		}
	}
	if d := cmp.Diff([]string{"s3cr3t", "s3cr3t"}, masked); d != "" {
		t.Errorf("masked -want +got\n%s", d)
	}
}
