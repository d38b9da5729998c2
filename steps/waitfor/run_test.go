package waitfor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

func use(c *kubetest.Cluster) steptest.Use {
	return steptest.Use{Definition: New(c.Env), Functions: kube.Functions(), Run: c.Run}
}

func settings(name string, data ...string) string {
	text := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + ", labels: {app: test}}\ndata:\n  there: 'yes'\n"
	for i := 0; i < len(data); i += 2 {
		text += fmt.Sprintf("  %s: %q\n", data[i], data[i+1])
	}
	return text
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

// failure returns the Failure in err, which must be of that verdict.
func failure(t *testing.T, err error, verdict step.Verdict) *step.Failure {
	t.Helper()
	f, ok := errors.AsType[*step.Failure](err)
	if !ok || f.Verdict != verdict {
		t.Fatalf("want a %s, got %v", verdict, err)
	}
	return f
}

func facts(f *step.Failure) map[string]string {
	out := map[string]string{}
	for _, fact := range f.Facts {
		out[fact.Name] = fact.Value
	}
	return out
}

func section(f *step.Failure, title string) []string {
	for _, s := range f.Sections {
		if s.Title == title {
			return s.Lines
		}
	}
	return nil
}

func TestShorthandWaitsUntilReady(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	c.Apply(t, deployment("web", 2, ""))
	out, err := use(c).Do(t.Context(), t, "deployment/web")
	if err != nil {
		t.Fatal(err)
	}
	available := out["object"].(map[string]any)["status"].(map[string]any)["availableReplicas"]
	if available != 2 {
		t.Errorf("availableReplicas is %v, want 2", available)
	}
	if out["looks"].(int) < 1 || out["took"].(time.Duration) <= 0 || out["resourceVersion"] == "" {
		t.Errorf("outputs: looks %v, took %v, resourceVersion %q", out["looks"], out["took"], out["resourceVersion"])
	}
}

func TestEndsWithTheChangeThatMeetsTheCondition(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	c.Apply(t, settings("state", "phase", "one"))
	defer after(c, "configmap/state", func() { c.Apply(t, settings("state", "phase", "two")) })()
	out, err := use(c).Do(t.Context(), t, `{object: configmap/state, until: object.data.phase == "two", capture: {phase: object.data.phase}}`)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"phase": "two"}, out["captured"]); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if out["looks"] != 2 {
		t.Errorf("looked %v times, want 2", out["looks"])
	}
}

func TestWaitsForAnObjectThatIsMadeLater(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	defer after(c, "configmap/late does not exist", func() { c.Apply(t, settings("late")) })()
	if _, err := use(c).Do(t.Context(), t, "configmap/late"); err != nil {
		t.Fatal(err)
	}
}

func TestTimeoutTellsEverything(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	c.Apply(t, settings("state", "phase", "one"))
	defer after(c, "configmap/state", func() { c.Apply(t, settings("state", "phase", "two")) })()
	out, err := use(c).Do(t.Context(), t, `{object: configmap/state, until: object.data.phase == "three", timeout: 2s}`)
	f := failure(t, err, step.Failed)
	if want := `timed out after 2s waiting until object.data.phase == "three"`; f.Error() != want {
		t.Errorf("got  %s\nwant %s", f.Error(), want)
	}
	want := map[string]string{"object.data.phase": `"two"`, "last seen": "configmap/state: exists"}
	if diff := cmp.Diff(want, facts(f)); diff != "" {
		t.Errorf("facts: -want +got\n%s", diff)
	}
	history := regexp.MustCompile(`\+\S+  rv \d+  `).ReplaceAllString(strings.Join(section(f, "how it got there"), "\n"), "+T  rv N  ")
	if want := "+T  rv N  object.data.phase \"one\"\n+T  rv N  object.data.phase \"two\""; history != want {
		t.Errorf("history\ngot\n%s\nwant\n%s", history, want)
	}
	if lines := section(f, "state"); lines != nil {
		t.Errorf("an object that is as it should be explains nothing: %+v", f.Sections)
	}
	if out["object"].(map[string]any)["data"].(map[string]any)["phase"] != "two" {
		t.Error("the outputs of a failed wait lack the last state")
	}
}

func TestTimeoutOfTheEngine(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	c.Apply(t, settings("state"))
	u := use(c)
	run := *c.Run
	run.Timeout = 1500 * time.Millisecond
	u.Run = &run
	ctx, cancel := context.WithTimeout(t.Context(), run.Timeout)
	defer cancel()
	_, err := u.Do(ctx, t, `{object: configmap/state, until: object.data.there == "no"}`)
	if want := `timed out after 1.5s waiting until object.data.there == "no"`; failure(t, err, step.Failed).Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
}

func TestMissingFieldIsNotYet(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	c.Apply(t, settings("state"))
	defer after(c, "no field", func() { c.Apply(t, settings("state", "phase", "done")) })()
	if _, err := use(c).Do(t.Context(), t, `{object: configmap/state, until: object.data.phase == "done"}`); err != nil {
		t.Fatal(err)
	}
	_, err := use(c).Do(t.Context(), t, `{object: configmap/state, until: object.data.phas != "x", timeout: 1.5s}`)
	const want = "timed out after 1.5s waiting until object.data.phas != \"x\": " +
		"object.data has no field \"phas\"; did you mean \"phase\"?"
	if got := failure(t, err, step.Failed).Error(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestMissingObject(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	c.Apply(t, settings("webb"))
	_, err := use(c).Do(t.Context(), t, `{object: configmap/web, until: object.data.there == "yes", timeout: 1.5s}`)
	f := failure(t, err, step.Failed)
	const want = "timed out after 1.5s waiting until object.data.there == \"yes\": " +
		"object is nothing, so it has no \"data\""
	if got := f.Error(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := facts(f)["last seen"]; got != "configmap/web does not exist" {
		t.Errorf("last seen: %s", got)
	}
	if lines := section(f, "configmaps in namespace "+c.Target.Namespace); !strings.Contains(strings.Join(lines, " "), "webb") {
		t.Errorf("the objects that do exist are not named: %+v", f.Sections)
	}
}

func TestErrorsThatWaitingCannotHeal(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	c.Apply(t, settings("state"))
	tests := []struct{ name, body, want string }{
		{"no such kind", "gadget/web", `no kind`},
		{"expression", "{object: configmap/state, until: quantity(object.data.there) > 3}", `until: quantity(object.data.there) > 3: quantity("yes"): not a quantity such as 500m, 1.5 or 2Gi`},
		{"where", "{objects: configmaps, where: quantity(item.metadata.name) > 3}", `where: quantity(item.metadata.name) > 3: quantity(`},
		{"failIf", "{object: configmap/state, failIf: quantity(object.data.there) > 3}", `failIf: quantity(object.data.there) > 3: quantity("yes")`},
		{"capture", "{object: configmap/state, capture: {n: object.data.n}}", `the condition is met, but capture.n can't be taken: object.data has no field "n"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := use(c).Do(t.Context(), t, test.body)
			if step.VerdictOf(err) != step.Errored || !strings.Contains(fmt.Sprint(err), test.want) {
				t.Errorf("%s: %v\nwant %s", step.VerdictOf(err), err, test.want)
			}
		})
	}
}

func TestFailIfEndsAtOnce(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	c.Apply(t, settings("state", "phase", "running"))
	defer after(c, "configmap/state", func() { c.Apply(t, settings("state", "phase", "broken")) })()
	_, err := use(c).Do(t.Context(), t, `{object: configmap/state, until: object.data.phase == "done", failIf: object.data.phase == "broken"}`)
	f := failure(t, err, step.Failed)
	if want := `failIf is true: object.data.phase == "broken"`; f.Error() != want {
		t.Errorf("got  %s\nwant %s", f.Error(), want)
	}
	if got := facts(f)["object.data.phase"]; got != `"broken"` {
		t.Errorf("object.data.phase is %s", got)
	}
}

// A failIf that can't be answered is not false: it could hide what it was written for.
func TestFailIfThatCannotBeAnswered(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	c.Apply(t, settings("state", "phase", "done"))
	_, err := use(c).Do(t.Context(), t, `{object: configmap/state, until: object.data.phase == "done", failIf: object.data.error != "", timeout: 1.5s}`)
	const want = "timed out after 1.5s waiting until object.data.phase == \"done\": " +
		"object.data has no field \"error\""
	if got := failure(t, err, step.Failed).Error(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestAbsent(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	c.Apply(t, settings("doomed"))
	defer after(c, "configmap/doomed", func() {
		if _, err := c.Target.Delete(t.Context(), kube.Ref{Kind: "configmap", Name: "doomed"}, kube.Deletion{}); err != nil {
			t.Error(err)
		}
	})()
	out, err := use(c).Do(t.Context(), t, "{object: configmap/doomed, absent: true}")
	if err != nil {
		t.Fatal(err)
	}
	if out["object"] != nil {
		t.Errorf("the output object is %v, want nil", out["object"])
	}
	c.Apply(t, settings("stays"))
	_, err = use(c).Do(t.Context(), t, "{objects: {kind: configmaps, labels: {app: test}}, absent: true, timeout: 1.5s}")
	if want := "timed out after 1.5s waiting until all of configmaps[app=test] are gone"; failure(t, err, step.Failed).Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
}

func TestChoosesFromAList(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	c.Apply(t, settings("a", "phase", "idle"))
	c.Apply(t, settings("b", "phase", "busy"))
	defer after(c, "2 objects", func() { c.Apply(t, settings("c", "phase", "busy")) })()
	body := `{objects: {kind: configmaps, labels: {app: test}}, where: item.data.phase == "busy", until: count == 2, capture: {names: "map(matched, .metadata.name)", first: match.metadata.name}}`
	out, err := use(c).Do(t.Context(), t, body)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"names": []any{"b", "c"}, "first": "b"}, out["captured"]); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if out["count"] != 2 || len(out["objects"].([]any)) != 3 {
		t.Errorf("count %v of %d objects, want 2 of 3", out["count"], len(out["objects"].([]any)))
	}
	_, err = use(c).Do(t.Context(), t, `{objects: {kind: configmaps, labels: {app: test}}, where: item.data.phase == "gone", timeout: 1.5s}`)
	f := failure(t, err, step.Failed)
	if want := `timed out after 1.5s waiting until there are configmaps[app=test] where item.data.phase == "gone"`; f.Error() != want {
		t.Errorf("got  %s\nwant %s", f.Error(), want)
	}
	if got := facts(f)["matches"]; got != "0 of 3" {
		t.Errorf("matches: %s", got)
	}
}

// An item that lacks the field could match or not. It must not let a claim about numbers come true by itself.
func TestItemsThatMayMatch(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	c.Apply(t, settings("plain"))
	c.Apply(t, settings("good", "phase", "good"))
	const list = `objects: {kind: configmaps, labels: {app: test}}`
	_, err := use(c).Do(t.Context(), t, `{`+list+`, where: item.data.phase == "bad", until: count == 0, timeout: 1.5s}`)
	const want = "timed out after 1.5s waiting until count == 0: " +
		"item.data has no field \"phase\""
	if got := failure(t, err, step.Failed).Error(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if _, err = use(c).Do(t.Context(), t, `{`+list+`, where: item.data.phase == "good", until: count > 0}`); err != nil {
		t.Errorf("one match is enough whatever the other is: %v", err)
	}
	if _, err = use(c).Do(t.Context(), t, `{`+list+`, where: '(item.data.phase ?? "") == "bad"', until: count == 0}`); err != nil {
		t.Error(err)
	}
}

func TestHoldsFor(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	c.Apply(t, settings("state", "phase", "good"))
	defer after(c, "must hold for", func() {
		c.Apply(t, settings("state", "phase", "bad"))
		c.Apply(t, settings("state", "phase", "good"))
	})()
	start := time.Now()
	out, err := use(c).Do(t.Context(), t, `{object: configmap/state, until: object.data.phase == "good", holdsFor: 700ms}`)
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took < 700*time.Millisecond {
		t.Errorf("held for %s only", took)
	}
	if out["looks"] != 3 {
		t.Errorf("looked %v times, want each of the 3 states", out["looks"])
	}
}

func TestHoldsForIsBroken(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	c.Apply(t, settings("state", "phase", "good"))
	defer after(c, "must hold for", func() { c.Apply(t, settings("state", "phase", "bad")) })()
	_, err := use(c).Do(t.Context(), t, `{object: configmap/state, until: object.data.phase == "good", holdsFor: 2500ms, timeout: 3s}`)
	f := failure(t, err, step.Failed)
	if want := `timed out after 3s waiting until object.data.phase == "good" for 2.5s`; f.Error() != want {
		t.Errorf("got  %s\nwant %s", f.Error(), want)
	}
	if facts(f)["held at the longest for"] == "" {
		t.Errorf("how long it held is not said: %v", f.Facts)
	}
}

func TestTerminalStateEndsTheWait(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	c.Apply(t, deployment("web", 1, `sandbox.scenario-runner.dev/image-pull-failure: "true"`))
	start := time.Now()
	_, err := use(c).Do(t.Context(), t, "{object: deployment/web, timeout: 1m}")
	f := failure(t, err, step.Failed)
	got := regexp.MustCompile(`web-[a-z0-9]+-[a-z0-9]+`).ReplaceAllString(f.Error(), "web-X")
	if want := "waiting until deployment/web is ready can't succeed any more: Pod web-X: container app waits: "; !strings.HasPrefix(got, want) {
		t.Errorf("got  %s\nwant %s…", got, want)
	}
	if got := facts(f)["to wait all the same"]; got != "tolerate: [imagePull]" {
		t.Errorf("what to do about it is %q", got)
	}
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("it took %s to see that", took)
	}
	if text := strings.Join(section(f, "state"), "\n"); !strings.Contains(text, "Deployment web: ") || !strings.Contains(text, "\n  Pod web-") || !strings.Contains(text, "container app waits") {
		t.Errorf("the chain of owners is not shown:\n%s", text)
	}
}

func TestToleratedStateDoesNotEndTheWait(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	c.Apply(t, deployment("web", 1, `sandbox.scenario-runner.dev/image-pull-failure: "true"`))
	for _, tolerate := range []string{"imagePull", "all"} {
		_, err := use(c).Do(t.Context(), t, "{object: deployment/web, tolerate: "+tolerate+", timeout: 4s}")
		if want := "timed out after 4s waiting until deployment/web is ready"; failure(t, err, step.Failed).Error() != want {
			t.Errorf("got  %s\nwant %s", err, want)
		}
	}
}

func TestTerminalStateInAList(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	c.Apply(t, `{apiVersion: v1, kind: Pod, metadata: {name: one, labels: {app: test}, annotations: {sandbox.scenario-runner.dev/image-pull-failure: "true"}}, spec: {containers: [{name: app, image: app}]}}`)
	_, err := use(c).Do(t.Context(), t, "{objects: {kind: pods, labels: {app: test}}, ready: true, timeout: 1m}")
	if want := "waiting until all of pods[app=test] are ready can't succeed any more: Pod one: container app waits: "; !strings.HasPrefix(failure(t, err, step.Failed).Error(), want) {
		t.Errorf("got  %s\nwant %s…", err, want)
	}
}

// An author may wait for the very state that makes further waiting senseless.
func TestTheStateItselfMayBeWaitedFor(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	c.Apply(t, `{apiVersion: v1, kind: Pod, metadata: {name: one, annotations: {sandbox.scenario-runner.dev/image-pull-failure: "true"}}, spec: {containers: [{name: app, image: app}]}}`)
	_, err := use(c).Do(t.Context(), t, `{object: pod/one, until: 'object.status.containerStatuses[0].state.waiting.reason in ["ErrImagePull", "ImagePullBackOff"]', timeout: 1m}`)
	if err != nil {
		t.Fatal(err)
	}
}

func TestCancelIsPrompt(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	c.Apply(t, settings("state"))
	ctx, cancel := context.WithCancel(t.Context())
	var cancelled time.Time
	defer after(c, "configmap/state", func() { cancelled = time.Now(); cancel() })()
	_, err := use(c).Do(ctx, t, `{object: configmap/state, until: object.data.there == "no"}`)
	if !errors.Is(err, context.Canceled) || step.VerdictOf(err) != step.Errored {
		t.Errorf("got %v", err)
	}
	<-ctx.Done()
	if late := time.Since(cancelled); late > time.Second {
		t.Errorf("it took %s to end", late)
	}
}

func TestSecretsAreMasked(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	c.Apply(t, "{apiVersion: v1, kind: Secret, metadata: {name: login}, stringData: {password: correct-horse}}")
	if _, err := use(c).Do(t.Context(), t, `{object: secret/login, until: object.data.password != ""}`); err != nil {
		t.Fatal(err)
	}
	if secrets := c.Host.Secrets(); !strings.Contains(strings.Join(secrets, " "), "correct-horse") {
		t.Errorf("masked: %d values, not the password", len(secrets))
	}
}

func deployment(name string, replicas int, annotation string) string {
	annotations := map[string]string{}
	if key, value, ok := strings.Cut(annotation, ": "); ok {
		annotations[key] = strings.Trim(value, `"`)
	}
	labels := map[string]string{"app": name}
	manifest, err := json.Marshal(map[string]any{
		"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"name": name},
		"spec": map[string]any{
			"replicas": replicas, "selector": map[string]any{"matchLabels": labels},
			"template": map[string]any{
				"metadata": map[string]any{"labels": labels, "annotations": annotations},
				"spec":     map[string]any{"containers": []any{map[string]any{"name": "app", "image": "registry.example/app:1"}}},
			},
		},
	})
	if err != nil {
		panic(err)
	}
	return string(manifest)
}
