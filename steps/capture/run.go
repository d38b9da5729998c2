package capture

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

type steps struct{ env *kube.Env }

// mostBytes is the size of all files of one step.
const mostBytes = 32 << 20

// capture is one use of the step.
type capture struct {
	run    *step.Run
	place  *kube.Target
	config Config
	limit  int // of one file
	names  map[string]int
	left   int // bytes until mostBytes
	pieces int // that were tried
	out    Outputs
}

// run keeps what can be kept, and says at the end what could not.
func (s steps) run(ctx context.Context, run *step.Run, c Config) (out Outputs, err error) {
	began := time.Now()
	size, err := resource.ParseQuantity(cmp.Or(c.MaxSize, usualSize))
	if err != nil {
		return out, fmt.Errorf("maxSize %q: %w", c.MaxSize, err)
	}
	k := &capture{run: run, config: c, limit: int(min(size.Value(), mostBytes)), names: map[string]int{}, left: mostBytes}
	k.out = Outputs{Files: []File{}, Problems: []string{}}
	if k.place, err = s.env.Target(ctx, run); err != nil {
		return k.out, err
	}
	for _, ref := range c.Objects {
		k.try(ctx, ref.String(), k.objects(ctx, ref))
	}
	if c.Logs {
		k.logs(ctx)
	}
	k.out.Took = time.Since(began)
	return k.out, k.verdict(ctx)
}

// try counts one piece, and its problem if it has one.
func (k *capture) try(ctx context.Context, what string, err error) {
	k.pieces++
	if err != nil && ctx.Err() == nil {
		k.out.Problems = append(k.out.Problems, fmt.Sprintf("%s: %s", what, err))
	}
}

func (k *capture) verdict(ctx context.Context) error {
	switch {
	case step.Interrupted(ctx):
		return ctx.Err()
	case ctx.Err() != nil:
		return fmt.Errorf("the time was over with %d files captured; give the step a longer timeout or capture less: %w", len(k.out.Files), ctx.Err())
	case len(k.out.Problems) > 0:
		return fmt.Errorf("%d of %d pieces could not be captured: %s", len(k.out.Problems), k.pieces, strings.Join(k.out.Problems, "; "))
	}
	return nil
}

// objects keeps the objects of one reference in a file.
func (k *capture) objects(ctx context.Context, ref kube.Ref) error {
	query, err := k.place.Query(ctx, ref)
	if err != nil {
		return err
	}
	found, err := k.find(ctx, ref)
	if err != nil {
		return err
	}
	cleaned := make([]*unstructured.Unstructured, len(found))
	for i, object := range found {
		cleaned[i] = clean(object)
	}
	name := query.Mapping.Resource
	if ref.Name != "" {
		name += "-" + ref.Name
	}
	if query.Mapping.Kind == "Event" {
		content, cut := eventList(cleaned, k.limit)
		if err := k.keep(name+".txt", content, 0, cut); err != nil {
			return err
		}
	}
	content, kept, err := render(cleaned, k.config.Format, k.limit)
	if err != nil {
		return err
	}
	k.out.Objects += kept
	return k.keep(name+"."+k.config.Format, content, kept, kept < len(cleaned))
}

// find reads what ref means; a named object that does not exist is none.
func (k *capture) find(ctx context.Context, ref kube.Ref) ([]*unstructured.Unstructured, error) {
	if ref.Name == "" {
		return k.place.List(ctx, ref)
	}
	object, err := k.place.Get(ctx, ref)
	if kube.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return []*unstructured.Unstructured{object}, nil
}

// keep attaches a file under a name of its own.
func (k *capture) keep(name string, content []byte, count int, cut bool) error {
	if len(content) > k.left {
		return fmt.Errorf("it was left out because all files together would be larger than %dMi", mostBytes>>20)
	}
	k.left -= len(content)
	k.names[name]++
	if n := k.names[name]; n > 1 {
		dot := strings.LastIndexByte(name, '.')
		name = fmt.Sprintf("%s-%d%s", name[:dot], n, name[dot:])
	}
	k.run.Host.Attach(name, content)
	k.out.Files = append(k.out.Files, File{Name: name, Count: count, Bytes: len(content), Cut: cut})
	k.run.Progress("captured %s", name)
	return nil
}
