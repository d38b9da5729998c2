package campaign

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// fault names one kind of trouble.
type fault string

const (
	none        fault = ""
	busy        fault = "429 with Retry-After: 1"
	busyBriefly fault = "429 with Retry-After: 0"
	broken      fault = "500"
	unavailable fault = "503"
	reset       fault = "connection reset before the request"
	lost        fault = "answer lost after the request was done"
	truncated   fault = "answer truncated with its connection"
	cut         fault = "answer cut short in good form"
	slow        fault = "slow answer"
	stale       fault = "stale read"
	dropped     fault = "watch ended"
	torn        fault = "watch torn in an event"
	expired     fault = "410 in the watch"
	gone        fault = "410 to the watch"
	slowWatch   fault = "slow watch"
)

// saboteur is a proxy before an API server that makes seeded trouble.
type saboteur struct {
	kubeconfig string

	share   float64 // of requests that meet trouble
	server  *httptest.Server
	proxy   *httputil.ReverseProxy
	mu      sync.Mutex
	random  *rand.Rand
	made    map[fault]int
	bodies  map[string][][]byte
	total   int
	watches map[string]int // by path
}

func newSaboteur(t testing.TB, kubeconfig string, seed uint64, share float64) *saboteur {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, config)
	transport, err := rest.TransportFor(config)
	if err != nil {
		t.Fatal(err)
	}
	target, err := url.Parse(config.Host)
	if err != nil {
		t.Fatal(err)
	}
	s := &saboteur{
		share: share, random: rand.New(rand.NewPCG(seed, 1)), made: map[fault]int{}, bodies: map[string][][]byte{}, watches: map[string]int{},
	}
	s.proxy = &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:      transport,
		FlushInterval:  -1,
		ModifyResponse: s.hurtWatch,
		ErrorLog:       log.New(io.Discard, "", 0), // that watches break is the purpose
		ErrorHandler:   func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	s.server = httptest.NewServer(s)
	s.kubeconfig = filepath.Join(t.TempDir(), "kubeconfig")
	content := `{apiVersion: v1, kind: Config, current-context: proxy, contexts: [{name: proxy, context: {cluster: proxy}}],` +
		` clusters: [{name: proxy, cluster: {server: "` + s.server.URL + `"}}]}`
	if err := os.WriteFile(s.kubeconfig, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.server.CloseClientConnections()
		s.server.Close()
	})
	return s
}

func isWatch(r *http.Request) bool { return r.URL.Query().Get("watch") == "true" }

// choose decides which trouble a request meets.
func (s *saboteur) choose(r *http.Request) fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total++
	choices := []fault{busyBriefly, broken, unavailable, reset, lost, truncated, cut, slow}
	share := s.share
	switch {
	case isWatch(r):
		s.watches[r.URL.Path]++
		choices = []fault{busyBriefly, broken, unavailable, reset, dropped, dropped, torn, torn, expired, gone, slowWatch}
		share = 2 * s.share
	case r.Method == http.MethodGet:
		choices = append(choices, stale, stale, stale)
	}
	if s.random.Float64() >= share {
		return none
	}
	if s.random.IntN(40) == 0 {
		return s.count(busy)
	}
	return s.count(choices[s.random.IntN(len(choices))])
}

func (s *saboteur) count(f fault) fault {
	s.made[f]++
	return f
}

// requests returns how many requests came, watches included.
func (s *saboteur) requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.total
}

// watched returns how often each path was watched.
func (s *saboteur) watched() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.watches)
}

// number returns a random number below n.
func (s *saboteur) number(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.random.IntN(max(n, 1))
}

type chosen struct{}

// ServeHTTP passes a request on, with or without trouble.
func (s *saboteur) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f := s.choose(r)
	r = r.WithContext(context.WithValue(r.Context(), chosen{}, f))
	switch f {
	case busy, busyBriefly:
		w.Header().Set("Retry-After", map[fault]string{busy: "1", busyBriefly: "0"}[f])
		http.Error(w, "slow down", http.StatusTooManyRequests)
	case broken:
		http.Error(w, "oops", http.StatusInternalServerError)
	case unavailable:
		http.Error(w, "unavailable", http.StatusServiceUnavailable)
	case reset:
		panic(http.ErrAbortHandler)
	case gone:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusGone)
		_, _ = io.WriteString(w, expiredStatus)
	case expired:
		_, _ = io.WriteString(w, `{"type":"ERROR","object":`+expiredStatus+"}\n")
	default:
		if isWatch(r) {
			s.proxy.ServeHTTP(w, r)
			return
		}
		s.answer(w, r, f)
	}
}

const expiredStatus = `{"kind":"Status","apiVersion":"v1","status":"Failure","code":410,"reason":"Expired","message":"too old resource version"}`

// answer carries the request out and hurts the answer.
func (s *saboteur) answer(w http.ResponseWriter, r *http.Request, f fault) {
	recorded := httptest.NewRecorder()
	s.proxy.ServeHTTP(recorded, r)
	body := recorded.Body.Bytes()
	if r.Method == http.MethodGet && recorded.Code == http.StatusOK {
		body = s.remember(r.URL.String()+r.Header.Get("Accept"), body, f == stale)
	}
	if f == lost {
		panic(http.ErrAbortHandler)
	}
	maps.Copy(w.Header(), recorded.Header())
	length := len(body)
	if f == cut {
		length = s.number(len(body))
	}
	w.Header().Set("Content-Length", strconv.Itoa(length))
	w.WriteHeader(recorded.Code)
	switch f {
	case truncated:
		_, _ = w.Write(body[:s.number(len(body))])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case slow:
		half := len(body) / 2
		_, _ = w.Write(body[:half])
		_ = http.NewResponseController(w).Flush()
		<-time.After(time.Duration(s.number(300)) * time.Millisecond)
		_, _ = w.Write(body[half:])
	default:
		_, _ = w.Write(body[:length])
	}
}

// remember keeps an answer and returns it, or the former one to the same question.
func (s *saboteur) remember(question string, body []byte, old bool) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.bodies[question]
	if len(kept) == 0 || !bytes.Equal(kept[len(kept)-1], body) {
		kept = append(kept, bytes.Clone(body))
		kept = kept[max(0, len(kept)-2):]
		s.bodies[question] = kept
	}
	if old {
		return kept[0]
	}
	return body
}

// hurtWatch ends a watch early, in the middle of an event or between two, or slows it down.
func (s *saboteur) hurtWatch(response *http.Response) error {
	f, _ := response.Request.Context().Value(chosen{}).(fault)
	if !isWatch(response.Request) {
		return nil
	}
	switch f {
	case torn:
		response.Body = &limited{ReadCloser: response.Body, left: 1 + s.number(4000)}
	case dropped:
		s.endAfter(response, 400)
	case slowWatch:
		response.Body = &sluggish{ReadCloser: response.Body, pause: time.Duration(s.number(100)) * time.Millisecond}
		s.endAfter(response, 2000)
	case none:
		if s.share > 0 { // else one watch would live for the whole campaign and meet nothing
			s.endAfter(response, 2000)
		}
	}
	return nil
}

// endAfter closes a watch after at most so many milliseconds.
func (s *saboteur) endAfter(response *http.Response, most int) {
	body := response.Body
	timer := time.AfterFunc(time.Duration(s.number(most))*time.Millisecond, func() { _ = body.Close() })
	response.Body = &closing{ReadCloser: body, before: func() { timer.Stop() }}
}

// limited ends after some bytes as if that were all.
type limited struct {
	io.ReadCloser
	left int
}

func (l *limited) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, io.EOF
	}
	n, err := l.ReadCloser.Read(p[:min(len(p), l.left)])
	l.left -= n
	return n, err
}

// closing does something before it is closed.
type closing struct {
	io.ReadCloser
	before func()
}

func (c *closing) Close() error {
	c.before()
	return c.ReadCloser.Close()
}

// sluggish pauses before each read.
type sluggish struct {
	io.ReadCloser
	pause time.Duration
}

func (s *sluggish) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	<-time.After(s.pause)
	return n, err
}

// String lists what was done.
func (s *saboteur) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out strings.Builder
	faults := 0
	for _, f := range slices.Sorted(maps.Keys(s.made)) {
		fmt.Fprintf(&out, "\n  %6d x %s", s.made[f], f)
		faults += s.made[f]
	}
	return fmt.Sprintf("%d requests, %d of them with trouble:%s", s.total, faults, out.String())
}
