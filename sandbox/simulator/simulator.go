package simulator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/utils/clock"
	"sigs.k8s.io/kwok/pkg/apis/internalversion"
	"sigs.k8s.io/kwok/pkg/kwok/controllers"
	"sigs.k8s.io/kwok/pkg/log"

	"github.com/scenario-runner/scenario-runner/sandbox/simulation"
)

const (
	// fallbackNetwork gives a pod its address while its node has no network of its own yet.
	fallbackNetwork = "10.64.0.1/16"
	// leaseSeconds is how long a node's lease lasts without being renewed, as with a kubelet.
	leaseSeconds = 40
	parallelism  = 8
)

// Options say what to play and where.
type Options struct {
	// Name is the name of the sandbox.
	Name string
	// Kubeconfig is the file with which the API server is reached.
	Kubeconfig string
	// Server says where the kubelets answer.
	Server ServerOptions
	// Volumes, if given, is the folder in which volumes keep data, for pods that are real.
	Volumes string
}

// clients are the ways in which the simulator talks to the API server.
type clients struct {
	typed    kubernetes.Interface
	dynamic  dynamic.Interface
	metadata metadata.Interface
}

// Run plays the nodes until the context ends.
func Run(ctx context.Context, options Options) error {
	ctx = log.NewContext(ctx, log.NewLogger(os.Stderr, slog.LevelWarn))
	config, err := clientcmd.BuildConfigFromFlags("", options.Kubeconfig)
	if err != nil {
		return fmt.Errorf("read the kubeconfig: %w", err)
	}
	use, err := newClients(config)
	if err != nil {
		return err
	}
	listener, err := listen(ctx, options.Server)
	if err != nil {
		return err
	}
	engine, err := newEngine(options, use, listener.port)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	if err := engine.Start(ctx); err != nil {
		return errors.Join(fmt.Errorf("start the engine: %w", err), listener.Close())
	}
	if err := defineMetrics(ctx, use.dynamic); err != nil {
		return errors.Join(err, listener.Close())
	}
	return runControllers(ctx, use, listener, options.Volumes)
}

// runControllers runs everything besides the engine and waits for its end.
func runControllers(ctx context.Context, use clients, listener *server, volumes string) error {
	factory := informers.NewSharedInformerFactory(use.typed, 0)
	definitions := metadatainformer.NewSharedInformerFactory(use.metadata, 0)
	known := &kinds{client: use.typed.Discovery()}
	followKinds(definitions.ForResource(crdResource()).Informer(), known)
	loops := []*loop{
		newVolumeLoop(use.typed, factory, volumes),
		newNamespaceLoop(use, factory, known),
		newNodeLoop(use.typed, factory),
		newMetricsLoop(use.dynamic, factory),
	}
	factory.Start(ctx.Done())
	definitions.Start(ctx.Done())
	defer factory.Shutdown()
	defer definitions.Shutdown()

	var running sync.WaitGroup
	for _, each := range loops {
		running.Go(func() { each.run(ctx) })
	}
	err := listener.serve(ctx, use.typed)
	running.Wait()
	return err
}

func newClients(config *rest.Config) (clients, error) {
	config.QPS = -1
	// Deleting the content of a namespace touches deprecated kinds too.
	config.WarningHandler = rest.NoWarnings{}
	typed, err := kubernetes.NewForConfig(protobuf(config))
	if err != nil {
		return clients{}, fmt.Errorf("make a client: %w", err)
	}
	untyped, err := dynamic.NewForConfig(config)
	if err != nil {
		return clients{}, fmt.Errorf("make a dynamic client: %w", err)
	}
	partial, err := metadata.NewForConfig(config)
	if err != nil {
		return clients{}, fmt.Errorf("make a metadata client: %w", err)
	}
	return clients{typed: typed, dynamic: untyped, metadata: partial}, nil
}

func protobuf(config *rest.Config) *rest.Config {
	config = rest.CopyConfig(config)
	config.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	config.ContentType = "application/vnd.kubernetes.protobuf"
	return config
}

func newEngine(options Options, use clients, port int) (*controllers.Controller, error) {
	stages, err := loadStages()
	if err != nil {
		return nil, err
	}
	registerConditions()
	grouped := map[internalversion.StageResourceRef][]*internalversion.Stage{}
	for _, stage := range stages {
		grouped[stage.Spec.ResourceRef] = append(grouped[stage.Spec.ResourceRef], stage)
	}
	engine, err := controllers.NewController(controllers.Config{
		Clock:                             clock.RealClock{},
		TypedClient:                       use.typed,
		DynamicClient:                     use.dynamic,
		RESTMapper:                        eventMapper(),
		RESTClient:                        use.typed.CoreV1().RESTClient(),
		ManageNodesWithAnnotationSelector: simulation.NodeAnnotation + "=" + simulation.NodeAnnotationValue,
		CIDR:                              fallbackNetwork,
		NodeIP:                            nodeAddress,
		NodePort:                          port,
		LocalStages:                       grouped,
		PodPlayStageParallelism:           parallelism,
		NodePlayStageParallelism:          parallelism,
		NodeLeaseParallelism:              parallelism,
		NodeLeaseDurationSeconds:          leaseSeconds,
		PodsOnNodeSyncParallelism:         parallelism,
		// The identity stays the same when the component is restarted, so it need not wait for its own leases to expire.
		ID:      "sandbox-" + options.Name,
		FuncMap: templateFunctions(int32(port)),
	})
	if err != nil {
		return nil, fmt.Errorf("make the engine: %w", err)
	}
	return engine, nil
}

// eventMapper knows the only kind of object that stages apply.
func eventMapper() meta.RESTMapper {
	version := schema.GroupVersion{Version: "v1"}
	mapper := meta.NewDefaultRESTMapper([]schema.GroupVersion{version})
	mapper.Add(corev1.SchemeGroupVersion.WithKind("Event"), meta.RESTScopeNamespace)
	return mapper
}
