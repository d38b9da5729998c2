package startprocess

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

func TestContract(t *testing.T) { steptest.Contract(t, New(kube.NewEnv(kube.Options{}))) }

func TestMain(m *testing.M) {
	switch os.Getenv("PLAY") {
	case "":
		os.Exit(m.Run())
	case "server":
		playServer()
	case "crash":
		fmt.Println("reading rules.yaml")
		fmt.Fprintln(os.Stderr, "fatal: line 3: unknown action")
		os.Exit(3)
	case "address":
		fmt.Println("the address is " + os.Getenv("HISTORY"))
	case "hang":
		fmt.Println("still loading")
		_, _ = syscall.Read(hanging(), make([]byte, 1)) // not select {}: the runtime would call that a deadlock
	}
}

// hanging returns a file that nothing is ever read from.
func hanging() int {
	var ends [2]int
	if err := syscall.Pipe(ends[:]); err != nil {
		panic(err)
	}
	return ends[0]
}

// playServer serves on the port that it is given until SIGINT; a request to /exit ends it.
func playServer() {
	l, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("API_PORT"))
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	interrupt := make(chan os.Signal, 1)
	signal.Notify(interrupt, syscall.SIGINT)
	fmt.Printf("args %q\n", os.Args[1:])
	fmt.Printf("kubeconfig %s\nlistening on %s (pid %d)\n", os.Getenv("KUBECONFIG"), l.Addr(), os.Getpid())
	http.HandleFunc("/exit", func(http.ResponseWriter, *http.Request) {
		fmt.Println("told to exit")
		os.Exit(4)
	})
	http.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) })
	go func() { _ = http.Serve(l, nil) }()
	<-interrupt
	fmt.Println("stopped gracefully")
}

// clusters hands out a made-up environment.
type clusters struct{ err error }

func (c clusters) ProcessEnvironment(context.Context, *step.Run) ([]string, error) {
	return []string{"KUBECONFIG=/kube/config"}, c.err
}

func (c clusters) Kubeconfig(_ context.Context, _ *step.Run, cluster string) (string, error) {
	return "/kube/" + cluster, c.err
}

func use(t *testing.T, host *steptest.Host) steptest.Use {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return steptest.Use{Definition: define(clusters{}, &settings.Settings{}), Run: &step.Run{Host: host, Scope: eval.Scope{"vars": map[string]any{"self": self}}}}
}

func newHost(t *testing.T) *steptest.Host { return steptest.NewHost(t, Undos()...) }

func TestServerWithNamedPort(t *testing.T) {
	host := newHost(t)
	out, err := use(t, host).Do(t.Context(), t, `
command: ["${{ vars.self }}", "--port=${{ ports.api }}", "a b", "${{ kubeconfigs.west }}"]
env: {PLAY: server, URL: "http://127.0.0.1:${{ ports.api }}"}
ports: {api: 0}
kubeconfig: true
kubeconfigs: west
ready:
  log: 'listening on (?P<host>.*):(?P<port>\d+) \(pid (?P<pid>\d+)\)'
  port: api
  http: {url: "http://127.0.0.1:${{ ports.api }}/healthz", status: 202}
stopSignal: SIGINT
`)
	if err != nil {
		t.Fatal(err)
	}
	port, pid := out["port"], fmt.Sprint(out["pid"])
	want := map[string]any{
		"pid": out["pid"], "port": port, "address": fmt.Sprintf("127.0.0.1:%v", port),
		"ports":    map[string]any{"api": port},
		"captures": map[string]any{"host": "127.0.0.1", "port": fmt.Sprint(port), "pid": pid},
	}
	if d := cmp.Diff(want, out); d != "" {
		t.Errorf("outputs (-want +got):\n%s", d)
	}
	if err := host.Close(); err != nil {
		t.Error(err)
	}
	log := string(host.Attached(programName(t) + ".log"))
	for _, line := range []string{fmt.Sprintf(`args ["--port=%v" "a b" "/kube/west"]`, port), "kubeconfig /kube/config", "stopped gracefully"} {
		if !strings.Contains(log, line+"\n") {
			t.Errorf("the attached output has no line %q:\n%s", line, log)
		}
	}
	if _, err := net.Dial("tcp", out["address"].(string)); err == nil {
		t.Error("the server still runs after the scenario")
	}
}

func programName(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return self[strings.LastIndex(self, "/")+1:]
}

func TestPortFromTheOutput(t *testing.T) {
	out, err := use(t, newHost(t)).Do(t.Context(), t, `
command: ["${{ vars.self }}"]
env: {PLAY: server, API_PORT: 0}
ready: {log: "listening on .*:(?P<port>[0-9]+)"}
stopSignal: INT
`)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Get(fmt.Sprintf("http://%s/healthz", out["address"]))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusAccepted {
		t.Errorf("answers %s", response.Status)
	}
}

// failure is what a test compares of a *step.Failure.
type failure struct {
	Verdict  step.Verdict
	Message  string
	Sections []step.Section
}

func failureOf(t *testing.T, err error) failure {
	t.Helper()
	f, ok := errors.AsType[*step.Failure](err)
	if !ok {
		t.Fatalf("got %v, want a failure", err)
	}
	return failure{f.Verdict, anonymous(f.Message), f.Sections}
}

var testBinary = regexp.MustCompile(`[a-z]+\.test`)

func anonymous(text string) string { return testBinary.ReplaceAllString(text, "PROGRAM") }

func TestExitBeforeReady(t *testing.T) {
	host := newHost(t)
	out, err := use(t, host).Do(t.Context(), t, `{command: ["${{ vars.self }}"], env: {PLAY: crash}, ready: {log: listening}}`)
	want := failure{step.Errored, `PROGRAM exited with code 3 before it was ready; waited for a line that matches "listening"`, []step.Section{
		{Title: "last lines of its output", Lines: []string{"reading rules.yaml", "fatal: line 3: unknown action"}},
	}}
	if d := cmp.Diff(want, failureOf(t, err)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if out["pid"] == 0 {
		t.Error("the outputs were lost")
	}
}

func TestNeverReady(t *testing.T) {
	want := failure{step.Failed, `PROGRAM was not ready after 100ms; waited for a line that matches "listening"`, []step.Section{
		{Title: "last lines of its output", Lines: []string{"still loading"}},
	}}
	host := newHost(t)
	_, err := use(t, host).Do(t.Context(), t, `{command: ["${{ vars.self }}"], env: {PLAY: hang}, ready: {log: listening, timeout: 100ms}}`)
	got := failureOf(t, err)
	if got.Sections == nil { // a slow machine has not started it yet
		got.Sections = want.Sections
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestTimeoutTellsTheLastThingSeen(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err = use(t, newHost(t)).Do(ctx, t, fmt.Sprintf(`{command: ["${{ vars.self }}"], env: {PLAY: hang}, ready: {port: %d}}`, port))
	want := fmt.Sprintf("PROGRAM was not ready when the step timed out; waited for a connection to 127.0.0.1:%d; last seen: dial tcp 127.0.0.1:%d: connect: connection refused", port, port)
	if got := failureOf(t, err); got.Message != want || got.Verdict != step.Failed {
		t.Errorf("got  %s: %s\nwant %s", got.Verdict, got.Message, want)
	}
}

func TestCancelEndsTheProgram(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	host := newHost(t)
	host.OnProgress = func(string) { cancel() }
	start := time.Now()
	out, err := use(t, host).Do(ctx, t, `{command: ["${{ vars.self }}"], env: {PLAY: hang}, ready: {log: never}}`)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("took %s", d)
	}
	if err := syscall.Kill(out["pid"].(int), 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("the program is still there: %v", err)
	}
}

// serviceHost lets a test look at the service itself.
type serviceHost struct {
	*steptest.Host
	ended chan error
}

func (h serviceHost) Service(_ string, f func(context.Context) error) {
	go func() { h.ended <- f(context.Background()) }()
}

func TestExitDuringTheScenario(t *testing.T) {
	for name, c := range map[string]struct {
		mayExit bool
		want    string
	}{
		"is an error":   {false, "PROGRAM exited with code 4 while the scenario still needed it"},
		"unless it may": {true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			host := serviceHost{newHost(t), make(chan error, 1)}
			u := use(t, host.Host)
			u.Run.Host = host
			out, err := u.Do(t.Context(), t, fmt.Sprintf(`{command: ["${{ vars.self }}"], env: {PLAY: server}, ports: {api: 0}, ready: {port: api}, mayExit: %t}`, c.mayExit))
			if err != nil {
				t.Fatal(err)
			}
			response, err := http.Get(fmt.Sprintf("http://%s/exit", out["address"]))
			if err == nil {
				response.Body.Close()
			}
			err = <-host.ended
			got := ""
			if err != nil {
				f := failureOf(t, err)
				got = f.Message
				if last := f.Sections[0].Lines; last[len(last)-1] != "told to exit" {
					t.Errorf("the last lines are %q", last)
				}
			}
			if got != c.want {
				t.Errorf("the service ended with %q, want %q", got, c.want)
			}
		})
	}
}

func TestUndoIsWrittenBeforeTheStart(t *testing.T) {
	host := newHost(t)
	u := use(t, host)
	_, err := u.Do(t.Context(), t, `{command: [/no/such/program]}`)
	if want := "program could not be started: no such file or directory"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if d := cmp.Diff([]string{"end program"}, host.Open()); d != "" {
		t.Errorf("ledger (-want +got):\n%s", d)
	}
}

func TestTakenPort(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	_, err = use(t, newHost(t)).Do(t.Context(), t, fmt.Sprintf(`{command: server, ports: {api: %d}}`, port))
	want := fmt.Sprintf("port %d (api) is taken by another program; give 0 for a free one", port)
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestNoClusterForTheProgram(t *testing.T) {
	u := use(t, newHost(t))
	u.Definition = define(clusters{err: errors.New("no cluster to use")}, &settings.Settings{})
	_, err := u.Do(t.Context(), t, `{command: [sh], kubeconfig: true}`)
	if want := "the program can't be given the cluster: no cluster to use"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestMistakes(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"shell":        {"{command: 'a | b'}", `step.yaml:1:11: command "a | b": '|' means something to a shell, but no shell reads this; quote it, write the command as a list, or use run with a script [invalid-value]`},
		"no command":   {"{env: {A: b}}", `step.yaml:1:1: startProcess needs "command": program and arguments, as a list, or as a text that is split into words [missing-field]`},
		"pattern":      {"{command: a, ready: {log: '(x'}}", "step.yaml:1:27: not a regular expression: missing closing ): `(x` [invalid-value]"},
		"signal":       {"{command: a, stopSignal: SIGTRM}", `step.yaml:1:26: no signal is called "SIGTRM"; did you mean "SIGTERM"? [invalid-value]`},
		"grace":        {"{command: a, stopGrace: 1m}", `step.yaml:1:25: a program has at most 8s to end, so that the clean-up of the scenario does not hang; found 1m0s [invalid-value]`},
		"port":         {"{command: a, ports: {web: 70000}}", `step.yaml:1:27: there is no port 70000; give 0 for a free one, or a number up to 65535 [invalid-value]`},
		"port name":    {"{command: a, ports: {my-web: 0}}", `step.yaml:1:22: "my-web" can't be named in an expression; use letters, digits and underscores [invalid-name]`},
		"database":     {"{command: a, databases: {URL: history}}", `step.yaml:1:31: no connection "history": the configuration has none; name it under connections in scenario-runner.yaml, or use --sandbox, which brings a database [invalid-value]`},
		"variable":     {"{command: a, databases: {my-url: {url: postgres://qa@db/x}}}", `step.yaml:1:26: "my-url" can't be an environment variable; use letters, digits and underscores [invalid-name]`},
		"given twice":  {"{command: a, env: {URL: x}, databases: {URL: {url: postgres://qa@db/x}}}", `step.yaml:1:41: URL is given under env as well; write it once [invalid-value]`},
		"unknown port": {"{command: [a, '${{ ports.api }}', '${{ port.api }}']}", `step.yaml:1:40: unknown name "port"; did you mean "ports"? [unknown-name]`},
	} {
		t.Run(name, func(t *testing.T) {
			_, got := steptest.Use{Definition: define(clusters{}, &settings.Settings{})}.Compile(t, c.body)
			line, _, _ := strings.Cut(got, "\n")
			if line != c.want {
				t.Errorf("got  %s\nwant %s", line, c.want)
			}
		})
	}
}
