package supervise

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/scenario-runner/scenario-runner/sandbox/place"
	"github.com/scenario-runner/scenario-runner/sandbox/realnode"
)

// stopPatience is how long a supervisor that was told to stop may take before it is killed.
const stopPatience = 5 * time.Second

// Client gives orders to the supervisor of a sandbox.
type Client struct {
	at   place.Place
	http *http.Client
}

// NewClient returns a client for the sandbox at a place.
func NewClient(at place.Place) *Client {
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var dialer net.Dialer
			return dialer.DialContext(ctx, "unix", at.ControlSocket())
		},
		DisableKeepAlives: true,
	}
	return &Client{at: at, http: &http.Client{Transport: transport}}
}

// Status asks how the sandbox is. A sandbox without a living supervisor is down.
func (c *Client) Status(ctx context.Context) (Status, error) {
	alive, err := c.at.Alive()
	if err != nil {
		return Status{}, err
	}
	if !alive {
		return Status{Ready: Ready{Name: c.at.Name}, State: StateDown, Left: c.left()}, nil
	}
	var status Status
	err = c.order(ctx, http.MethodGet, "/status", nil, &status)
	if err != nil && ctx.Err() == nil {
		// The supervisor has just started and doesn't listen yet, or is just ending.
		return Status{Ready: Ready{Name: c.at.Name}, State: StateStarting, Problem: err.Error()}, nil
	}
	return status, err
}

// left lists what a dead supervisor has left.
func (c *Client) left() []string {
	var left []string
	if c.at.Exists() {
		left = append(left, "the folder "+c.at.Folder())
	}
	if name := cgroupName(c.at); realnode.CgroupsExist(name) {
		left = append(left, "the control groups "+name)
	}
	return left
}

// LoadImage gives an archive with an image to the real node.
func (c *Client) LoadImage(ctx context.Context, archive string) error {
	status, err := c.Status(ctx)
	if err != nil {
		return err
	}
	if status.RealNode == "" {
		return fmt.Errorf("sandbox %q has no real node that could take an image; bring one up with --node real", c.at.Name)
	}
	return realnode.Import(ctx, c.at.Sockets(), archive)
}

// Restart ends a component, leaves it down for the pause and starts it again.
func (c *Client) Restart(ctx context.Context, component string, pause time.Duration) error {
	values := url.Values{"component": {component}, "pause": {pause.String()}}
	return c.order(ctx, http.MethodPost, "/restart", values, nil)
}

// Grow adds nodes until there are as many as given.
func (c *Client) Grow(ctx context.Context, nodes int) error {
	return c.order(ctx, http.MethodPost, "/nodes", url.Values{"count": {strconv.Itoa(nodes)}}, nil)
}

// Addon starts an add-on, or finds it running, and says how it is reached.
func (c *Client) Addon(ctx context.Context, name string) (Addon, error) {
	var started Addon
	err := c.order(ctx, http.MethodPost, "/addon", url.Values{"name": {name}}, &started)
	return started, err
}

// Stop takes the sandbox down, removes its files and says whether there was anything to take down. A supervisor that
// doesn't listen is killed: its components then end by themselves.
func (c *Client) Stop(ctx context.Context) (bool, error) {
	alive, err := c.at.Alive()
	if err != nil {
		return false, err
	}
	if !alive {
		existed := c.at.Exists() || realnode.CgroupsExist(cgroupName(c.at))
		return existed, c.clear(ctx)
	}
	patience, cancel := context.WithTimeout(ctx, stopPatience)
	defer cancel()
	err = c.order(patience, http.MethodPost, "/stop", nil, nil)
	if err == nil {
		err = c.waitDead(patience)
	}
	if err == nil {
		return true, nil
	}
	if err := errors.Join(c.kill(), c.waitDead(ctx)); err != nil {
		return true, err
	}
	return true, c.clear(ctx)
}

// clear removes what a dead supervisor has left: everything else ends with it, but not files and control groups.
func (c *Client) clear(ctx context.Context) error {
	return errors.Join(removeCgroups(ctx, c.at), c.at.Remove())
}

// kill ends the supervisor whose id stands in the state file. The id is its own, since the lock is held.
func (c *Client) kill() error {
	content, err := os.ReadFile(c.at.State())
	if err != nil {
		return fmt.Errorf("find the supervisor of sandbox %q: %w", c.at.Name, err)
	}
	var state State
	if err := json.Unmarshal(content, &state); err != nil {
		return fmt.Errorf("find the supervisor of sandbox %q: %w", c.at.Name, err)
	}
	supervisor, err := os.FindProcess(state.PID)
	if err != nil {
		return fmt.Errorf("find the supervisor of sandbox %q: %w", c.at.Name, err)
	}
	if err := supervisor.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("end the supervisor of sandbox %q: %w", c.at.Name, err)
	}
	return nil
}

func (c *Client) waitDead(ctx context.Context) error {
	ticker := time.NewTicker(readyInterval)
	defer ticker.Stop()
	for {
		alive, err := c.at.Alive()
		if err != nil || !alive {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the end of sandbox %q: %w", c.at.Name, context.Cause(ctx))
		case <-ticker.C:
		}
	}
}

func (c *Client) order(ctx context.Context, method, path string, values url.Values, result any) error {
	address := url.URL{Scheme: "http", Host: "sandbox", Path: path, RawQuery: values.Encode()}
	request, err := http.NewRequestWithContext(ctx, method, address.String(), nil)
	if err != nil {
		return fmt.Errorf("ask the supervisor of sandbox %q: %w", c.at.Name, err)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return fmt.Errorf("ask the supervisor of sandbox %q: %w", c.at.Name, err)
	}
	defer response.Body.Close()
	decoder := json.NewDecoder(response.Body)
	if response.StatusCode != http.StatusOK {
		var failed failure
		if err := decoder.Decode(&failed); err != nil {
			return fmt.Errorf("ask the supervisor of sandbox %q: it answered %s", c.at.Name, response.Status)
		}
		return fmt.Errorf("sandbox %q: %s", c.at.Name, failed.Error)
	}
	if result == nil {
		return nil
	}
	if err := decoder.Decode(result); err != nil {
		return fmt.Errorf("read the answer of the supervisor of sandbox %q: %w", c.at.Name, err)
	}
	return nil
}
