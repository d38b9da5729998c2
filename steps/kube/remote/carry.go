package remote

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/streaming/pkg/httpstream"
)

// streams are the two streams of one connection to a port.
type streams struct {
	link     *link
	data     httpstream.Stream
	problems httpstream.Stream // what the other side says when it can't connect
}

// open opens the streams of one connection.
func (l *link) open() (*streams, error) {
	l.mu.Lock()
	l.request++
	request := l.request
	l.mu.Unlock()
	headers := http.Header{}
	headers.Set(corev1.PortHeader, strconv.Itoa(l.port))
	headers.Set(corev1.PortForwardRequestIDHeader, strconv.Itoa(request))
	headers.Set(corev1.StreamType, corev1.StreamTypeError)
	problems, err := l.create(headers)
	if err != nil {
		return nil, fmt.Errorf("open a stream to pod %s: %w", l.pod, err)
	}
	_ = problems.Close() // nothing is written to it
	headers.Set(corev1.StreamType, corev1.StreamTypeData)
	data, err := l.create(headers)
	if err != nil {
		l.stream.RemoveStreams(problems)
		return nil, fmt.Errorf("open a stream to pod %s: %w", l.pod, err)
	}
	return &streams{link: l, data: data, problems: problems}, nil
}

// create opens one stream. The library waits for half a minute for an answer that can't come any more once the connection
// is closed; nobody else has to: its goroutine holds nothing of ours and ends by itself.
func (l *link) create(headers http.Header) (httpstream.Stream, error) {
	type answer struct {
		stream httpstream.Stream
		err    error
	}
	answers := make(chan answer, 1)
	headers = headers.Clone()
	go func() {
		stream, err := l.stream.CreateStream(headers)
		answers <- answer{stream, err}
	}()
	select {
	case a := <-answers:
		return a.stream, a.err
	case <-l.closed:
		return nil, net.ErrClosed
	case <-l.stream.CloseChan():
		return nil, net.ErrClosed
	}
}

// carry copies both ways until one side is done or the forwarder ends, and closes everything.
func (f *Forwarder) carry(local net.Conn, s *streams) {
	var group sync.WaitGroup
	over := make(chan struct{})
	group.Go(func() {
		select {
		case <-over:
		case <-f.life.Done():
		case <-s.link.stream.CloseChan():
		}
		_ = local.Close()
		_ = s.data.Reset() // what was not sent would block the other streams
	})
	var message []byte
	group.Go(func() {
		message, _ = io.ReadAll(s.problems) // it ends with the connection
	})
	failed := make(chan struct{})
	group.Go(func() {
		if _, err := io.Copy(s.data, local); err != nil {
			close(failed)
		}
		_ = s.data.Close() // the end of what the client says; the answer may still come
	})
	answered := make(chan struct{})
	group.Go(func() {
		defer close(answered)
		_, _ = io.Copy(local, s.data) // an end is an end, however it comes
	})
	select {
	case <-answered:
	case <-failed:
	}
	close(over)
	group.Wait()
	s.link.stream.RemoveStreams(s.data, s.problems)
	if text := strings.TrimSpace(string(message)); text != "" && f.life.Err() == nil {
		f.see(fmt.Sprintf("port %d of pod %s: %s", s.link.port, s.link.pod, text))
	}
}
