package observe

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/client"
)

// Logs is the source that is what containers log.
type Logs struct {
	Of        kube.Ref `yaml:"of" required:"true" shorthand:"true" doc:"A pod, a set of pods, or a workload whose pods are meant." example:"deployment/web"`
	Container string   `yaml:"container" doc:"Name of the container; all except init containers if not given."`
	Match     string   `yaml:"match" doc:"Only lines that this regular expression matches. Its named groups are fields of line.groups." example:"started in (?P<seconds>[0-9]+)s"`
	Since     string   `yaml:"since" doc:"Only lines that came after step-start, or within a duration such as 5m before the step." example:"step-start"`
	Tail      int      `yaml:"tail" doc:"How many of the lines that are there at the start count, for each container; all if not given."`
}

func (l *Logs) text() string {
	text := "logs of " + l.Of.String()
	if l.Match != "" {
		text += fmt.Sprintf(" matching %q", l.Match)
	}
	return text
}

func (*Logs) traits() Traits { return Traits{Name: "lines", Lists: true} }

func (l *Logs) check(path string, p *step.Problems) {
	if l.Of.Kind != "" || p.Given(path+".of") && !p.Dynamic(path+".of") {
		if err := l.Of.Check(); err != nil {
			p.At(path+".of", "%s", err)
		}
	}
	kube.Expect(p, kube.Mention{Path: path + ".of", Ref: l.Of, Container: l.Container, ContainerPath: path + ".container"})
	if _, err := regexp.Compile(l.Match); err != nil {
		p.At(path+".match", "match: %s", err)
	}
	if l.Tail < 0 {
		p.At(path+".tail", "tail: expected a number of lines, found %d", l.Tail)
	}
	checkSince(l.Since, path, p)
}

func (l *Logs) open(ctx context.Context, run *step.Run, env *kube.Env) (Feed, error) {
	target, err := env.Target(ctx, run)
	if err != nil {
		return nil, err
	}
	query, err := target.Query(ctx, l.Of)
	if err != nil {
		return nil, err
	}
	pods, err := target.Resolve(ctx, kube.Ref{APIVersion: "v1", Kind: "Pod"})
	if err != nil {
		return nil, err
	}
	f := &logsFeed{config: l, name: l.text(), target: target, owner: query, pods: pods}
	if f.back, err = parseSince(l.Since); err != nil {
		return nil, err
	}
	if l.Match != "" {
		if f.match, err = regexp.Compile(l.Match); err != nil {
			return nil, fmt.Errorf("match: %w", err)
		}
	}
	if query.Mapping.GVR() != pods.GVR() && query.Name == "" {
		return nil, fmt.Errorf("logs: %s names no single %s; give its name, or choose pods by labels", l.Of, query.Mapping.Kind)
	}
	return f, nil
}

type logsFeed struct {
	config *Logs
	name   string
	target *kube.Target
	owner  kube.Query // what the author named: pods, or the one thing to which they belong
	pods   kube.Mapping
	match  *regexp.Regexp
	back   time.Duration
}

// query returns which pods are meant, nil when the thing to which they belong does not exist.
func (f *logsFeed) query(owner *unstructured.Unstructured) (*kube.Query, error) {
	if f.owner.Mapping.GVR() == f.pods.GVR() {
		return &f.owner, nil
	}
	if owner == nil {
		return nil, nil
	}
	selector, err := selectorOf(owner)
	if err != nil {
		return nil, fmt.Errorf("logs of %s: %w", f.config.Of, err)
	}
	return &kube.Query{Mapping: f.pods, Namespace: owner.GetNamespace(), Labels: selector}, nil
}

// selectorOf reads spec.selector in both of its forms: that of workloads and that of Services.
func selectorOf(owner *unstructured.Unstructured) (labels.Selector, error) {
	raw, found, err := unstructured.NestedMap(owner.Object, "spec", "selector")
	if err != nil || !found || len(raw) == 0 {
		return nil, fmt.Errorf("%s %s has no spec.selector that says which pods are its own", owner.GetKind(), owner.GetName())
	}
	if plain, ok, err := unstructured.NestedStringMap(owner.Object, "spec", "selector"); ok && err == nil {
		return labels.SelectorFromSet(plain), nil
	}
	var structured metav1.LabelSelector
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(raw, &structured); err != nil {
		return nil, fmt.Errorf("spec.selector of %s: %w", owner.GetName(), err)
	}
	return metav1.LabelSelectorAsSelector(&structured)
}

// Once reads what is there now, without waiting for more.
func (f *logsFeed) Once(ctx context.Context) (Look, error) {
	collected := &lines{feed: f}
	pods, err := f.present(ctx)
	if err != nil {
		return Look{}, err
	}
	for _, pod := range pods {
		for _, c := range containersOf(pod, f.config.Container) {
			request := f.request(c.container, f.opening(true))
			response, err := f.target.Cluster.Do(ctx, request)
			if kube.IsNotFound(err) {
				continue
			}
			if err != nil {
				return Look{}, fmt.Errorf("logs of pod %s: %w", c.pod, err)
			}
			collected.addText(c.container, response.Body)
		}
	}
	return collected.look(), nil
}

func (f *logsFeed) present(ctx context.Context) ([]*unstructured.Unstructured, error) {
	var owner *unstructured.Unstructured
	if f.owner.Mapping.GVR() != f.pods.GVR() {
		found, err := f.target.Get(ctx, f.config.Of)
		if kube.IsNotFound(err) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		owner = found
	}
	query, err := f.query(owner)
	if err != nil {
		return nil, err
	}
	ref := kube.Ref{APIVersion: "v1", Kind: "Pod", Namespace: query.Namespace, Name: query.Name}
	if query.Name != "" {
		pod, err := f.target.Get(ctx, ref)
		if kube.IsNotFound(err) {
			return nil, nil
		}
		return []*unstructured.Unstructured{pod}, err
	}
	if query.Labels != nil {
		ref.Selector = query.Labels.String()
	}
	if query.Fields != nil {
		ref.FieldSelector = query.Fields.String()
	}
	return f.target.List(ctx, ref)
}

// opening returns the parameters that say where a log begins. Only what was there at the start of the step can be too
// old; what begins later counts in full.
func (f *logsFeed) opening(atStart bool) url.Values {
	values := url.Values{"timestamps": {"true"}}
	switch {
	case !atStart:
	case f.config.Since == sinceStart:
		values.Set("tailLines", "0")
	case f.back > 0:
		values.Set("sinceSeconds", strconv.Itoa(max(1, int(f.back.Seconds()))))
	}
	if atStart && f.config.Tail > 0 && f.config.Since != sinceStart {
		values.Set("tailLines", strconv.Itoa(f.config.Tail))
	}
	return values
}

func (f *logsFeed) request(c container, values url.Values) client.Request {
	values.Set("container", c.name)
	return client.Request{
		Method: http.MethodGet, Path: f.pods.Path(c.namespace, c.pod, "log"), Query: values, Accept: "*/*",
	}
}

// Explain collects evidence about a look.
func (f *logsFeed) Explain(_ context.Context, l Look) []step.Section {
	seen, ok := l.evidence.([]string)
	if !ok || len(seen) == 0 {
		return nil
	}
	return []step.Section{{Title: cmp.Or("last lines of "+f.config.Of.String(), f.name), Lines: seen}}
}
