package remote

import (
	"context"
	"errors"
	"io"
	"net/url"
	"strings"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/util/exec"
	"k8s.io/klog/v2"

	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// Command is a command for a container.
type Command struct {
	Namespace, Pod string
	Container      string   // "" means the only one, or the pod's default
	Words          []string // the program and its arguments; no shell reads them
	Stdin          string   // "" means that nothing is connected
}

// Exec runs a command and returns its exit code. What it writes goes to out and problems while it runs. An error means
// that it is not known how the command ended; when ctx ends, the connection is cut.
func Exec(ctx context.Context, cluster *kube.Cluster, c Command, out, problems io.Writer) (exitCode int, err error) {
	query := url.Values{"command": c.Words, "stdout": {"true"}, "stderr": {"true"}}
	if c.Container != "" {
		query.Set("container", c.Container)
	}
	options := remotecommand.StreamOptions{Stdout: out, Stderr: problems}
	if c.Stdin != "" {
		query.Set("stdin", "true")
		options.Stdin = strings.NewReader(c.Stdin)
	}
	config, target, err := address(cluster, c.Namespace, c.Pod, "exec", query)
	if err != nil {
		return 0, err
	}
	ctx = klog.NewContext(ctx, logr.Discard()) // what goes wrong is in the error
	err = patiently(ctx, func() error { return stream(ctx, config, target, options) })
	if ended, ok := errors.AsType[exec.CodeExitError](err); ok {
		return ended.Code, nil
	}
	return 0, err
}

// stream makes one attempt.
func stream(ctx context.Context, config *rest.Config, target *url.URL, options remotecommand.StreamOptions) error {
	first, err := remotecommand.NewWebSocketExecutor(config, "GET", target.String())
	if err != nil {
		return err
	}
	err = first.StreamWithContext(ctx, options)
	if old(err) {
		second, secondErr := remotecommand.NewSPDYExecutor(config, "POST", target)
		if secondErr != nil {
			return secondErr
		}
		err = second.StreamWithContext(ctx, options)
	}
	return plain(err)
}
