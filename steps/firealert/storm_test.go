package firealert

import (
	"slices"
	"testing"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
)

// TestDuplicatesOutOfOrder sees each alert three times, the last one first.
func TestDuplicatesOutOfOrder(t *testing.T) {
	hook, got := receiver(t)
	u, _ := use(t, eval.Scope{"hook": hook})
	out, err := u.Do(t.Context(), t, `{alertname: A, labels: {n: "${{ index }}"}, count: 3, rate: 100, duplicates: 2, order: reversed, to: {webhook: "${{ vars.hook }}"}}`)
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	var starts []time.Time
	for range 9 {
		p := next(t, got)
		order = append(order, p.Alerts[0].Labels["n"])
		starts = append(starts, p.Alerts[0].StartsAt)
	}
	if want := []string{"2", "2", "2", "1", "1", "1", "0", "0", "0"}; !slices.Equal(order, want) || out["count"] != 3 {
		t.Errorf("got %v, count %v, want %v", order, out["count"], want)
	}
	if !starts[0].After(starts[8]) {
		t.Errorf("alert 2 starts at %s, alert 0 at %s; an alert keeps its time", starts[0], starts[8])
	}
}

func TestRandomOrderIsTheSameEachTime(t *testing.T) {
	order := func() []string {
		alerts := make([]alert, 20)
		for i := range alerts {
			alerts[i].Labels = map[string]string{"n": string(rune('a' + i))}
		}
		(&Config{Order: "random"}).arrange(alerts)
		var out []string
		for _, a := range alerts {
			out = append(out, a.Labels["n"])
		}
		return out
	}
	first := order()
	if !slices.Equal(first, order()) || slices.IsSorted(first) {
		t.Errorf("got %v", first)
	}
}

func TestFlappingAtAWebhook(t *testing.T) {
	hook, got := receiver(t)
	u, host := use(t, eval.Scope{"hook": hook})
	if _, err := u.Do(t.Context(), t, `{alertname: A, flap: {times: 2, firing: 1ms, resolved: 1ms}, to: {webhook: "${{ vars.hook }}"}}`); err != nil {
		t.Fatal(err)
	}
	var states []string
	var starts []time.Time
	for range 5 {
		p := next(t, got)
		states, starts = append(states, p.Status), append(starts, p.Alerts[0].StartsAt)
	}
	if want := []string{"firing", "resolved", "firing", "resolved", "firing"}; !slices.Equal(states, want) {
		t.Errorf("got %v, want %v", states, want)
	}
	if !starts[2].After(starts[0]) {
		t.Errorf("the second time it starts at %s as the first time; it is another incident", starts[2])
	}
	if err := host.Close(); err != nil {
		t.Fatal(err)
	}
	if p := next(t, got); p.Status != "resolved" {
		t.Errorf("after the scenario: got %s", p.Status)
	}
}
