package remote

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"
	"k8s.io/streaming/pkg/httpstream"

	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// address returns the connection settings and the URL of a part of a pod.
func address(cluster *kube.Cluster, namespace, pod, part string, query url.Values) (*rest.Config, *url.URL, error) {
	config := cluster.Config()
	// Certificates are read now: client-go otherwise keeps a goroutine that watches the files for ever.
	if err := rest.LoadTLSFiles(config); err != nil {
		return nil, nil, fmt.Errorf("the certificates of %s: %w", cluster.Server(), err)
	}
	target, err := url.Parse(cluster.Server())
	if err != nil {
		return nil, nil, fmt.Errorf("the address of the server: %w", err)
	}
	target.Path = strings.TrimSuffix(target.Path, "/") + fmt.Sprintf("/api/v1/namespaces/%s/pods/%s/%s", namespace, pod, part)
	target.RawQuery = query.Encode()
	return config, target, nil
}

// old reports whether err means that the server can't speak WebSocket here, so that SPDY is worth a try. A refusal of the
// request itself would only be repeated.
func old(err error) bool {
	failed, ok := errors.AsType[*httpstream.UpgradeFailureError](err)
	if !ok {
		return err != nil && httpstream.IsHTTPSProxyError(err)
	}
	status, refused := errors.AsType[*apierrors.StatusError](failed.Cause)
	return !refused || !apierrors.IsForbidden(status) && !apierrors.IsUnauthorized(status) && !apierrors.IsNotFound(status) && !kube.Transient(status)
}

// ErrSilent is what is said of a server with which the connection stands, and that says nothing until the time is over.
var ErrSilent = errors.New("the server did not answer in time")

// plain takes the wrapping of a failed upgrade off a server's refusal, and the ports off a connection that hangs.
func plain(err error) error {
	if operation, ok := errors.AsType[*net.OpError](err); ok && operation.Op == "read" && operation.Timeout() {
		return ErrSilent
	}
	if failed, ok := errors.AsType[*httpstream.UpgradeFailureError](err); ok {
		if _, refused := errors.AsType[*apierrors.StatusError](failed.Cause); refused {
			return failed.Cause
		}
	}
	return err
}
