package suite_test

import (
	"testing"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/suite"
)

func shop(t *testing.T) {
	t.Helper()
	project(t, map[string]string{
		"shop/a.scenario.yaml": "priority: critical, area: shop", "shop/b.scenario.yaml": "area: shop",
		"shop/deep/c.scenario.yaml": "priority: critical", "chaos.scenario.yaml": "area: chaos",
	})
	write(t, "shop/manifests/web.yaml", "kind: Deployment\n")
}

func TestLoad(t *testing.T) {
	shop(t)
	s := mustLoad(t, head+`x-note: anything
scenarios:
  - shop/a*.scenario.yaml
  - path: shop
    labels: area=shop
    vars: {limit: 1}
    retries: 3
  - chaos.scenario.yaml
order: random
seed: 7
parallel: 4
vars: {target: "http://${{ setup.mesh.address }}/${{ env.REGION }}", limit: "${{ setup.mesh.port }}"}
retries: 1
failFast: true
timeout: 30m
setup:
  steps:
    - id: mesh
      serve: mesh
  finally:
    - check: steps.mesh.port == 80
thresholds:
  passRate: 0.9
  labels: {priority=critical: 1.0, area: 0.5}
  maxDuration: 20m
  maxFlaky: 2
`)
	equal(t, "scenarios", "a b chaos", names(s.Scenarios))
	equal(t, "retries", map[string]int{"shop/b.scenario.yaml": 3}, s.RetriesOf)
	equal(t, "thresholds", []suite.Threshold{
		{Name: "passRate", Value: 0.9},
		{Name: "passRate", Label: "area", Value: 0.5},
		{Name: "passRate", Label: "priority=critical", Value: 1},
		{Name: "maxDuration", Value: 1200},
		{Name: "maxFlaky", Value: 2},
	}, s.Thresholds)
	if s.Order != suite.Random || *s.Seed != 7 || s.Parallel != 4 || *s.Retries != 1 || !*s.FailFast || s.Timeout != 30*time.Minute {
		t.Errorf("suite %+v", s)
	}
	if s.Setup == nil || s.Setup.Key != "all.suite.yaml#setup" || s.Setup.Name != "all setup" || len(s.Setup.Steps.Steps) != 1 || len(s.Setup.Finally.Steps) != 1 {
		t.Errorf("setup %+v", s.Setup)
	}
	scope := eval.Scope{
		"env":   map[string]any{"REGION": "north"},
		"setup": map[string]any{"mesh": map[string]any{"address": "127.0.0.1:80", "port": 80}},
	}
	for i, want := range []map[string]any{
		{"limit": 80, "target": "http://127.0.0.1:80/north", "ratio": 0.5},
		{"limit": 1, "target": "http://127.0.0.1:80/north", "ratio": 0.5},
	} {
		got := map[string]any{}
		for _, v := range s.Scenarios[i].Vars {
			value, err := v.Value.Eval(scope)
			if err != nil {
				t.Fatal(err)
			}
			got[v.Name] = value
		}
		equal(t, "vars of "+s.Scenarios[i].Name, want, got)
	}
}

func TestLoadWithoutWishes(t *testing.T) {
	shop(t)
	s := mustLoad(t, head+"scenarios: .\n")
	equal(t, "scenarios", "chaos a b c", names(s.Scenarios))
	equal(t, "thresholds", []suite.Threshold{{Name: "passRate", Value: 1}}, s.Thresholds)
	if s.Order != suite.Listed || s.Retries != nil || s.FailFast != nil || s.Setup != nil || s.Parallel != 0 {
		t.Errorf("suite %+v", s)
	}
}

func TestLoadReports(t *testing.T) {
	shop(t)
	write(t, "broken/x.scenario.yaml", "apiVersion: scenario-runner/v1\nkind: Scenario\nmetadata: {name: x}\nsteps: [{id: a, serve: b}, {check: steps.a.port == 1, needs: [y]}]\n")
	const all = head + "scenarios: shop\n"
	for _, test := range []struct{ name, text, want string }{
		{"list", "[a]\n", `all.suite.yaml:1:1: a suite is a mapping that starts with apiVersion and kind [wrong-type]`},
		{"no scenarios", head, `all.suite.yaml:1:1: the suite needs "scenarios": the scenarios: files, folders and patterns, relative to this file [missing-field]`},
		{"nothing", head + "scenarios: []\n", `all.suite.yaml:4:1: scenarios: a suite of nothing proves nothing; name files, folders or patterns [selects-nothing]`},
		{"unknown", all + "orders: name\n", `all.suite.yaml:5:1: unknown field "orders" of the suite; did you mean "order"? [unknown-field]`},
		{"order", all + "order: nmae\n", `all.suite.yaml:5:8: order: "nmae" is not one of its values; did you mean "name"? [unknown-value]`},
		{"missing file", head + "scenarios:\n  - shop\n  - {path: shop/x.scenario.yaml}\n", `all.suite.yaml:6:12: scenarios: shop/x.scenario.yaml does not exist [selects-nothing]`},
		{"pattern", head + "scenarios: ['shop/x*.yaml']\n", `all.suite.yaml:4:13: scenarios: "shop/x*.yaml" matches no file below . [selects-nothing]`},
		{"bad pattern", head + "scenarios: ['shop/[']\n", `all.suite.yaml:4:13: scenarios: "shop/[" is no pattern: syntax error in pattern [selects-nothing]`},
		{"empty folder", head + "scenarios: [shop/manifests]\n", `all.suite.yaml:4:13: scenarios: shop/manifests holds no scenario (a YAML file with apiVersion: scenario-runner/v1 and kind: Scenario) [selects-nothing]`},
		{"labels", head + "scenarios: [{path: shop, labels: [area=shop, priority=low]}]\n", `all.suite.yaml:4:26: labels: none of the 3 scenarios of this entry matches area=shop and priority=low [selects-nothing]`},
		{"taken", head + "scenarios:\n  - shop\n  - {path: shop/a.scenario.yaml, retries: 2}\n", `all.suite.yaml:6:5: entries before this one have taken all of its scenarios, so what it says has no effect; put it first [selects-nothing]`},
		{"broken scenario", head + "scenarios: broken\n", `broken/x.scenario.yaml:4:63: needs names no step: there is no id "y"; there is only "a" [unknown-step]`},
		{"var", all + "vars: {limt: 3}\n", `all.suite.yaml:5:8: no scenario has a var called "limt"; did you mean "limit"? [unknown-name]`},
		{"var of an entry", head + "scenarios: [{path: shop, vars: {x: 3}}]\n", `all.suite.yaml:4:33: no scenario has a var called "x"; choose one of limit, ratio, target [unknown-name]`},
		{"type of a var", all + "vars: {limit: many}\n", `all.suite.yaml:5:15: limit: shop/a.scenario.yaml expects a whole number, but this is text [result-type]`},
		{"no vars", all + "vars: [1]\n", `all.suite.yaml:5:1: vars: expected a mapping from names to values [wrong-type]`},
		{"expression", all + "vars: {target: '${{ setup.mesh.adress }}'}\nsetup: {steps: [{id: mesh, serve: mesh}]}\n", `all.suite.yaml:5:32: unknown field "adress" of setup.mesh; did you mean "address"? it has address, port, verdict, took [unknown-field]`},
		{"static", all + "parallel: ${{ env.REGION }}\n", `all.suite.yaml:5:11: in a suite only vars and setup may hold expressions; found "${{ env.REGION }}" [invalid-value]`},
		{"seed", all + "seed: 3\n", `all.suite.yaml:5:7: seed means nothing without order: random [invalid-value]`},
		{"parallel", all + "parallel: 0\n", `all.suite.yaml:5:11: parallel: at least 1 scenario runs at once, found 0 [invalid-value]`},
		{"repeat", all + "repeat: 0\n", `all.suite.yaml:5:9: repeat: each scenario is run at least once, found 0 [invalid-value]`},
		{"retries", all + "retries: -1\n", `all.suite.yaml:5:10: retries: a scenario can't be run again -1 times [invalid-value]`},
		{"retries of an entry", head + "scenarios: [{path: shop, retries: -1}]\n", `all.suite.yaml:4:35: retries: a scenario can't be run again -1 times [invalid-value]`},
		{"setup", all + "setup: {step: []}\n", `all.suite.yaml:5:9: unknown field "step" of setup; did you mean "steps"? [unknown-field]`},
		{"setup list", all + "setup: [serve]\n", `all.suite.yaml:5:8: setup: expected a mapping, found a list [wrong-type]`},
		{"step of the setup", all + "setup: {steps: [{id: mesh, sreve: mesh}]}\n", `all.suite.yaml:5:28: unknown step kind "sreve"; did you mean "serve"? [unknown-step-kind]`},
		{"rate", all + "thresholds: {passRate: 95}\n", `all.suite.yaml:5:24: a pass rate is from 0 to 1, as in 0.95; found 95 [invalid-value]`},
		{"rate of a label", all + "thresholds: {labels: {area=shop: 2}}\n", `all.suite.yaml:5:34: a pass rate is from 0 to 1, as in 0.95; found 2 [invalid-value]`},
		{"label of nobody", all + "thresholds: {labels: {area=shpo: 1}}\n", `all.suite.yaml:5:34: thresholds: none of the 3 scenarios of this suite matches area=shpo [selects-nothing]`},
		{"flaky", all + "thresholds: {maxFlaky: -1}\n", `all.suite.yaml:5:24: maxFlaky: at least 0 scenarios are flaky, found -1 [invalid-value]`},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, found := load(t, test.text)
			if s != nil {
				t.Error("it was loaded in spite of the mistake")
			}
			equal(t, "diagnostics", []string{test.want}, found)
		})
	}
}

func TestArrange(t *testing.T) {
	shop(t)
	arrange := func(text string, seed uint64) string {
		t.Helper()
		s := mustLoad(t, head+"scenarios: [shop, chaos.scenario.yaml]\n"+text)
		took := map[string]time.Duration{"a": time.Second, "c": time.Minute, "chaos": time.Second}
		return names(s.Arrange(s.Scenarios, took, seed))
	}
	equal(t, "listed", "a b c chaos", arrange("", 1))
	equal(t, "name", "a b c chaos", arrange("order: name\n", 1))
	equal(t, "slowest first", "b c a chaos", arrange("order: slowestFirst\n", 1))
	first := arrange("order: random\n", 1)
	equal(t, "the same seed", first, arrange("order: random\n", 1))
	different := false
	for seed := uint64(2); seed < 10; seed++ {
		different = different || arrange("order: random\n", seed) != first
	}
	if !different {
		t.Errorf("every seed gives %s", first)
	}
}
