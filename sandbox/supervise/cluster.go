package supervise

import (
	"context"
	"fmt"
	"net/http"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	watchtools "k8s.io/client-go/tools/watch"

	"github.com/scenario-runner/scenario-runner/sandbox/place"
	"github.com/scenario-runner/scenario-runner/sandbox/simulation"
)

// readyInterval is how often a starting API server is asked whether it is ready; it has no way to tell us.
const readyInterval = 20 * time.Millisecond

// cluster is the supervisor's view of the cluster in the box.
type cluster struct {
	client kubernetes.Interface
}

func connect(at place.Place) (*cluster, error) {
	config, err := clientcmd.BuildConfigFromFlags("", at.Kubeconfig())
	if err != nil {
		return nil, fmt.Errorf("read the kubeconfig of sandbox %q: %w", at.Name, err)
	}
	config.QPS = -1
	config.UserAgent = rest.DefaultKubernetesUserAgent() + "/supervisor"
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("make a client for sandbox %q: %w", at.Name, err)
	}
	return &cluster{client: client}, nil
}

// waitAPI waits until the API server says that it is ready.
func (c *cluster) waitAPI(ctx context.Context) error {
	ticker := time.NewTicker(readyInterval)
	defer ticker.Stop()
	for {
		var code int
		err := c.client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).StatusCode(&code).Error()
		if err == nil && code == http.StatusOK {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the API server: %w (its last answer: %w)", context.Cause(ctx), err)
		case <-ticker.C:
		}
	}
}

// furnish creates what a usable cluster has besides the components: nodes and a default storage class.
func (c *cluster) furnish(ctx context.Context, nodes []*corev1.Node) error {
	driver := simulation.CSIDriver()
	_, err := c.client.StorageV1().CSIDrivers().Create(ctx, driver, metav1.CreateOptions{})
	if err := ignoreExisting(err); err != nil {
		return fmt.Errorf("create the storage driver %q: %w", driver.Name, err)
	}
	for _, class := range []*storagev1.StorageClass{simulation.StorageClass(), simulation.LateStorageClass()} {
		_, err := c.client.StorageV1().StorageClasses().Create(ctx, class, metav1.CreateOptions{})
		if err := ignoreExisting(err); err != nil {
			return fmt.Errorf("create the storage class %q: %w", class.Name, err)
		}
	}
	return c.addNodes(ctx, nodes)
}

// simulatedNodes returns simulated nodes. Beside a real node they are for pods that ask for them.
func simulatedNodes(count int, besideReal bool) []*corev1.Node {
	nodes := make([]*corev1.Node, count)
	for index := range nodes {
		nodes[index] = simulation.Node(index)
		if besideReal {
			nodes[index].Spec.Taints = []corev1.Taint{simulation.NodeTaint()}
		}
	}
	return nodes
}

// addNodes creates the nodes that aren't there yet.
func (c *cluster) addNodes(ctx context.Context, nodes []*corev1.Node) error {
	for _, node := range nodes {
		_, err := c.client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{})
		if err := ignoreExisting(err); err != nil {
			return fmt.Errorf("create node %q: %w", node.Name, err)
		}
	}
	return nil
}

// waitUsable waits until the nodes are ready and pods can be created in the default namespace.
func (c *cluster) waitUsable(ctx context.Context, nodes int) error {
	if err := c.waitNodes(ctx, nodes); err != nil {
		return err
	}
	return c.waitServiceAccount(ctx)
}

func (c *cluster) waitNodes(ctx context.Context, count int) error {
	list := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			return c.client.CoreV1().Nodes().List(ctx, options)
		},
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			return c.client.CoreV1().Nodes().Watch(ctx, options)
		},
	}
	ready := map[string]bool{}
	_, err := watchtools.UntilWithSync(ctx, list, &corev1.Node{}, nil, func(event watch.Event) (bool, error) {
		if node, ok := event.Object.(*corev1.Node); ok {
			ready[node.Name] = event.Type != watch.Deleted && nodeUsable(node)
		}
		return countTrue(ready) >= count, nil
	})
	if err != nil {
		return fmt.Errorf("wait for the nodes: found %d ready, expected %d: %w", countTrue(ready), count, err)
	}
	return nil
}

func (c *cluster) waitServiceAccount(ctx context.Context) error {
	accounts := c.client.CoreV1().ServiceAccounts(metav1.NamespaceDefault)
	selector := fields.OneTermEqualSelector("metadata.name", "default").String()
	list := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			options.FieldSelector = selector
			return accounts.List(ctx, options)
		},
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			options.FieldSelector = selector
			return accounts.Watch(ctx, options)
		},
	}
	_, err := watchtools.UntilWithSync(ctx, list, &corev1.ServiceAccount{}, nil, func(event watch.Event) (bool, error) {
		return event.Type == watch.Added || event.Type == watch.Modified, nil
	})
	if err != nil {
		return fmt.Errorf("wait for the default service account: %w", err)
	}
	return nil
}

// countNodes returns how many nodes there are and how many of them are ready.
func (c *cluster) countNodes(ctx context.Context) (NodeCount, error) {
	nodes, err := c.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{ResourceVersion: "0"})
	if err != nil {
		return NodeCount{}, fmt.Errorf("list the nodes: %w", err)
	}
	count := NodeCount{Total: len(nodes.Items)}
	for i := range nodes.Items {
		if simulation.NodeReady(&nodes.Items[i]) {
			count.Ready++
		}
	}
	return count, nil
}

// nodeUsable says whether pods can land on a node: new nodes carry a taint until the controllers have seen them ready.
func nodeUsable(node *corev1.Node) bool {
	for _, taint := range node.Spec.Taints {
		if taint.Key == corev1.TaintNodeNotReady {
			return false
		}
	}
	return simulation.NodeReady(node)
}

func countTrue(values map[string]bool) int {
	count := 0
	for _, value := range values {
		if value {
			count++
		}
	}
	return count
}

func ignoreExisting(err error) error {
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}
