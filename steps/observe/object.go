package observe

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// object is the source that is one Kubernetes object.
type object struct{ ref kube.Ref }

func (o object) text() string {
	if o.ref.Kind == "" {
		return "the object" // its name is not known before the run
	}
	return o.ref.String()
}

func (object) traits() Traits { return Traits{Name: "object", Cluster: true} }

func (o object) check(path string, p *step.Problems) {
	if p.Dynamic(path) && o.ref.Kind == "" {
		return
	}
	if err := o.ref.Check(); err != nil {
		p.At(path, "%s", err)
		return
	}
	kube.Expect(p, kube.Mention{Path: path, Ref: o.ref})
	if o.ref.Name == "" && !p.Dynamic(path+".name") {
		p.At(path, `%q names no single object; write its name, as in %s/web, or use "objects"`, o.ref, o.ref.Kind)
	}
}

func (o object) open(ctx context.Context, run *step.Run, env *kube.Env) (Feed, error) {
	target, err := env.Target(ctx, run)
	if err != nil {
		return nil, err
	}
	query, err := target.Query(ctx, o.ref)
	if err != nil {
		return nil, err
	}
	return &objectFeed{ref: o.ref, name: o.text(), target: target, query: query, secrets: secretsOf(run, query.Mapping)}, nil
}

type objectFeed struct {
	ref     kube.Ref
	name    string
	target  *kube.Target
	query   kube.Query
	secrets *secrets
}

// Once reads the present value from the server.
func (f *objectFeed) Once(ctx context.Context) (Look, error) {
	found, err := f.target.Get(ctx, f.ref)
	if kube.IsNotFound(err) {
		return f.look(nil, "", time.Now()), nil
	}
	if err != nil {
		return Look{}, err
	}
	return f.look(found, found.GetResourceVersion(), time.Now()), nil
}

// Watch follows the value.
func (f *objectFeed) Watch(ctx context.Context, every bool, see func(Look) (bool, error)) error {
	query := f.query
	query.EveryEvent = every
	first := true
	return f.target.Watch(ctx, query, func(shot kube.Snapshot) (bool, error) {
		l := f.look(shot.Object, shot.ResourceVersion, shot.At)
		l.Stored, l.Missed = first, shot.Gap && shot.Changed != nil
		first = false
		return see(l)
	})
}

func (f *objectFeed) look(found *unstructured.Unstructured, version string, at time.Time) Look {
	l := Look{ResourceVersion: version, At: at, describe: func() string { return f.name + " does not exist" }}
	if found == nil {
		return l
	}
	f.secrets.hide(found)
	l.Value, l.Objects = found.Object, []*unstructured.Unstructured{found}
	l.describe = func() string { return f.name + ": " + state(found) }
	return l
}
