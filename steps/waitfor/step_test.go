package waitfor

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/observe"
	project "github.com/scenario-runner/scenario-runner/steps/settings"
)

func TestContract(t *testing.T) {
	steptest.Contract(t, New(kube.NewEnv(kube.Options{})))
}

// The scope tags can't be computed, so this holds them to the list of sources.
func TestConditionsKnowTheNamesOfAllSources(t *testing.T) {
	for _, field := range []string{"Until", "FailIf", "Capture"} {
		f, _ := reflect.TypeFor[Config]().FieldByName(field)
		names := strings.Split(f.Tag.Get("scope"), ",")
		for _, name := range observe.Names() {
			if !slices.Contains(names, name) {
				t.Errorf("%s: the scope tag lacks %q", field, name)
			}
		}
	}
}

func TestExamplesCompile(t *testing.T) {
	known := project.Settings{Connections: map[string]project.Connection{"history": {Name: "history"}}}
	definition := New(kube.NewEnv(kube.Options{Settings: known}))
	env := eval.NewEnv(kube.Functions()...).With("steps", eval.AnyType).With("vars", eval.AnyType)
	uses := 0
	for _, example := range steptest.Examples(doc) {
		file, diags := source.Parse("README.md", []byte(example))
		for _, item := range file.Root.Content {
			if body, _ := source.Lookup(item, definition.Name); body != nil {
				uses++
				definition.Compile(&field.Decoder{File: file, Diags: &diags}, body, env)
			}
		}
		if len(diags) > 0 {
			t.Errorf("%s\n%v", example, diags)
		}
	}
	if uses < 5 {
		t.Errorf("only %d uses in the examples", uses)
	}
}

func TestMistakes(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"nothing", "{}", `step.yaml:1:1: waitFor needs one of object, objects, events, logs, http, alerts, promql, metrics, requests, sql [missing-field]`},
		{"two sources", "object: deployment/web\nevents: {}\n", `step.yaml:2:1: only one of object, objects, events, logs, http, alerts, promql, metrics, requests, sql can be given; "object" is given already [exclusive-fields]`},
		{"no name", "object: deployments\n", `step.yaml:1:9: "deployments" names no single object; write its name, as in deployments/web, or use "objects" [invalid-value]`},
		{"a name too much", "objects: pod/web\nready: true\n", `step.yaml:1:10: "pod/web" names a single object; write "object" instead, or the kind alone [invalid-value]`},
		{"where on an object", "object: pod/web\nwhere: item.a == 1\n", `step.yaml:2:8: where chooses among the items of a list, and object is none; write until [invalid-value]`},
		{"the name of another source", "objects: pods\nuntil: object.status.phase == 'Running'\n", `step.yaml:2:8: "object" is not known of this source; known here: objects, matched, match, count [invalid-value]`},
		{"http without condition", "http: {url: 'http://127.0.0.1/'}\n", `step.yaml:1:1: waitFor needs a condition on the response; write until [invalid-value]`},
		{"no address", "http: {url: localhost}\nuntil: response.status == 200\n", `step.yaml:1:13: expected an address such as http://127.0.0.1:8080/healthz, found "localhost" [invalid-value]`},
		{"ready events", "events: {}\nready: true\n", `step.yaml:2:8: ready is known of Kubernetes objects only, not of events; write until [invalid-value]`},
		{"absent and more", "object: foo/web\nabsent: true\nuntil: object.a == 1\n", `step.yaml:2:9: what is absent can't satisfy another condition; give absent alone [invalid-value]`},
		{"unknown state", "object: pod/web\ntolerate: imagePul\n", `step.yaml:2:11: no state is called "imagePul"; did you mean "imagePull"? [invalid-value]`},
		{"holds longer than it may take", "object: pod/web\nholdsFor: 2m\ntimeout: 1m\n", `step.yaml:2:11: the condition can't hold for 2m before the timeout of 1m [invalid-value]`},
		{"since", "events: {since: yesterday}\n", `step.yaml:1:17: since: expected step-start or a duration such as 5m, found "yesterday" [invalid-value]`},
		{"regular expression", "logs: {of: pod/web, match: '('}\n", `step.yaml:1:28: match: error parsing regexp: missing closing ): ` + "`(`" + ` [invalid-value]`},
		{"no time", "object: pod/web\ntimeout: 0s\n", `step.yaml:2:10: timeout: expected a positive duration, found 0s [invalid-value]`},
		{"no time to hold", "object: pod/web\nholdsFor: 0s\n", `step.yaml:2:11: holdsFor: expected a positive duration, found 0s [invalid-value]`},
		{"capture name", "object: pod/web\ncapture: {a-b: object.metadata.name}\n", `step.yaml:2:11: "a-b" can't be a name in expressions; use letters, digits and underscores [invalid-name]`},
		{"not true or false", "object: pod/web\nuntil: 1 + 1\n", `step.yaml:2:8: expected true or false, but this expression is a whole number; compare it with something [result-type]`},
	}
	definition := New(kube.NewEnv(kube.Options{}))
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			task, got := steptest.Use{Definition: definition}.Compile(t, test.body)
			if task != nil {
				t.Error("compiled")
			}
			got, _, _ = strings.Cut(got, "\n")
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestCapturedNamesAreTyped(t *testing.T) {
	c := "objects: pods\nwhere: item.status.phase == 'Failed'\ncapture: {pod: match.metadata.name, many: count > 3}\n"
	task, diags := steptest.Use{Definition: New(kube.NewEnv(kube.Options{}))}.Compile(t, c)
	if task == nil {
		t.Fatal(diags)
	}
	captured, _ := task.Outputs().Field("captured")
	if diff := cmp.Diff([]string{"many", "pod"}, captured.Type.Names()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if many, _ := captured.Type.Field("many"); many.Type.Kind != eval.Bool {
		t.Errorf("many is %s, want %s", many.Type.Kind, eval.Bool)
	}
}

func TestTitle(t *testing.T) {
	tests := []struct{ body, want string }{
		{"deployment/web", "deployment/web is ready"},
		{"{object: deployment/web, until: object.spec.replicas == 1}", "deployment/web until object.spec.replicas == 1"},
		{"{objects: {kind: pods, labels: {app: web}}, where: item.spec.hostNetwork, until: count == 2}", "pods[app=web] until count == 2"},
		{"{objects: pods, absent: true}", "all of pods are gone"},
		{"{logs: {of: pod/web, match: started}}", `there are logs of pod/web matching "started"`},
	}
	for _, test := range tests {
		file, diags := source.Parse("step.yaml", []byte(test.body))
		decoder := &field.Decoder{File: file, Diags: &diags}
		_, compiled := New(kube.NewEnv(kube.Options{})).Compile(decoder, file.Root, eval.NewEnv())
		if compiled.Title != test.want {
			t.Errorf("%s\ngot  %s\nwant %s", test.body, compiled.Title, test.want)
		}
	}
}

func TestTolerateListsAllStates(t *testing.T) {
	f, _ := reflect.TypeFor[Config]().FieldByName("Tolerate")
	for _, name := range states() {
		if !strings.Contains(f.Tag.Get("doc"), name) {
			t.Errorf("the documentation of tolerate lacks %q", name)
		}
	}
}
