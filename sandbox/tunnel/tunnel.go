// Package tunnel carries connections between the network of a machine and that of a real node, over unix sockets: paths
// reach across network namespaces, addresses do not. It copies bytes and knows nothing of what they mean.
package tunnel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
)

// Dial makes the connection to which another one is joined.
type Dial func(ctx context.Context) (net.Conn, error)

// Forward joins every connection that a listener accepts to one that dial makes, until the context ends; all of them are
// closed then.
func Forward(ctx context.Context, listener net.Listener, dial Dial) error {
	stop := context.AfterFunc(ctx, func() { _ = listener.Close() })
	defer stop()
	var open sync.WaitGroup
	defer open.Wait()
	for {
		accepted, err := listener.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("forward connections of %s: %w", listener.Addr(), err)
		}
		open.Go(func() {
			defer accepted.Close()
			// A caller whose connection leads nowhere sees it closed, as it does when a server is down.
			if made, err := dial(ctx); err == nil {
				Join(ctx, accepted, made)
			}
		})
	}
}

// Join copies in both directions until both have ended or the context ends, and closes both connections.
func Join(ctx context.Context, one, other net.Conn) {
	closeBoth := func() { _ = errors.Join(one.Close(), other.Close()) }
	defer closeBoth()
	stop := context.AfterFunc(ctx, closeBoth)
	defer stop()
	var copying sync.WaitGroup
	copying.Go(func() { pour(one, other) })
	copying.Go(func() { pour(other, one) })
	copying.Wait()
}

// pour copies until the source ends, and passes that end on, since a caller may still be reading the answer.
func pour(into, from net.Conn) {
	if _, err := io.Copy(into, from); err != nil {
		// One direction is broken: nothing sensible can come of the other one.
		_ = errors.Join(into.Close(), from.Close())
		return
	}
	if half, ok := into.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}
