package observe

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// Events is the source that is the Kubernetes events of a namespace or of one object.
type Events struct {
	For       *kube.Ref `yaml:"for" doc:"The object that the events are about; all objects of the namespace if not given." example:"deployment/web"`
	Namespace string    `yaml:"namespace" doc:"Namespace of the events; the step's if not given. Not needed when for names one."`
	Type      string    `yaml:"type" enum:"Normal,Warning" doc:"Only events of this type."`
	Reason    []string  `yaml:"reason" single:"true" doc:"Only events with one of these reasons." example:"[BackOff, Unhealthy]"`
	Since     string    `yaml:"since" doc:"Only events that came, or came again, after step-start or within a duration such as 5m before the step." example:"step-start"`
}

func (e *Events) text() string {
	text := "events"
	if e.For != nil {
		text += " of " + e.For.String()
	}
	return text
}

func (*Events) traits() Traits { return Traits{Name: "events", Lists: true} }

func (e *Events) check(path string, p *step.Problems) {
	if e.For != nil && (e.For.Kind != "" || !p.Dynamic(path+".for")) {
		if err := e.For.Check(); err != nil {
			p.At(path+".for", "%s", err)
		} else if e.For.Selector != "" || len(e.For.Labels) > 0 || e.For.FieldSelector != "" {
			p.At(path+".for", "events can't be chosen by selectors of their objects; give a kind, or a kind and a name")
		}
	}
	if e.For != nil && e.Namespace == "" && !p.Given(path+".namespace") {
		kube.Expect(p, kube.Mention{Path: path + ".for", Ref: *e.For})
	}
	checkSince(e.Since, path, p)
}

func (e *Events) open(ctx context.Context, run *step.Run, env *kube.Env) (Feed, error) {
	target, err := env.Target(ctx, run)
	if err != nil {
		return nil, err
	}
	back, err := parseSince(e.Since)
	if err != nil {
		return nil, err
	}
	f := &eventsFeed{config: e, name: e.text(), target: target, back: back}
	if f.ref, err = e.ref(ctx, f); err != nil {
		return nil, err
	}
	if f.query, err = target.Query(ctx, f.ref); err != nil {
		return nil, err
	}
	if e.Since != sinceStart {
		return f, nil
	}
	before, err := target.List(ctx, f.ref)
	if err != nil {
		return nil, err
	}
	f.before = map[types.UID]string{}
	for _, event := range before {
		f.before[event.GetUID()] = event.GetResourceVersion()
	}
	return f, nil
}

// ref says where the events are: events about things that have no namespace are kept in the default one.
func (e *Events) ref(ctx context.Context, f *eventsFeed) (kube.Ref, error) {
	ref := kube.Ref{APIVersion: "v1", Kind: "events", Namespace: e.Namespace}
	if e.For == nil {
		return ref, nil
	}
	mapping, err := f.target.Resolve(ctx, *e.For)
	if err != nil {
		return ref, err
	}
	f.kind = mapping.Kind
	ref.Namespace = cmp.Or(e.For.Namespace, e.Namespace)
	if !mapping.Namespaced {
		ref.Namespace = "default"
	}
	return ref, nil
}

type eventsFeed struct {
	config *Events
	name   string
	target *kube.Target
	ref    kube.Ref
	query  kube.Query
	kind   string        // of the objects that the events are about, "" for all
	back   time.Duration // how old an event may be, 0 for any age
	before map[types.UID]string
}

// Once reads the present value from the server.
func (f *eventsFeed) Once(ctx context.Context) (Look, error) {
	found, err := f.target.List(ctx, f.ref)
	if err != nil {
		return Look{}, err
	}
	return f.look(found, "", time.Now()), nil
}

// Watch follows the value.
func (f *eventsFeed) Watch(ctx context.Context, every bool, see func(Look) (bool, error)) error {
	query := f.query
	query.EveryEvent = every
	first := true
	return f.target.Watch(ctx, query, func(shot kube.Snapshot) (bool, error) {
		if !first && shot.Changed != nil && !f.concerns(shot.Changed) {
			return false, nil
		}
		l := f.look(shot.Objects, shot.ResourceVersion, shot.At)
		l.Stored, l.Missed = first, shot.Gap && shot.Changed != nil
		first = false
		return see(l)
	})
}

// concerns reports whether the author asked for such an event.
func (f *eventsFeed) concerns(event *unstructured.Unstructured) bool {
	about := involved(event)
	switch {
	case f.kind != "" && about.kind != f.kind:
		return false
	case f.config.For != nil && f.config.For.Name != "" && about.name != f.config.For.Name:
		return false
	case f.config.Type != "" && text(event, "type") != f.config.Type:
		return false
	case len(f.config.Reason) > 0 && !slices.Contains(f.config.Reason, text(event, "reason")):
		return false
	}
	return !f.knownBefore(event)
}

// knownBefore reports whether the event had come in this form when the step began; a store may hold an older form.
func (f *eventsFeed) knownBefore(event *unstructured.Unstructured) bool {
	version, ok := f.before[event.GetUID()]
	if !ok {
		return false
	}
	order, err := resourceversion.CompareResourceVersion(event.GetResourceVersion(), version)
	return err == nil && order <= 0
}

func (f *eventsFeed) look(found []*unstructured.Unstructured, version string, at time.Time) Look {
	var events []event
	for _, item := range found {
		if !f.concerns(item) {
			continue
		}
		if e := eventOf(item); f.back == 0 || e.at.After(at.Add(-f.back)) {
			events = append(events, e)
		}
	}
	slices.SortStableFunc(events, func(a, b event) int { return a.at.Compare(b.at) })
	items := make([]any, len(events))
	for i, e := range events {
		items[i] = e.value
	}
	return Look{Value: items, Items: items, ResourceVersion: version, At: at, describe: func() string {
		if len(events) == 0 {
			return f.name + ": none"
		}
		return fmt.Sprintf("%s: %d, the last one %s", f.name, len(events), events[len(events)-1].line)
	}}
}

// Explain collects evidence about a look.
func (f *eventsFeed) Explain(_ context.Context, l Look) []step.Section {
	var lines []string
	for _, item := range l.Items[max(0, len(l.Items)-10):] {
		lines = append(lines, eventLine(item.(map[string]any)))
	}
	if len(lines) == 0 {
		return nil
	}
	return []step.Section{{Title: f.name, Lines: lines}}
}
