package explain_test

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/explain"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
	"github.com/scenario-runner/scenario-runner/steps/kube/ready"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// deployment returns a manifest whose pods are steered by annotations of the sandbox.
func deployment(annotations, resources string) string {
	return `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  progressDeadlineSeconds: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}, annotations: {` + annotations + `}}
    spec: {containers: [{name: web, image: "registry.example/web:1", resources: {` + resources + `}}]}
`
}

func terminal(t *testing.T, c *kubetest.Cluster, name string, options explain.Options) *explain.Finding {
	t.Helper()
	ref, err := kube.ParseRef(name)
	if err != nil {
		t.Fatal(err)
	}
	query, err := c.Target.Query(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	options.Delay = time.Millisecond
	finding, err := explain.Terminal(ctx, c.Target, query, options)
	if err != nil {
		t.Fatal(err)
	}
	if finding == nil {
		t.Fatal("nothing was found")
	}
	return finding
}

func TestTerminalStatesAreFound(t *testing.T) {
	cases := map[string]struct {
		before, manifest, object string
		tolerate                 []ready.Reason
		grace                    time.Duration
		reason                   ready.Reason
		text                     string // a regular expression
	}{
		"image pull": {
			manifest: deployment(`sandbox.scenario-runner.dev/image-pull-failure: "true"`, ""), object: "deployment/web",
			reason: ready.ImagePull, text: `^Pod web-\S+: container web waits: (ErrImagePull|ImagePullBackOff)`,
		},
		"progress deadline when image pull is tolerated": {
			manifest: deployment(`sandbox.scenario-runner.dev/image-pull-failure: "true"`, ""), object: "deployment/web",
			tolerate: []ready.Reason{ready.ImagePull}, reason: ready.ProgressDeadline, text: `^Deployment web: ReplicaSet "web-\S+" has timed out progressing\.$`,
		},
		"unschedulable": {
			manifest: deployment("", `requests: {cpu: "1000"}`), object: "deployment/web", grace: 500 * time.Millisecond,
			reason: ready.Unschedulable, text: `^Pod web-\S+: for [1-3]s: Unschedulable: 0/\d+ nodes are available: .*Insufficient cpu`,
		},
		"volume that does not come is waited for longer than a node": {
			manifest: `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db}, spec: {serviceName: db, selector: {matchLabels: {app: db}}, template: {metadata: {labels: {app: db}},
			  spec: {containers: [{name: c, image: i}]}}, volumeClaimTemplates: [{metadata: {name: data}, spec: {storageClassName: no-such-class, accessModes: [ReadWriteOnce],
			  resources: {requests: {storage: 1Gi}}}}]}}`, object: "statefulset/db", grace: 300 * time.Millisecond,
			reason: ready.Unschedulable, text: `^Pod db-0: for [1-3]s: Unschedulable: 0/\d+ nodes are available: .*unbound immediate PersistentVolumeClaims`,
		},
		"quota": {
			before:   `{apiVersion: v1, kind: ResourceQuota, metadata: {name: few}, spec: {hard: {pods: "0"}}}`,
			manifest: deployment("", ""), object: "deployment/web",
			reason: ready.Quota, text: `^Deployment web: FailedCreate: pods "web-\S+" is forbidden: exceeded quota: few, requested: pods=1, used: pods=0, limited: pods=0$`,
		},
		"job": {
			manifest: `{apiVersion: batch/v1, kind: Job, metadata: {name: web}, spec: {backoffLimit: 0, template: {metadata: {annotations: {sandbox.scenario-runner.dev/exit-code: "3"}},
			  spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}}`, object: "job/web",
			reason: ready.JobFailed, text: `^Job web: BackoffLimitExceeded: Job has reached the specified backoff limit$`,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			cluster := kubetest.New(t)
			if c.before != "" {
				cluster.Apply(t, c.before)
				cluster.Until(t, "quota/few", func(o *unstructured.Unstructured) bool {
					_, used, _ := unstructured.NestedMap(o.Object, "status", "used")
					return used
				})
			}
			cluster.Apply(t, c.manifest)
			finding := terminal(t, cluster, c.object, explain.Options{Tolerate: c.tolerate, Grace: c.grace})
			if finding.Reason != c.reason || !regexp.MustCompile(c.text).MatchString(finding.String()) {
				t.Errorf("got %s %q, want %s %s", finding.Reason, finding, c.reason, c.text)
			}
		})
	}
}

func TestPodsOfAnEarlierTemplateAreNoReason(t *testing.T) {
	c := kubetest.New(t)
	c.Apply(t, deployment(`sandbox.scenario-runner.dev/image-pull-failure: "true"`, ""))
	terminal(t, c, "deployment/web", explain.Options{})
	c.Apply(t, deployment("", ""))
	query, err := c.Target.Query(t.Context(), kube.Ref{Kind: "deployment", Name: "web"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	found := make(chan *explain.Finding, 1)
	go func() {
		finding, _ := explain.Terminal(ctx, c.Target, query, explain.Options{Delay: time.Millisecond, Tolerate: []ready.Reason{ready.ProgressDeadline}})
		found <- finding
	}()
	c.Until(t, "deployment/web", func(o *unstructured.Unstructured) bool { return ready.Of(o).Ready })
	cancel()
	if finding := <-found; finding != nil {
		t.Errorf("the rollout that cures it was ended by %s", finding)
	}
}

// mask takes out what differs from run to run.
func mask(sections []step.Section) string {
	var b strings.Builder
	for _, section := range sections {
		b.WriteString(section.Title + "\n")
		for _, line := range section.Lines {
			b.WriteString("  " + line + "\n")
		}
	}
	text := regexp.MustCompile(`web-[a-z0-9]{6,10}-[a-z0-9]{5}`).ReplaceAllString(b.String(), "POD")
	text = regexp.MustCompile(`web-[a-z0-9]{6,10}`).ReplaceAllString(text, "SET")
	text = regexp.MustCompile(`sr-test-[a-z0-9]+`).ReplaceAllString(text, "NS")
	return text
}

func TestOwnerChainIsExplained(t *testing.T) {
	c := kubetest.New(t)
	manifest := deployment(`sandbox.scenario-runner.dev/crash-loop: "true", sandbox.scenario-runner.dev/exit-code: "7", sandbox.scenario-runner.dev/logs: "panic: no database"`, "")
	c.Apply(t, strings.Replace(manifest, "progressDeadlineSeconds: 2", "progressDeadlineSeconds: 600", 1))
	pods, err := c.Target.Query(t.Context(), kube.Ref{Kind: "pods"})
	if err != nil {
		t.Fatal(err)
	}
	err = c.Target.Watch(t.Context(), pods, func(shot kube.Snapshot) (bool, error) {
		return len(shot.Objects) == 1 && ready.Of(shot.Objects[0]).Reason == ready.CrashLoop, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	object, err := c.Target.Get(t.Context(), kube.Ref{Kind: "deployment", Name: "web"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // the step has timed out; the explanation has its own time
	story := explain.Tell(ctx, c.Target, object)
	if want := "container web waits: CrashLoopBackOff; it ended before with Error, exit code 7"; story.Cause != want {
		t.Errorf("cause\ngot  %s\nwant %s", story.Cause, want)
	}
	got := regexp.MustCompile(`back-off \S+; |; \d+ restarts?`).ReplaceAllString(mask(story.Sections[:1]), "")
	const want = `state
  Deployment web: Available: 0/1
    Pod POD: Running, not ready
      container web waits: CrashLoopBackOff: it ended before with Error, exit code 7
        last log line: panic: no database
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, section := range story.Sections[1:] {
		if section.Title == "other events" && !section.Detail || section.Title != "other events" {
			t.Errorf("the events only repeat the state or are routine: %+v", section)
		}
	}
}

func TestMissingObjectIsExplainedByItsNeighbours(t *testing.T) {
	c := kubetest.New(t)
	c.Apply(t, deployment("", ""))
	got := mask(explain.Missing(t.Context(), c.Target, kube.Ref{Kind: "deploy", Name: "wbe"}))
	if diff := cmp.Diff("deployments in namespace NS\n  web\n", got); diff != "" {
		t.Error(diff)
	}
}
