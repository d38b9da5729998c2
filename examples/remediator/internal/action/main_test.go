package action_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/action"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/clustertest"
)

// kubeconfig is that of the cluster which all tests of this package share.
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

// web returns the target of most tests.
func web(cluster *clustertest.Cluster) action.Target {
	return action.Target{Kind: action.Deployment, Namespace: cluster.Namespace, Name: "web"}
}

// carryOut applies an action and verifies it.
func carryOut(t *testing.T, cluster *clustertest.Cluster, act action.Action, target action.Target) action.Change {
	t.Helper()
	change, err := act.Apply(t.Context(), action.Cluster{Client: cluster}, target)
	if err != nil {
		t.Fatal(err)
	}
	if err := verify(t, change); err != nil {
		t.Fatal(err)
	}
	return change
}

// verify verifies a change, for as long as a test has patience.
func verify(t *testing.T, change action.Change) error {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	return change.Verify(ctx)
}

// refused applies an action that must fail with exactly this error.
func refused(t *testing.T, cluster *clustertest.Cluster, act action.Action, target action.Target, want string) {
	t.Helper()
	_, err := act.Apply(t.Context(), action.Cluster{Client: cluster}, target)
	if err == nil || err.Error() != want {
		t.Errorf("error is\n%v\nwant\n%s", err, want)
	}
}

// pointer returns the address of a value.
func pointer[T any](value T) *T { return &value }
