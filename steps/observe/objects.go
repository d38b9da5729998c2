package observe

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// objects is the source that is all objects of a kind, or those that selectors choose.
type objects struct{ ref kube.Ref }

func (o objects) text() string {
	if o.ref.Kind == "" {
		return "the objects" // their kind is not known before the run
	}
	return o.ref.String()
}

func (objects) traits() Traits { return Traits{Name: "objects", Lists: true, Cluster: true} }

func (o objects) check(path string, p *step.Problems) {
	if p.Dynamic(path) && o.ref.Kind == "" {
		return
	}
	if err := o.ref.Check(); err != nil {
		p.At(path, "%s", err)
		return
	}
	kube.Expect(p, kube.Mention{Path: path, Ref: o.ref})
	if o.ref.Name != "" {
		p.At(path, `%q names a single object; write "object" instead, or the kind alone`, o.ref)
	}
}

func (o objects) open(ctx context.Context, run *step.Run, env *kube.Env) (Feed, error) {
	target, err := env.Target(ctx, run)
	if err != nil {
		return nil, err
	}
	query, err := target.Query(ctx, o.ref)
	if err != nil {
		return nil, err
	}
	return &objectsFeed{ref: o.ref, name: o.text(), target: target, query: query, secrets: secretsOf(run, query.Mapping)}, nil
}

type objectsFeed struct {
	ref     kube.Ref
	name    string
	target  *kube.Target
	query   kube.Query
	secrets *secrets
}

// Once reads the present value from the server.
func (f *objectsFeed) Once(ctx context.Context) (Look, error) {
	found, err := f.target.List(ctx, f.ref)
	if err != nil {
		return Look{}, err
	}
	return f.look(found, "", time.Now()), nil
}

// Watch follows the value.
func (f *objectsFeed) Watch(ctx context.Context, every bool, see func(Look) (bool, error)) error {
	query := f.query
	query.EveryEvent = every
	first := true
	return f.target.Watch(ctx, query, func(shot kube.Snapshot) (bool, error) {
		l := f.look(shot.Objects, shot.ResourceVersion, shot.At)
		l.Stored, l.Missed = first, shot.Gap && shot.Changed != nil
		first = false
		return see(l)
	})
}

func (f *objectsFeed) look(found []*unstructured.Unstructured, version string, at time.Time) Look {
	items := make([]any, len(found))
	for i, item := range found {
		f.secrets.hide(item)
		items[i] = item.Object
	}
	return Look{
		Value: items, Items: items, Objects: found, ResourceVersion: version, At: at,
		describe: func() string { return f.summary(found) },
	}
}

// summary counts the objects and says of the first one that is not ready what it lacks.
func (f *objectsFeed) summary(found []*unstructured.Unstructured) string {
	text := fmt.Sprintf("%s: %s", f.name, plural(len(found), "object"))
	isReady := 0
	lacking := ""
	for _, item := range found {
		if done, why := readiness(item); done {
			isReady++
		} else if lacking == "" {
			lacking = "; " + item.GetName() + ": " + why
		}
	}
	if len(found) > 0 && isReady < len(found) {
		text += fmt.Sprintf(", %d of them ready%s", isReady, lacking)
	}
	return text
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
