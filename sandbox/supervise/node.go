package supervise

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scenario-runner/scenario-runner/sandbox/place"
	"github.com/scenario-runner/scenario-runner/sandbox/realnode"
	"github.com/scenario-runner/scenario-runner/sandbox/simulation"
)

// cgroupPatience is how long the processes of a node that was killed may take to end.
const cgroupPatience = 10 * time.Second

// node is the supervisor's side of the real node: the way to it for the API server, and from it to the API server. Both
// lead over unix sockets, since the node has a network of its own.
type node struct {
	client *realnode.Client
	cancel context.CancelFunc
	served sync.WaitGroup
	err    error
}

// configureNode writes the configuration of the real node and makes its control groups.
func configureNode(at place.Place, executable string, listen ports) (*realnode.Config, error) {
	pause, err := findPause(executable)
	if err != nil {
		return nil, err
	}
	config := realnode.Config{
		Folder: filepath.Join(at.Folder(), Node), Sockets: at.Sockets(), Logs: filepath.Dir(at.Log(Node)),
		Program: executable, Pause: pause, APIPort: listen.api, Cgroup: cgroupName(at),
		Clients: map[realnode.Part]string{
			realnode.Kubelet: at.Client(string(realnode.Kubelet)),
			realnode.Proxy:   at.Client(string(realnode.Proxy)),
			realnode.DNS:     at.Client(string(realnode.DNS)),
		},
		Certificate: at.PKI(realNodeFile + ".crt"), Key: at.PKI(realNodeFile + ".key"), Authority: at.PKI("ca.crt"),
	}
	if err := config.Write(); err != nil {
		return nil, err
	}
	return &config, realnode.CreateCgroups(config.Cgroup)
}

func cgroupName(at place.Place) string { return realnode.CgroupName(at.Name, at.Folder()) }

// removeCgroups removes the control groups of a sandbox, if it has left any.
func removeCgroups(ctx context.Context, at place.Place) error {
	if !realnode.CgroupsExist(cgroupName(at)) {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, cgroupPatience, fmt.Errorf("it took longer than %s", cgroupPatience))
	defer cancel()
	return realnode.RemoveCgroups(ctx, cgroupName(at))
}

// openNode opens the ways to and from the real node.
func openNode(ctx context.Context, config realnode.Config, listen ports) (*node, error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	n := &node{client: realnode.NewClient(config), cancel: cancel}
	var listening net.ListenConfig
	inward, err := listening.Listen(ctx, "unix", config.EgressSocket())
	if err != nil {
		cancel()
		return nil, fmt.Errorf("open the way to the real node: %w", err)
	}
	outward, err := listening.Listen(ctx, "unix", config.APISocket())
	if err != nil {
		cancel()
		return nil, errors.Join(fmt.Errorf("open the way to the API server: %w", err), inward.Close())
	}
	api := net.JoinHostPort(Address, strconv.Itoa(listen.api))
	failures := make(chan error, 2)
	n.served.Go(func() { failures <- tunnelOut(ctx, outward, api) })
	n.served.Go(func() { failures <- tunnelIn(ctx, inward, config.ControlSocket()) })
	n.served.Go(func() { n.err = errors.Join(<-failures, <-failures) })
	return n, nil
}

// close ends both ways.
func (n *node) close() error {
	n.cancel()
	n.served.Wait()
	return n.err
}

// restart ends a part of the node as a crash would, leaves it down for the pause and starts it again.
func (n *node) restart(ctx context.Context, part realnode.Part, pause time.Duration) error {
	if err := n.client.Stop(ctx, part); err != nil {
		return err
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return fmt.Errorf("restart %s: it is down and stays down: %w", part, context.Cause(ctx))
	case <-timer.C:
	}
	return n.client.Start(ctx, part)
}

// joinNode has the parts of the node start, unless its first process ends before.
func (s *supervisor) joinNode(ctx context.Context) error {
	first := s.fleet.get(Node)
	var watching sync.WaitGroup
	defer watching.Wait()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watching.Go(func() {
		select {
		case <-first.done:
			cancel(newCrashError(first, s.options.Place.Log(Node)))
		case <-ctx.Done():
		}
	})
	return s.node.client.Join(ctx)
}

// nodeStatus tells how the parts of the node are. What can't be asked is down: its end is told by the component itself.
func (s *supervisor) nodeStatus(ctx context.Context) []ComponentStatus {
	found, err := s.node.client.Status(ctx)
	if err != nil {
		for _, part := range realnode.Parts() {
			found = append(found, realnode.PartStatus{Part: part})
		}
	}
	var all []ComponentStatus
	for _, part := range found {
		status := ComponentStatus{Name: string(part.Part), State: StateDown}
		if part.Running {
			status = ComponentStatus{
				Name: string(part.Part), State: StateRunning, Inside: true,
				MemoryBytes: part.MemoryBytes, UptimeSeconds: part.UptimeSeconds,
			}
		}
		all = append(all, status)
	}
	return all
}

// registerRealNode creates the node object, so that it has its network from the start, and the rights of its parts.
func (c *cluster) registerRealNode(ctx context.Context) error {
	object := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name: realnode.Name,
			Labels: map[string]string{
				simulation.NodeTypeLabel:        simulation.TypeReal,
				"type":                          simulation.TypeReal,
				"topology.kubernetes.io/region": "sandbox",
				"topology.kubernetes.io/zone":   "sandbox-real",
			},
		},
		Spec: corev1.NodeSpec{PodCIDR: realnode.PodNetwork, PodCIDRs: []string{realnode.PodNetwork}},
	}
	_, err := c.client.CoreV1().Nodes().Create(ctx, object, metav1.CreateOptions{})
	if err := ignoreExisting(err); err != nil {
		return fmt.Errorf("register the real node: %w", err)
	}
	for _, rights := range []struct{ user, role string }{
		{kubeletCaller, "system:kubelet-api-admin"},
		// It reads services and endpoint slices, as kube-proxy does.
		{nameServer, "system:node-proxier"},
	} {
		_, err := c.client.RbacV1().ClusterRoleBindings().Create(ctx, binding(rights.user, rights.role), metav1.CreateOptions{})
		if err := ignoreExisting(err); err != nil {
			return fmt.Errorf("give %s its rights: %w", rights.user, err)
		}
	}
	return nil
}

func binding(user, role string) *rbacv1.ClusterRoleBinding {
	return &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "sandbox:" + role},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
	}
}
