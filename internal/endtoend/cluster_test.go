//go:build e2e

package endtoend

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/scenario-runner/scenario-runner/internal/endtoend/image"
)

// sandboxName is the name of the sandbox that the tests bring up.
const sandboxName = "end-to-end"

// cluster is a cluster with a real node that has our images.
type cluster struct {
	root       string // of the repository
	kubeconfig string
	state      string // where the runner keeps its runs
	objectsOf  dynamic.Interface
	kinds      discovery.DiscoveryInterface
}

// newCluster brings a sandbox with a real node up, for the length of the test. A cluster that KUBECONFIG names is used as it
// is, which saves the start while stories are written; it must have the images.
func newCluster(t *testing.T) *cluster {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{root: root, kubeconfig: os.Getenv("KUBECONFIG"), state: t.TempDir()}
	if c.kubeconfig == "" {
		c.up(t)
	}
	config, err := clientcmd.BuildConfigFromFlags("", c.kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	c.connect(t, config)
	return c
}

func (c *cluster) connect(t *testing.T, config *rest.Config) {
	t.Helper()
	var err error
	config.QPS, config.WarningHandler = -1, rest.NoWarnings{}
	if c.objectsOf, err = dynamic.NewForConfig(config); err != nil {
		t.Fatal(err)
	}
	if c.kinds, err = discovery.NewDiscoveryClientForConfig(config); err != nil {
		t.Fatal(err)
	}
}

func (c *cluster) up(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		if said, err := c.command(ctx, "scenario-runner-sandbox", "down", "--name", sandboxName).CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, said)
		}
	})
	c.sandbox(t, "up", "--name", sandboxName, "--node", "real", "--nodes", "1", "--timeout", "3m")
	c.kubeconfig = strings.TrimSpace(c.sandbox(t, "kubeconfig", "--name", sandboxName))
	for _, image := range images(filepath.Join(c.root, "bin", "testparts")) {
		c.load(t, image)
	}
}

func (c *cluster) load(t *testing.T, one image.Image) {
	t.Helper()
	archive, err := os.Create(filepath.Join(t.TempDir(), "image.tar"))
	if err != nil {
		t.Fatal(err)
	}
	if err := one.Write(archive); err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	c.sandbox(t, "load-image", "--name", sandboxName, "--archive", archive.Name())
}

// sandbox runs the program of that name and returns what it printed.
func (c *cluster) sandbox(t *testing.T, args ...string) string {
	t.Helper()
	command := c.command(t.Context(), "scenario-runner-sandbox", args...)
	var said strings.Builder
	command.Stderr = &said
	out, err := command.Output()
	if err != nil {
		t.Fatalf("scenario-runner-sandbox %s: %v\n%s", strings.Join(args, " "), err, said.String())
	}
	return string(out)
}

// command returns how to run one of the built programs, in the repository and with a state of its own.
func (c *cluster) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	bin := filepath.Join(c.root, "bin")
	command := exec.CommandContext(ctx, filepath.Join(bin, program), args...)
	command.Dir = c.root
	command.Env = append(os.Environ(), "XDG_STATE_HOME="+c.state, "PATH="+bin+":"+os.Getenv("PATH"))
	return command
}
