package deploy

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/manifest"
)

// checkRefused reports fields that mean nothing for objects that are never there.
func checkRefused(p *step.Problems) {
	if !p.Given("refused") {
		return
	}
	for _, name := range []string{"waitReady", "tolerate", "undo"} {
		if p.Given(name) {
			p.At(name, "%s means nothing beside refused: the objects are only sent for a check, and none is stored", name)
		}
	}
}

// refusals sends every object for a check, which stores nothing, and wants the server to refuse each for the reason that
// the author names. A reason is needed because everything misspelt would be refused, too.
func (d *deployment) refusals(ctx context.Context, objects []manifest.Object, out *Outputs) error {
	for _, object := range objects {
		d.mark(object.Unstructured)
		name := strings.ToLower(object.GetKind()) + "/" + object.GetName()
		_, err := d.place.Apply(ctx, object.Unstructured, kube.Change{DryRun: true})
		status, answered := errors.AsType[*apierrors.StatusError](err)
		switch {
		case err == nil:
			return step.Fail("the server would take %s, but should refuse it with %q", name, d.Refused)
		case !answered || !refuses(status.ErrStatus.Code):
			return fmt.Errorf("%s: %w", object.Place, err)
		case !strings.Contains(status.ErrStatus.Message, d.Refused):
			return step.Fail("%s is refused for another reason than %q: %s", name, d.Refused, status.ErrStatus.Message)
		}
		out.Refusals = append(out.Refusals, status.ErrStatus.Message)
	}
	return nil
}

// refuses reports whether a status says that the object can't be taken as it is. Others speak of who asks, of the way
// there, or of the server.
func refuses(code int32) bool {
	switch code {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusUnprocessableEntity:
		return true
	}
	return false
}
