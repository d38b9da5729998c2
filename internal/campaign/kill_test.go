package campaign

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// program builds the real binary once.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "campaign-*")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "scenario-runner")
	build := exec.Command("go", "build", "-o", path, "../../cmd/scenario-runner")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, output)
	}
	return path, nil
})

// user is a user of the program with a home of their own.
type user struct {
	t    testing.TB
	path string
	home string
}

func newUser(t testing.TB) *user {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	return &user{t, path, t.TempDir()}
}

// command prepares the program. Its output goes to the returned buffer unless the caller sends it elsewhere.
func (u *user) command(args ...string) (*exec.Cmd, *bytes.Buffer) {
	c := exec.CommandContext(context.WithoutCancel(u.t.Context()), u.path, args...)
	c.Env = append(os.Environ(), "HOME="+u.home, "XDG_STATE_HOME="+filepath.Join(u.home, "state"))
	output := &bytes.Buffer{}
	c.Stdout, c.Stderr = output, output
	return c, output
}

// receiver is a receiver of alerts that outlives the runs.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	firing map[string]bool
	fired  int
}

func newReceiver(t testing.TB) *receiver {
	r := &receiver{firing: map[string]bool{}}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

// ServeHTTP keeps which alerts fire.
func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	var payload struct {
		Alerts []struct{ Status, Fingerprint string }
	}
	if err := json.NewDecoder(request.Body).Decode(&payload); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, alert := range payload.Alerts {
		if alert.Status == "firing" {
			r.firing[alert.Fingerprint] = true
			r.fired++
		} else {
			delete(r.firing, alert.Fingerprint)
		}
	}
}

// shop is a namespace with things in it that a run changes, and the scenarios that do so.
type shop struct {
	*ground
	*receiver
	files []string
	sleep string // argument of the programs that a run starts
}

func newShop(t testing.TB) *shop {
	t.Helper()
	s := &shop{ground: newGround(t, 1), receiver: newReceiver(t), sleep: fmt.Sprintf("30%d.%d", os.Getpid()%1000, time.Now().UnixNano()%1_000_000)}
	ctx := t.Context()
	for name, mode := range map[string]string{"settings": "on", "victim": "here", "config": "good"} {
		object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"team": "shop"}}, Data: map[string]string{"mode": mode}}
		if _, err := s.client.CoreV1().ConfigMaps(s.space()).Create(ctx, object, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"web", "api", "old"} {
		d := &appsv1.Deployment{}
		manifest := strings.ReplaceAll(deployment[strings.Index(deployment, "apiVersion"):], "webN", name)
		if err := yaml.Unmarshal([]byte(strings.ReplaceAll(manifest, "\n        ", "\n")), d); err != nil {
			t.Fatal(err)
		}
		if _, err := s.client.AppsV1().Deployments(s.space()).Create(ctx, d, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	s.write(t)
	return s
}

func (s *shop) space() string { return s.namespaces[0] }

// write writes the scenarios of a run that changes everything that can be changed.
func (s *shop) write(t testing.TB) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"changes": `metadata: {name: changes, namespace: NS}
steps:
  - deploy:
      inline:
        - {apiVersion: v1, kind: ConfigMap, metadata: {name: made}, data: {a: b}}
        - {apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: {app: web}, ports: [{port: 80}]}}
        - {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: NS-made}, rules: []}
  - scale: {object: deployment/web, replicas: 3}
  - patch: {object: configmap/settings, patch: {data: {mode: "off", more: "yes"}, metadata: {labels: {team: null}}}}
  - delete: configmap/victim
  - fireAlert: {alertname: Campaign, to: {webhook: "HOOK"}}
  - injectChaos: {experiment: image-pull-failure, target: {kind: Deployment, name: web}}
  - injectChaos: {experiment: config-corruption, target: {kind: ConfigMap, name: config}, parameters: {key: mode, value: bad}}
  - injectChaos: {experiment: scale-to-zero, target: {kind: Deployment, name: api}}
  - delete: deployment/old
  - deploy:
      inline: {apiVersion: v1, kind: ConfigMap, metadata: {name: settings}, data: {mode: again}}
  - waitFor: {object: configmap/never, until: object != nil, timeout: 500ms}
`,
		"own": `metadata: {name: own}
steps:
  - startProcess: {command: [sleep, "SLEEP"], ready: {}}
  - deploy:
      inline: {apiVersion: v1, kind: ConfigMap, metadata: {name: made}, data: {a: b}}
  - run: {script: "sleep 0.3; sleep SLEEP & sleep 0.5"}
  - waitFor: {object: configmap/never, until: object != nil, timeout: 500ms}
`,
		"pods": `metadata: {name: pods}
steps:` + strings.ReplaceAll(deployment, "N}", "}") + `
  - injectChaos: {experiment: pod-delete, target: {kind: Deployment, name: web}}
  - fireAlert: {alertname: Pods, to: {webhook: "HOOK"}, count: 3}
  - waitFor: {object: configmap/never, until: object != nil, timeout: 500ms}
`,
	} {
		text = strings.NewReplacer("NS", s.space(), "HOOK", s.URL, "SLEEP", s.sleep, "webN", "web").Replace(text)
		path := filepath.Join(dir, name+".scenario.yaml")
		if err := os.WriteFile(path, []byte("apiVersion: scenario-runner/v1\nkind: Scenario\n"+text), 0o600); err != nil {
			t.Fatal(err)
		}
		s.files = append(s.files, path)
	}
}

// everything is all that a run of the scenarios can leave.
func (s *shop) everything(t testing.TB) map[string]any {
	t.Helper()
	out := s.state(t)
	ctx := t.Context()
	services, err := s.client.CoreV1().Services(s.space()).List(ctx, metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, service := range services.Items {
		out["service/"+service.Name] = service.Spec
	}
	roles, err := s.client.RbacV1().ClusterRoles().List(ctx, metav1.ListOptions{LabelSelector: kube.RunLabel})
	if err != nil {
		t.Fatal(err)
	}
	for _, role := range roles.Items {
		out["clusterrole/"+role.Name] = true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for alert := range s.firing {
		out["alert/"+alert] = "firing"
	}
	for _, pid := range s.processes() {
		out["process/"+pid] = "running"
	}
	return out
}

// processes finds what the run has started by its unique argument.
func (s *shop) processes() []string {
	var found []string
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range lines {
		data, err := os.ReadFile(file)
		if err == nil && bytes.Contains(data, []byte(s.sleep)) {
			found = append(found, strings.Split(file, "/")[2]+": "+string(bytes.ReplaceAll(data, []byte{0}, []byte(" "))))
		}
	}
	return found
}

func TestKillAtAnyMomentLeavesNothingAfterCleanup(t *testing.T) {
	o := flags()
	s, u := newShop(t), newUser(t)
	random := rand.New(rand.NewPCG(o.seed, 2))
	before := s.everything(t)
	whole := s.complete(t, u, before)
	for n := range o.kills {
		after := time.Duration(random.Float64() * 1.1 * float64(whole))
		c, output := u.command(append([]string{"run", "--kubeconfig", s.kubeconfig}, s.files...)...)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		<-time.After(after)
		_ = c.Process.Kill()
		_ = c.Wait()
		clean, said := u.command("cleanup", "--all")
		if err := clean.Run(); err != nil {
			t.Errorf("kill %d after %s: cleanup: %v\n%s", n, after, err, said)
		}
		if d := gocmp.Diff(before, s.everything(t)); d != "" {
			t.Errorf("kill %d after %s: not as before:\n%s\nthe run said:\n%s\ncleanup said:\n%s", n, after, d, output, said)
			before = s.everything(t)
		}
		if n%50 == 49 {
			t.Logf("%d kills", n+1)
		}
	}
	t.Logf("%d kills within %s; %d alerts fired", o.kills, whole, s.fired)
	if s.fired == 0 {
		t.Error("no run came far enough to fire an alert")
	}
}

// complete runs the scenarios to their end and returns how long that takes. They fail as they should, and leave nothing.
func (s *shop) complete(t testing.TB, u *user, before map[string]any) time.Duration {
	t.Helper()
	began := time.Now()
	c, output := u.command(append([]string{"run", "--kubeconfig", s.kubeconfig}, s.files...)...)
	_ = c.Run() // the code is looked at
	if code := c.ProcessState.ExitCode(); code != 1 {
		t.Fatalf("exit code %d, want 1\n%s", code, output)
	}
	if !strings.Contains(output.String(), "3 failed") {
		t.Fatalf("not all scenarios came to their last step:\n%s", output)
	}
	took := time.Since(began)
	if d := gocmp.Diff(before, s.everything(t)); d != "" {
		t.Fatalf("a run to its end leaves:\n%s\n%s", d, output)
	}
	return took
}
