package realnode

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// joinInterval is how often a node that has just been started is asked; it has no way to tell us.
const joinInterval = 20 * time.Millisecond

// PartStatus says how a part of the node is.
type PartStatus struct {
	// Part is its name.
	Part Part `json:"part"`
	// Running says whether it runs.
	Running bool `json:"running"`
	// MemoryBytes is the memory that is resident.
	MemoryBytes int64 `json:"memoryBytes,omitempty"`
	// UptimeSeconds is how long it has been running.
	UptimeSeconds int64 `json:"uptimeSeconds,omitempty"`
}

// Client gives orders to the first process of a node.
type Client struct{ http *http.Client }

// NewClient returns a client for the node of a configuration.
func NewClient(config Config) *Client {
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var dialer net.Dialer
			return dialer.DialContext(ctx, "unix", config.ControlSocket())
		},
		DisableKeepAlives: true,
	}
	return &Client{http: &http.Client{Transport: transport}}
}

// Join makes the node a part of the cluster, as soon as the node can be asked.
func (c *Client) Join(ctx context.Context) error {
	ticker := time.NewTicker(joinInterval)
	defer ticker.Stop()
	for {
		err := c.order(ctx, http.MethodPost, "/join", nil)
		var unreachable *net.OpError
		if !errors.As(err, &unreachable) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the real node: %w", context.Cause(ctx))
		case <-ticker.C:
		}
	}
}

// Start starts a part that is down.
func (c *Client) Start(ctx context.Context, part Part) error {
	return c.order(ctx, http.MethodPost, "/start/"+string(part), nil)
}

// Stop kills a part and leaves it down.
func (c *Client) Stop(ctx context.Context, part Part) error {
	return c.order(ctx, http.MethodPost, "/stop/"+string(part), nil)
}

// Status asks how the parts are.
func (c *Client) Status(ctx context.Context) ([]PartStatus, error) {
	var all []PartStatus
	err := c.order(ctx, http.MethodGet, "/status", &all)
	return all, err
}

func (c *Client) order(ctx context.Context, method, path string, result any) error {
	request, err := http.NewRequestWithContext(ctx, method, "http://node"+path, nil)
	if err != nil {
		return fmt.Errorf("ask the real node: %w", err)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return fmt.Errorf("ask the real node: %w", err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("ask the real node: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("real node: %s", strings.TrimSpace(string(content)))
	}
	if result == nil {
		return nil
	}
	if err := json.Unmarshal(content, result); err != nil {
		return fmt.Errorf("read the answer of the real node: %w", err)
	}
	return nil
}
