package campaign

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/util/connrotation"

	"github.com/scenario-runner/scenario-runner/engine"
	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/run"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/builtin"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

// options are the flags of the long forms.
type options struct {
	runs, kills int
	seed        uint64
	share       float64
}

// flags returns the flags, which are defined once for the process.
func flags() options {
	number := func(name string) float64 {
		var n float64
		_, _ = fmt.Sscan(flag.Lookup(name).Value.String(), &n) // the flag package has checked it
		return n
	}
	return options{int(number("campaign.runs")), int(number("campaign.kills")), uint64(number("campaign.seed")), number("campaign.share")}
}

func TestMain(m *testing.M) {
	// These tests compare the whole cluster before and after, so they take none that other packages work on.
	if err := os.Unsetenv("SCENARIO_RUNNER_TEST_KUBECONFIG"); err != nil {
		panic(err)
	}
	flag.Int("campaign.runs", 240, "scenario runs of the fault campaign")
	flag.Int("campaign.kills", 6, "runs that are killed")
	flag.Uint64("campaign.seed", 1, "seed of the troubles")
	flag.Float64("campaign.share", 0.12, "share of requests that meet trouble")
	goleak.VerifyTestMain(m)
}

// ground is where stories happen: namespaces with things in them, seen without the proxy.
type ground struct {
	client     *kubernetes.Clientset
	kubeconfig string
	namespaces []string
}

func newGround(t testing.TB, count int) *ground {
	t.Helper()
	g := &ground{kubeconfig: kubetest.Kubeconfig(t)}
	config, err := clientcmd.BuildConfigFromFlags("", g.kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	config.QPS = -1
	closeAtEnd(t, config)
	g.client = kubernetes.NewForConfigOrDie(config)
	ctx := context.WithoutCancel(t.Context())
	for range count {
		space := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "campaign-"}}
		space, err := g.client.CoreV1().Namespaces().Create(ctx, space, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		g.namespaces = append(g.namespaces, space.Name)
		t.Cleanup(func() { _ = g.client.CoreV1().Namespaces().Delete(ctx, space.Name, metav1.DeleteOptions{}) })
	}
	return g
}

// closeAtEnd closes the connections of config when the test is over.
func closeAtEnd(t testing.TB, config *rest.Config) {
	dialer := connrotation.NewDialer((&net.Dialer{}).DialContext)
	config.Dial = dialer.DialContext
	t.Cleanup(dialer.CloseAll)
}

// furnish makes what the stories of a batch expect to find, and removes what earlier batches found.
func (g *ground) furnish(t testing.TB, batch []told) {
	t.Helper()
	ctx := t.Context()
	for _, space := range g.namespaces {
		err := g.client.CoreV1().ConfigMaps(space).DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "furniture"})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range batch {
		if !strings.Contains(s.steps, "configmap/existingN") {
			continue
		}
		existing := &corev1.ConfigMap{Data: map[string]string{"was": "here"}}
		existing.Name, existing.Labels = fmt.Sprintf("existing%d", s.number), map[string]string{"furniture": "yes"}
		if _, err := g.client.CoreV1().ConfigMaps(g.home(s)).Create(ctx, existing, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
}

// home is the namespace of a story that has none of its own.
func (g *ground) home(s told) string { return g.namespaces[s.number%len(g.namespaces)] }

// state is everything that stories can change, and every namespace that runs have left.
func (g *ground) state(t testing.TB) map[string]any {
	t.Helper()
	ctx := t.Context()
	out := map[string]any{}
	for _, space := range g.namespaces {
		maps, err := g.client.CoreV1().ConfigMaps(space).List(ctx, metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range maps.Items {
			if m.Name != "kube-root-ca.crt" {
				out[space+"/configmap/"+m.Name] = []any{m.Data, m.Labels}
			}
		}
		deployments, err := g.client.AppsV1().Deployments(space).List(ctx, metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range deployments.Items {
			out[space+"/deployment/"+d.Name] = d.Spec
		}
	}
	spaces, err := g.client.CoreV1().Namespaces().List(ctx, metav1.ListOptions{LabelSelector: kube.RunLabel})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range spaces.Items {
		out["namespace/"+s.Name] = s.Annotations[kube.NameAnnotation]
	}
	return out
}

// told is a story on its way.
type told struct {
	story
	number int
}

// tell runs a batch of stories in this process, as the run command does, and returns what became of them.
func tell(t testing.TB, g *ground, kubeconfig string, batch []told) run.Outcome {
	t.Helper()
	env := kube.NewEnv(kube.Options{Kubeconfig: kubeconfig, CacheDir: filepath.Join(t.TempDir(), "discovery")})
	defer env.Close()
	registry := builtin.New(env)
	inputs := make([]engine.Input, len(batch))
	for i, s := range batch {
		inputs[i] = engine.Input{Path: s.key(s.number), Data: []byte(s.text(g))}
	}
	loaded, err := engine.Load(t.Context(), registry, inputs, scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := loaded.Diagnostics.Err(); err != nil || len(loaded.Scenarios) != len(batch) {
		t.Fatalf("%v\n%v", err, loaded.Diagnostics)
	}
	store := journal.Store{Root: t.TempDir()}
	id := journal.NewRunID(time.Now())
	writer, err := store.Create(id, "", journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	outcome, err := run.Run(t.Context(), loaded.Scenarios, run.Options{
		RunID: id, Journal: writer, Undos: registry.Undos, Parallel: 24, CleanupTimeout: time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Error(err)
	}
	return outcome
}

func (s told) text(g *ground) string {
	metadata := fmt.Sprintf("{name: %s-%d}", s.name, s.number)
	if !s.own {
		metadata = fmt.Sprintf("{name: %s-%d, namespace: %s}", s.name, s.number, g.home(s))
	}
	steps := strings.ReplaceAll(s.steps, "webN", fmt.Sprintf("web%d", s.number))
	for _, name := range []string{"settings", "existing", "other", "svc", "key", "a", "b", "c", "s"} {
		steps = strings.ReplaceAll(steps, name+"N", fmt.Sprintf("%s%d", name, s.number))
	}
	return "apiVersion: scenario-runner/v1\nkind: Scenario\nmetadata: " + metadata + "\nsteps:" + steps + "\n"
}

// tally counts verdicts by truth.
type tally map[string]int

func (c tally) add(s told, verdict step.Verdict) {
	c[fmt.Sprintf("must be %s, was %s", s.truth, verdict)]++
}

func (c tally) String() string {
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(c)) {
		lines = append(lines, fmt.Sprintf("  %6d %s", c[key], key))
	}
	return strings.Join(lines, "\n")
}

// wrong reports whether a verdict is a lie. That something could not be found out is none, whatever is true.
func wrong(want, got step.Verdict) bool {
	switch want {
	case step.Passed:
		return got == step.Failed
	default:
		return got == step.Passed || got == step.Flaky
	}
}

func TestFaultsChangeNoVerdict(t *testing.T) {
	o := flags()
	g := newGround(t, 8)
	random := rand.New(rand.NewPCG(o.seed, 0))
	troubles := newSaboteur(t, g.kubeconfig, o.seed, o.share)
	counts, unknown := tally{}, map[string]int{}
	began := time.Now()
	for next := 0; next < o.runs; {
		batch := make([]told, min(240, o.runs-next))
		for i := range batch {
			batch[i] = told{pick(random), next + i}
		}
		next += len(batch)
		g.furnish(t, batch)
		before := g.state(t)
		outcome := tell(t, g, troubles.kubeconfig, batch)
		for i, got := range outcome.Scenarios {
			counts.add(batch[i], got.Verdict)
			if wrong(batch[i].truth, got.Verdict) {
				t.Errorf("seed %d: %s must be %s, was %s: %s", o.seed, got.Name, batch[i].truth, got.Verdict, got.Message)
			} else if got.Verdict != batch[i].truth {
				unknown[shape(got)]++
			}
		}
		for _, left := range outcome.Left {
			t.Errorf("seed %d: left behind: %s", o.seed, left)
		}
		if d := gocmp.Diff(before, g.state(t)); d != "" {
			t.Errorf("seed %d: the cluster is not as before:\n%s", o.seed, d)
		}
		t.Logf("%d of %d runs after %s", next, o.runs, time.Since(began).Round(time.Second))
	}
	t.Logf("%d runs in %s\n%s\n%s", o.runs, time.Since(began).Round(time.Second), counts, troubles)
	for _, key := range slices.Sorted(maps.Keys(unknown)) {
		t.Logf("%6d x %s", unknown[key], key)
	}
	total := 0
	for _, n := range troubles.made {
		total += n
	}
	if total < o.runs {
		t.Errorf("only %d troubles were made in %d runs", total, o.runs)
	}
}

// shape is a verdict and its message without what is different every time.
func shape(o run.ScenarioOutcome) string {
	message := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}, o.Message)
	return fmt.Sprintf("%s %s: %s", strings.TrimRight(o.Name, "0123456789"), o.Verdict, message[:min(len(message), 220)])
}
