package kube

import (
	"context"
	"io"

	"github.com/scenario-runner/scenario-runner/steps/kube/client"
)

// Stream sends one request and returns the body while it is still being written: logs that are followed. It is not
// repeated; the caller closes the body.
func (c *Cluster) Stream(ctx context.Context, request client.Request) (io.ReadCloser, error) {
	body, err := c.api.Stream(ctx, request)
	return body, c.explain(err)
}
