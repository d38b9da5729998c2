package remote

import (
	"context"
	"errors"
	"fmt"
	"net"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/client"
)

// ErrNotBegun is the cause of an error that says that the server refused for the moment, or could not be reached, until
// the time was over.
var ErrNotBegun = errors.New("the server did not take the request in time")

// patiently calls f again while the server refuses for the moment, or can't be reached: then nothing was begun. Any other
// error may come from the middle of the work, which must not be done twice.
func patiently(ctx context.Context, f func() error) error {
	backoff := client.NewBackoff(client.Policy{})
	for {
		err := f()
		if err == nil || !notBegun(err) || backoff.Exhausted(err) && ctx.Err() == nil {
			return err
		}
		if client.Wait(ctx, backoff.Failed(err)) != nil {
			return fmt.Errorf("%w: %w", ErrNotBegun, err)
		}
	}
}

func notBegun(err error) bool {
	if _, refused := errors.AsType[*apierrors.StatusError](err); refused {
		return kube.Transient(err)
	}
	operation, ok := errors.AsType[*net.OpError](err)
	return ok && operation.Op == "dial"
}
