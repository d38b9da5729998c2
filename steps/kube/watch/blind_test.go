package watch_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scenario-runner/scenario-runner/steps/kube/internal/fakeapi"
	"github.com/scenario-runner/scenario-runner/steps/kube/watch"
)

func TestWaitForEveryEventDoesNotEndBlind(t *testing.T) {
	errOver := fmt.Errorf("the time is over: %w", watch.ErrEnough)
	cases := map[string]struct {
		cut     bool // the watch is cut off before the end
		refused int64
		change  bool // meanwhile
		end     error
		blind   bool
	}{
		"in good order":           {cut: false},
		"back, nothing happened":  {cut: true, refused: 3},
		"back, something changed": {cut: true, refused: 3, change: true, blind: true},
		"not back":                {cut: true, refused: 1 << 40, blind: true},
		"out of time":             {cut: true, refused: 1 << 40, end: errors.New("out of time")},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			server := fakeapi.New(t)
			server.Put("shop", "web", v("1"))
			var refuse atomic.Int64
			refusing := make(chan struct{}, 1)
			server.Intercept = func(w http.ResponseWriter, _ *http.Request) bool {
				if refuse.Add(-1) < 0 {
					return false
				}
				select {
				case refusing <- struct{}{}:
				default:
				}
				fakeapi.Refuse(w, http.StatusServiceUnavailable, metav1.StatusReasonServiceUnavailable, "not now")
				return true
			}
			hub := newHub(t, server, watch.Options{Recovery: 300 * time.Millisecond})
			ctx, end := context.WithCancelCause(limited(t))
			q := query("shop", "web")
			q.EveryEvent = true
			looks := make(chan string, 8)
			ended := make(chan error, 1)
			go func() {
				ended <- hub.Watch(ctx, q, func(shot watch.Snapshot) (bool, error) {
					looks <- value(shot.Object)
					return false, nil
				})
			}()
			<-looks
			if c.cut {
				refuse.Store(c.refused)
				server.Drop()
				<-refusing
			}
			if c.change {
				server.Put("shop", "web", v("2"))
			}
			over := cmp.Or(c.end, errOver)
			end(over)
			if err := <-ended; !errors.Is(err, over) || errors.Is(err, watch.ErrBlind) != c.blind {
				t.Errorf("ended with %v, blind should be %v", err, c.blind)
			}
		})
	}
}
