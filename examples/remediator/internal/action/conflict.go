package action

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

const (
	conflictAttempts   = 8
	conflictFirstDelay = 10 * time.Millisecond
)

// retryOnConflict calls change, which reads the object anew and writes it, until nobody
// else wrote in between. Every other error ends it at once.
func retryOnConflict(ctx context.Context, change func() error) error {
	delay := conflictFirstDelay
	var err error
	for range conflictAttempts {
		if err = change(); !apierrors.IsConflict(err) {
			return err
		}
		if stopped := pause(ctx, delay+rand.N(delay)); stopped != nil {
			return stopped
		}
		delay *= 2
	}
	return fmt.Errorf("gave up after %d conflicting writes: %w", conflictAttempts, err)
}

// pause waits, or returns why the context ended first.
func pause(ctx context.Context, delay time.Duration) error {
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
