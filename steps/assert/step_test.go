package assert

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

func TestContract(t *testing.T) {
	steptest.Contract(t, New(kube.NewEnv(kube.Options{})))
}

func TestExamplesCompile(t *testing.T) {
	definition := New(kube.NewEnv(kube.Options{}))
	env := eval.NewEnv(append(kube.Functions(), Functions()...)...).With("steps", eval.AnyType).With("vars", eval.AnyType)
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
		{"nothing", "{}", `step.yaml:1:1: assert needs a claim; write that or never [invalid-value]`},
		{"unknown name", "{given: {web: deployment/web}, that: wbe.status.ready == 1}", `step.yaml:1:38: unknown name "wbe"; did you mean "web"? [unknown-name]`},
		{"no source", "{given: {web: {}}, that: web.a == 1}", `step.yaml:1:10: web needs one of object, objects, events, logs, http, alerts, promql, metrics, requests, sql [missing-field]`},
		{"a name with a meaning", "{given: {steps: widget/web}, that: steps.a == 1}", `step.yaml:1:10: the name "steps" has a meaning already; choose another one than vars, matrix, env, secrets, scenario, cluster, steps [invalid-name]`},
		{"not a name", "{given: {my-web: deployment/web}, that: 1 == vars.a}", `step.yaml:1:10: "my-web" can't be a name in expressions; use letters, digits and underscores [invalid-name]`},
		{"not true or false", "that: \"'a' + 'b'\"", `step.yaml:1:8: expected true or false, but this expression is text; compare it with something [result-type]`},
		{"nothing changes", "{that: vars.a == 1, within: 5s}", `step.yaml:1:29: within needs something that can change; name a source under given [invalid-value]`},
		{"within and always", "{given: {a: foo/a}, that: a.b == 1, within: 5s, always: 5s}", `step.yaml:1:45: within can't be joined with always or never; write waitFor with holdsFor, or two steps [invalid-value]`},
		{"never without for", "{given: {a: foo/a}, never: a.b == 1}", `step.yaml:1:28: never needs for: how long must it not happen? as in for: 30s [invalid-value]`},
		{"for without never", "{given: {a: foo/a}, that: a.b == 1, for: 5s}", `step.yaml:1:42: for belongs to never; write always for claims that must stay true [invalid-value]`},
		{"unused", "{given: {a: foo/a, b: foo/b}, that: a.b == 1}", `step.yaml:1:23: warning: nothing uses "b" [unused-given]`},
	}
	definition := New(kube.NewEnv(kube.Options{}))
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, got := steptest.Use{Definition: definition}.Compile(t, test.body)
			got, _, _ = strings.Cut(got, "\n")
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// noCluster is a use without sources: claims about earlier steps.
func noCluster(scope eval.Scope) steptest.Use {
	return steptest.Use{Definition: New(kube.NewEnv(kube.Options{})), Functions: append(kube.Functions(), Functions()...), Run: &step.Run{Scope: scope}}
}

func TestClaimsAboutEarlierSteps(t *testing.T) {
	scope := eval.Scope{"steps": map[string]any{"web": map[string]any{"ready": 2, "name": "shop"}}}
	tests := []struct{ name, body, want string }{
		{"true", "steps.web.ready == 2", ""},
		{"false", "steps.web.ready == 3", "steps.web.ready == 3 is false"},
		{"message", "{that: steps.web.ready == 3, message: '${{ steps.web.name }} is not complete'}", "shop is not complete: steps.web.ready == 3 is false"},
		{"several", `["steps.web.ready == 3", "steps.web.ready == 2", "steps.web.name == 'x'"]`, "2 of 3 claims are false"},
		{"missing", "steps.web.redy != 3", "steps.web.redy != 3: steps.web has no field \"redy\"; did you mean \"ready\"?"},
		{"missing and false", `["steps.web.redy != 3", "steps.web.ready == 3"]`, "2 of 2 claims are false"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := noCluster(scope).Do(t.Context(), t, test.body)
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if f := failure(t, err, step.Failed); f.Error() != test.want {
				t.Errorf("got  %s\nwant %s", f.Error(), test.want)
			}
		})
	}
}

func TestOperandsAreFacts(t *testing.T) {
	scope := eval.Scope{"steps": map[string]any{"web": map[string]any{"ready": 2, "name": "shop"}}}
	_, err := noCluster(scope).Do(t.Context(), t, "steps.web.ready == 3")
	if diff := cmp.Diff([]step.Fact{{Name: "steps.web.ready", Value: "2"}}, failure(t, err, step.Failed).Facts); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	_, err = noCluster(scope).Do(t.Context(), t, `["steps.web.ready == 3", "steps.web.name == 'x'"]`)
	want := []step.Section{
		{Title: "steps.web.ready == 3 is false", Lines: []string{"steps.web.ready   2"}},
		{Title: "steps.web.name == 'x' is false", Lines: []string{`steps.web.name   "shop"`}},
	}
	if diff := cmp.Diff(want, failure(t, err, step.Failed).Sections); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestClaimThatCannotBeEvaluatedIsErrored(t *testing.T) {
	scope := eval.Scope{"vars": map[string]any{"limit": "much", "n": 1}}
	_, err := noCluster(scope).Do(t.Context(), t, `quantity(vars.limit) > 3`)
	const want = `quantity(vars.limit) > 3: quantity("much"): not a quantity such as 500m, 1.5 or 2Gi`
	if got := failure(t, err, step.Errored).Error(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	// A claim that is false stays false whatever can't be found out about another one.
	_, err = noCluster(scope).Do(t.Context(), t, `["quantity(vars.limit) > 3", "vars.n == 2"]`)
	failure(t, err, step.Failed)
}

func use(c *kubetest.Cluster) steptest.Use {
	return steptest.Use{Definition: New(c.Env), Functions: append(kube.Functions(), Functions()...), Run: c.Run}
}

func settings(name, phase string) string {
	return fmt.Sprintf("{apiVersion: v1, kind: ConfigMap, metadata: {name: %s, labels: {app: test}}, data: {phase: %q}}", name, phase)
}

// after runs f once, as soon as a progress text of the step contains what is wanted. The test defers what it returns,
// which waits for f.
func after(c *kubetest.Cluster, text string, f func()) (wait func()) {
	seen, stop, done := make(chan struct{}, 1), make(chan struct{}), make(chan struct{})
	c.Host.OnProgress = func(p string) {
		if strings.Contains(p, text) {
			select {
			case seen <- struct{}{}:
			default:
			}
		}
	}
	go func() {
		defer close(done)
		select {
		case <-seen:
			f()
		case <-stop:
		}
	}()
	return func() { close(stop); <-done }
}

func failure(t *testing.T, err error, verdict step.Verdict) *step.Failure {
	t.Helper()
	f, ok := errors.AsType[*step.Failure](err)
	if !ok || f.Verdict != verdict {
		t.Fatalf("want a %s, got %v", verdict, err)
	}
	return f
}

func fact(f *step.Failure, name string) string {
	for _, fact := range f.Facts {
		if fact.Name == name {
			return fact.Value
		}
	}
	return ""
}

func TestOneLook(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	c.Apply(t, settings("a", "one"))
	c.Apply(t, settings("b", "two"))
	body := `{given: {a: configmap/a, none: configmap/none, all: {objects: {kind: configmaps, labels: {app: test}}}}, that: [a.data.phase == "one", none == nil, len(all) == 2, ready(a)]}`
	out, err := use(c).Do(t.Context(), t, body)
	if err != nil {
		t.Fatal(err)
	}
	if out["claims"] != 4 || out["looks"] != 1 {
		t.Errorf("%v claims, %v looks; want 4 and 1", out["claims"], out["looks"])
	}
	_, err = use(c).Do(t.Context(), t, `{given: {a: configmap/a}, that: a.data.phase == "two"}`)
	f := failure(t, err, step.Failed)
	if want := `a.data.phase == "two" is false`; f.Error() != want {
		t.Errorf("got  %s\nwant %s", f.Error(), want)
	}
	if got := fact(f, "a.data.phase"); got != `"one"` {
		t.Errorf("a.data.phase is %s", got)
	}
	if got := f.Facts[len(f.Facts)-1]; got.Name != "a" || !got.Detail || !strings.HasPrefix(got.Value, "configmap/a: exists, resourceVersion ") {
		t.Errorf("the state that shows it is not named: %v", f.Facts)
	}
	if len(f.Sections) != 0 {
		t.Errorf("an object that is as it should be explains nothing: %v", f.Sections)
	}
}

func TestSourcesMayHoldExpressions(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	c.Apply(t, settings("a", "one"))
	u := use(c)
	run := *c.Run
	run.Scope = eval.Scope{"vars": map[string]any{"name": "a", "kind": "configmaps"}}
	u.Run = &run
	body := `{given: {a: "configmap/${{ vars.name }}", all: {objects: {kind: "${{ vars.kind }}"}}}, that: [a.data.phase == "one", "any(all, .metadata.name == vars.name)"]}`
	if _, err := u.Do(t.Context(), t, body); err != nil {
		t.Fatal(err)
	}
	run.Scope = eval.Scope{"vars": map[string]any{"name": "", "kind": "configmaps"}}
	_, err := u.Do(t.Context(), t, body)
	if want := `"configmap/" does not name an object: write kind/name as in deployment/web, apps/v1/Deployment/web, or a kind alone as in pods`; !strings.Contains(fmt.Sprint(err), want) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestMissingObjectIsExplained(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	c.Apply(t, settings("webb", "one"))
	_, err := use(c).Do(t.Context(), t, `{given: {web: configmap/web}, that: web.data.phase == "one"}`)
	f := failure(t, err, step.Failed)
	if want := `web.data.phase == "one": web is nothing, so it has no "data"`; f.Error() != want {
		t.Errorf("got  %s\nwant %s", f.Error(), want)
	}
	if len(f.Sections) != 1 || !strings.Contains(strings.Join(f.Sections[0].Lines, " "), "webb") {
		t.Errorf("the objects that do exist are not named: %+v", f.Sections)
	}
}

func TestSourceThatCannotBeReadIsErrored(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	_, err := use(c).Do(t.Context(), t, `{given: {g: gadget/one}, that: g == nil}`)
	if step.VerdictOf(err) != step.Errored || !strings.HasPrefix(fmt.Sprint(err), "given.g: ") {
		t.Errorf("%s: %v", step.VerdictOf(err), err)
	}
}

func TestWithinTwoSources(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	c.Apply(t, settings("a", "no"))
	c.Apply(t, settings("b", "no"))
	defer after(c, `b.data.phase == "yes" is false`, func() {
		c.Apply(t, settings("a", "yes"))
		c.Apply(t, settings("b", "yes"))
	})()
	out, err := use(c).Do(t.Context(), t, `{given: {a: configmap/a, b: configmap/b}, that: [a.data.phase == "yes", b.data.phase == "yes"], within: 30s}`)
	if err != nil {
		t.Fatal(err)
	}
	if out["looks"].(int) < 2 {
		t.Errorf("looked %v times", out["looks"])
	}
}

func TestWithinIsOver(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	c.Apply(t, settings("a", "no"))
	defer after(c, "is false", func() { c.Apply(t, settings("a", "nearly")) })()
	_, err := use(c).Do(t.Context(), t, `{given: {a: configmap/a}, that: a.data.phase == "yes", within: 2s, message: it never came}`)
	f := failure(t, err, step.Failed)
	if want := `it never came: a.data.phase == "yes" is false and did not become true within 2s`; f.Error() != want {
		t.Errorf("got  %s\nwant %s", f.Error(), want)
	}
	if got := fact(f, "a.data.phase"); got != `"nearly"` {
		t.Errorf("a.data.phase is %s", got)
	}
	_, err = use(c).Do(t.Context(), t, `{given: {a: configmap/a}, that: a.data.fase == "yes", within: 1.5s}`)
	const want = `a.data.fase == "yes": a.data has no field "fase"; did you mean "phase"? and did not become true within 1.5s`
	if got := failure(t, err, step.Failed).Error(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestAlwaysHolds(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	c.Apply(t, settings("a", "good"))
	start := time.Now()
	if _, err := use(c).Do(t.Context(), t, `{given: {a: configmap/a}, that: a.data.phase == "good", always: 500ms}`); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took < 500*time.Millisecond {
		t.Errorf("watched for %s only", took)
	}
}

// The violation lasts for a few milliseconds only.
func TestAlwaysCatchesAViolationBetweenTwoLooks(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	c.Apply(t, settings("a", "good"))
	var bad string
	wait := after(c, "1 claim holds", func() {
		bad = c.Apply(t, settings("a", "bad")).GetResourceVersion()
		c.Apply(t, settings("a", "good"))
	})
	_, err := use(c).Do(t.Context(), t, `{given: {a: configmap/a}, that: a.data.phase == "good", always: 20s}`)
	wait()
	f := failure(t, err, step.Failed)
	got := regexp.MustCompile(`[0-9.]+m?s into`).ReplaceAllString(f.Error(), "T into")
	if want := `a.data.phase == "good" is false, T into the 20s that were watched`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, want := fact(f, "a"), "resourceVersion "+bad; !strings.HasSuffix(got, want) {
		t.Errorf("the state that shows it is %q, want %s", got, want)
	}
	history := regexp.MustCompile(`\+\S+`).ReplaceAllString(strings.Join(f.Sections[0].Lines, "\n"), "+T")
	history = regexp.MustCompile(`rv \d+  a.data.phase "good"`).ReplaceAllString(history, `rv N  a.data.phase "good"`)
	if want := "+T  rv N  a.data.phase \"good\"\n+T  rv " + bad + "  a.data.phase \"bad\""; f.Sections[0].Title != "how a got there" || history != want {
		t.Errorf("%s\ngot\n%s\nwant\n%s", f.Sections[0].Title, history, want)
	}
}

func TestNever(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	c.Apply(t, settings("a", "good"))
	const body = `{given: {all: {objects: {kind: configmaps, labels: {app: test}}}}, never: 'any(all, .data.phase == "bad")', for: %s}`
	if _, err := use(c).Do(t.Context(), t, fmt.Sprintf(body, "300ms")); err != nil {
		t.Fatal(err)
	}
	defer after(c, "1 claim holds", func() { c.Apply(t, settings("b", "bad")) })()
	_, err := use(c).Do(t.Context(), t, fmt.Sprintf(body, "20s"))
	got := regexp.MustCompile(`[0-9.]+m?s into`).ReplaceAllString(failure(t, err, step.Failed).Error(), "T into")
	if want := `any(all, .data.phase == "bad") is true, which must never be, T into the 20s that were watched`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestMissingFieldUnderNeverFails(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	c.Apply(t, settings("a", "good"))
	_, err := use(c).Do(t.Context(), t, `{given: {a: configmap/a}, never: a.data.error != "", for: 5s}`)
	if got := failure(t, err, step.Failed).Error(); !strings.HasPrefix(got, `a.data.error != "": a.data has no field "error"`) {
		t.Errorf("got %s", got)
	}
}

func TestCancelIsPrompt(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	c.Apply(t, settings("a", "good"))
	for _, mode := range []string{"within: 1m", "always: 1m"} {
		ctx, cancel := context.WithCancel(t.Context())
		var cancelled time.Time
		wait := after(c, "a", func() { cancelled = time.Now(); cancel() })
		claim := "bad"
		if strings.HasPrefix(mode, "always") {
			claim = "good"
		}
		_, err := use(c).Do(ctx, t, fmt.Sprintf(`{given: {a: configmap/a}, that: a.data.phase == %q, %s}`, claim, mode))
		wait()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v", mode, err)
		}
		if late := time.Since(cancelled); late > time.Second {
			t.Errorf("%s: it took %s to end", mode, late)
		}
	}
}
