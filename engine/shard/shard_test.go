package shard

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]Shard{"1/1": {1, 1}, "2/4": {2, 4}, "4/4": {4, 4}} {
		if got, err := Parse(text); err != nil || got != want || got.String() != text {
			t.Errorf("Parse(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"":    `"" is no shard: write i/n, as in 1/4 for the first of four`,
		"a/b": `"a/b" is no shard: write i/n, as in 1/4 for the first of four`,
		"3":   `"3" is no shard: write i/n, as in 1/4 for the first of four`,
		"0/4": `"0/4" is out of range: the shards of n are 1/n to n/n`,
		"5/4": `"5/4" is out of range: the shards of n are 1/n to n/n`,
		"1/0": `"1/0" is out of range: the shards of n are 1/n to n/n`,
	} {
		if _, err := Parse(text); err == nil || err.Error() != want {
			t.Errorf("Parse(%q): %v, want %s", text, err, want)
		}
	}
}

// TestEveryItemIsInExactlyOneShard tries many sets of items, with and without durations.
func TestEveryItemIsInExactlyOneShard(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		items := make([]Item, 1+random.IntN(40))
		for i := range items {
			items[i].Key = fmt.Sprintf("scenario-%d", i)
			if random.IntN(2) == 0 {
				items[i].Took = time.Duration(random.IntN(100)) * time.Second
			}
		}
		count := 1 + random.IntN(len(items))
		var all []int
		for index := 1; index <= count; index++ {
			in, err := Pick(items, Shard{index, count})
			if err != nil {
				t.Fatal(err)
			}
			if len(in) == 0 {
				t.Errorf("shard %d/%d of %d items is empty", index, count, len(items))
			}
			all = append(all, in...)
		}
		slices.Sort(all)
		for i, position := range all {
			if i != position {
				t.Fatalf("%d items in %d shards: %v", len(items), count, all)
			}
		}
		if len(all) != len(items) {
			t.Fatalf("%d of %d items are in a shard", len(all), len(items))
		}
	}
}

func TestDivisionDoesNotDependOnTheOrder(t *testing.T) {
	items := []Item{{"a", 5}, {"b", 0}, {"c", 9}, {"d", 0}, {"e", 5}}
	want := map[string]int{}
	for i, s := range Divide(items, 3) {
		want[items[i].Key] = s
	}
	slices.Reverse(items)
	got := map[string]int{}
	for i, s := range Divide(items, 3) {
		got[items[i].Key] = s
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestShardsAreBalancedByDuration(t *testing.T) {
	items := []Item{{"long", 60 * time.Second}, {"a", 20 * time.Second}, {"b", 20 * time.Second}, {"c", 20 * time.Second}}
	shards := Divide(items, 2)
	if shards[0] == shards[1] || shards[1] != shards[2] || shards[2] != shards[3] {
		t.Errorf("shards %v: the long one should stand alone", shards)
	}
}

func TestAShardWithoutWorkIsAnError(t *testing.T) {
	for count, want := range map[int]string{
		1: "1 scenario is too few for 3 shards: one would run nothing; use at most 1",
		2: "2 scenarios are too few for 3 shards: one would run nothing; use at most 2",
	} {
		items := make([]Item, count)
		if _, err := Pick(items, Shard{1, 3}); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestDurationsComeFromTheNewestGreenRun(t *testing.T) {
	run := func(name string, v step.Verdict, took time.Duration) []journal.Event {
		return []journal.Event{
			{Kind: journal.ScenarioStarted, Scenario: name + ".yaml", Start: &journal.ScenarioInfo{Name: name}},
			{Kind: journal.ScenarioFinished, Scenario: name + ".yaml", Result: &journal.Result{Verdict: v, Took: took}},
		}
	}
	newest := append(run("a", step.Failed, 1), run("b", step.Flaky, 2)...)
	older := append(run("a", step.Passed, 3), run("b", step.Passed, 4)...)
	got := FromRuns(slices.Values([]*journal.Journal{{Events: newest}, {Events: older}}))
	if d := cmp.Diff(Durations{"a": 3, "b": 2}, got); d != "" {
		t.Error(d)
	}
}

func TestDurationsComeFromReports(t *testing.T) {
	got, err := FromJSON([]byte(`{"run": {}, "scenarios": [
		{"name": "a", "verdict": "passed", "seconds": 1.5}, {"name": "b", "verdict": "failed", "seconds": 3}, {"name": "c", "seconds": 2}
	]}`))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(Durations{"a": 1500 * time.Millisecond, "c": 2 * time.Second}, got); d != "" {
		t.Error(d)
	}
	for text, want := range map[string]string{
		"{}":   "no scenario with a duration is in it; give what run --output json or list --output json wrote",
		"nope": "not a JSON report: invalid character 'o' in literal null (expecting 'u')",
	} {
		if _, err := FromJSON([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("FromJSON(%q): %v, want %s", text, err, want)
		}
	}
}
