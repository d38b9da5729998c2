package remote

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/streaming/pkg/httpstream"

	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/pods"
)

// Forwarder connects to a port of whatever pod is ready at that time. Several connections share one stream to the API
// server; when the pod goes, the next connection chooses another one. It is safe for concurrent use.
type Forwarder struct {
	place *kube.Target
	ref   kube.Ref
	port  string
	see   func(string)

	turn    chan struct{} // held by whoever changes current
	current *link
	running sync.WaitGroup
	stop    context.CancelFunc
	life    context.Context //nolint:containedctx // the life of links is that of the forwarder
}

// link is a connection to one pod.
type link struct {
	pod    string
	uid    types.UID
	port   int
	stream httpstream.Connection
	once   sync.Once     // guards the end of leave
	leave  chan struct{} // closed when no new connection should use it
	closed chan struct{} // closed when none is left

	mu      sync.Mutex
	request int
}

// NewForwarder returns a forwarder to a port of the pods that ref means: a pod, pods by labels, a workload, or a Service.
// port is a number or a name; of a Service it is the Service's port. ctx is the life of the forwarder; see is told what
// happens. Nothing is connected yet.
func NewForwarder(ctx context.Context, place *kube.Target, ref kube.Ref, port string, see func(string)) *Forwarder {
	f := &Forwarder{place: place, ref: ref, port: port, see: see, turn: make(chan struct{}, 1)}
	f.life, f.stop = context.WithCancel(ctx)
	return f
}

// Close ends all connections and waits for everything that was started.
func (f *Forwarder) Close() {
	f.stop()
	f.running.Wait()
}

// Ready waits until a pod is ready and a connection to it stands, and returns the pod's name and the number of its port.
func (f *Forwarder) Ready(ctx context.Context) (pod string, port int, err error) {
	l, err := f.link(ctx)
	if err != nil {
		return "", 0, err
	}
	return l.pod, l.port, nil
}

// link returns the present link, or makes one.
func (f *Forwarder) link(ctx context.Context) (*link, error) {
	select {
	case f.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-f.life.Done():
		return nil, net.ErrClosed
	}
	defer func() { <-f.turn }()
	if f.current != nil && !f.current.over() {
		return f.current, nil
	}
	f.current = nil
	found, err := pods.Ready(ctx, f.place, f.ref, f.see)
	if err != nil {
		return nil, err
	}
	pod := found[0]
	port, err := resolve(ctx, f.place, f.ref, f.port, pod)
	if err != nil {
		return nil, err
	}
	stream, err := connect(ctx, f.place.Cluster, pod.GetNamespace(), pod.GetName())
	if err != nil {
		return nil, err
	}
	l := &link{pod: pod.GetName(), uid: pod.GetUID(), port: port, stream: stream, leave: make(chan struct{}), closed: make(chan struct{})}
	f.running.Go(func() { f.guard(l, pod.GetNamespace()) })
	f.current = l
	return l, nil
}

// retire says that no new connection should use the link, and reports whether that is news.
func (l *link) retire() (news bool) {
	l.once.Do(func() {
		close(l.leave)
		news = true
	})
	return news
}

func (l *link) over() bool {
	select {
	case <-l.leave:
		return true
	case <-l.stream.CloseChan():
		return true
	default:
		return false
	}
}

// guard watches the pod of a link: new connections must not go to a pod that ends, and none outlives it.
func (f *Forwarder) guard(l *link, namespace string) {
	defer func() {
		close(l.closed)
		_ = l.stream.Close() // what it says does not matter any more
	}()
	leave := func(why string) {
		if l.retire() {
			f.see(fmt.Sprintf("pod %s %s; the next connection goes to another one", l.pod, why))
		}
	}
	ctx, cancel := context.WithCancel(f.life)
	defer cancel()
	f.running.Go(func() {
		select {
		case <-l.stream.CloseChan():
			leave("has closed the connection")
			cancel()
		case <-ctx.Done():
		}
	})
	err := f.place.WatchRef(ctx, kube.Ref{APIVersion: "v1", Kind: "Pod", Namespace: namespace, Name: l.pod}, func(shot kube.Snapshot) (bool, error) {
		switch {
		case shot.Object == nil || shot.Object.GetUID() != l.uid:
			leave("is gone")
			return true, nil
		case !pods.Living(shot.Object):
			leave("is ending")
		}
		return false, nil
	})
	if err != nil && ctx.Err() == nil {
		<-ctx.Done() // who may not watch pods has only the connection itself to tell
	}
}

// attempts is how many pods a connection tries: one that was good may have gone this moment.
const attempts = 3

// open opens a pair of streams to the port.
func (f *Forwarder) open(ctx context.Context) (*streams, error) {
	var err error
	for range attempts {
		var l *link
		if l, err = f.link(ctx); err != nil {
			return nil, err
		}
		var s *streams
		if s, err = l.open(); err == nil {
			return s, nil
		}
		// A server that shuts a connection down takes no new streams but lets the old ones end, so it is left to guard.
		l.retire()
	}
	return nil, fmt.Errorf("connect to port %s of %s: %w", f.port, f.ref, err)
}

// Dial connects to the port, for clients of this process that take a function for that. The connection ends with the
// forwarder.
func (f *Forwarder) Dial(ctx context.Context) (net.Conn, error) {
	s, err := f.open(ctx)
	if err != nil {
		return nil, err
	}
	near, far := net.Pipe()
	f.running.Go(func() { f.carry(far, s) })
	return near, nil
}

// Serve accepts connections and carries each to a pod, until ctx ends; then it closes the listener, ends all connections
// and returns nil. A connection that can't be carried is closed, and see is told why.
func (f *Forwarder) Serve(ctx context.Context, listener net.Listener) error {
	var group sync.WaitGroup
	defer group.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	group.Go(func() {
		<-ctx.Done()
		_ = listener.Close() // Accept tells
	})
	for {
		local, err := listener.Accept()
		if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
			if err == nil {
				_ = local.Close()
			}
			f.stop()
			return nil
		}
		if err != nil {
			return fmt.Errorf("accept a connection on %s: %w", listener.Addr(), err)
		}
		group.Go(func() {
			s, err := f.open(ctx)
			if err != nil {
				_ = local.Close()
				if ctx.Err() == nil {
					f.see(err.Error())
				}
				return
			}
			f.carry(local, s)
		})
	}
}
