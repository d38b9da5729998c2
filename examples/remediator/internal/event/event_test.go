package event_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/alert"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/clustertest"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/event"
)

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// kubeconfig is that of the cluster of this package's tests.
var kubeconfig string

func TestMain(m *testing.M) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	path, stop, err := clustertest.Start(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	kubeconfig = path
	code := m.Run()
	if err := stop(); err != nil {
		fmt.Fprintln(os.Stderr, errors.Join(errors.New("stop the sandbox"), err))
		code = max(code, 1)
	}
	os.Exit(code)
}

// TestAWarningIsAnAlert writes events down as a kubelet does; what is normal is no alert.
func TestAWarningIsAnAlert(t *testing.T) {
	cluster := clustertest.Open(t, kubeconfig)
	cluster.Deploy(t, 1)
	pod := cluster.Pods(t)[0]
	write(t, cluster, "before", corev1.EventTypeWarning, pod.Name)

	ctx, cancel := context.WithCancel(t.Context())
	got, ended := make(chan alert.Alert, 10), make(chan struct{})
	source := event.Source{
		Client: cluster, Namespace: cluster.Namespace, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Receive: func(_ context.Context, a alert.Alert) error { got <- a; return nil },
	}
	go func() { defer close(ended); source.Run(ctx) }()
	defer func() { cancel(); <-ended }()

	// The watch begins at some moment from now on, so that the event is written again until it is heard of.
	deadline, again := time.NewTimer(patience), time.NewTicker(200*time.Millisecond)
	defer deadline.Stop()
	defer again.Stop()
	for i := 0; ; i++ {
		write(t, cluster, fmt.Sprint("usual-", i), corev1.EventTypeNormal, pod.Name)
		write(t, cluster, fmt.Sprint("backoff-", i), corev1.EventTypeWarning, pod.Name)
		select {
		case a := <-got:
			want := map[string]string{
				"alertname": "BackOff", "severity": "warning", "source": "kubernetes", "namespace": cluster.Namespace,
				"kind": "Pod", "object": pod.Name, "pod": pod.Name, "replicaset": pod.OwnerReferences[0].Name, "deployment": "web",
			}
			if diff := cmp.Diff(want, a.Labels); diff != "" || a.Annotations["description"] != "back-off restarting" || a.Fingerprint == "" {
				t.Errorf("alert %+v, labels (-want +got):\n%s", a, diff)
			}
			return
		case <-again.C:
		case <-deadline.C:
			t.Fatal("no alert came")
		}
	}
}

// write writes an event about a pod down.
func write(t *testing.T, cluster *clustertest.Cluster, name, kind, pod string) {
	t.Helper()
	now := metav1.Now()
	_, err := cluster.CoreV1().Events(cluster.Namespace).Create(t.Context(), &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{Name: name, Namespace: cluster.Namespace},
		InvolvedObject: corev1.ObjectReference{APIVersion: "v1", Kind: "Pod", Namespace: cluster.Namespace, Name: pod},
		Type:           kind, Reason: "BackOff", Message: "back-off restarting", Count: 1, FirstTimestamp: now, LastTimestamp: now,
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}
