package supervise

import (
	"path/filepath"
	"slices"
	"strconv"

	"github.com/scenario-runner/scenario-runner/sandbox/place"
	"github.com/scenario-runner/scenario-runner/sandbox/realnode"
)

// The components of a sandbox, in the order in which they start.
const (
	Etcd              = "etcd"
	APIServer         = "kube-apiserver"
	ControllerManager = "kube-controller-manager"
	Scheduler         = "kube-scheduler"
	KWOK              = "kwok"
	// Node is the first process of a real node, which starts the parts of the node itself.
	Node = "node"
)

// Components lists all components in the order in which they start; the last ones are those of a real node.
func Components() []string {
	all := []string{Etcd, APIServer, ControllerManager, Scheduler, KWOK, Node}
	for _, part := range realnode.Parts() {
		all = append(all, string(part))
	}
	return all
}

// IsProgram says whether this program is also the component of that name.
func IsProgram(name string) bool {
	return name != string(realnode.Containerd) && CheckComponent(name) == nil
}

// isPart says whether a component is a part of a real node.
func isPart(component string) bool {
	return slices.Contains(realnode.Parts(), realnode.Part(component))
}

// Address is where every server of a sandbox listens: it is reachable from its own machine only.
const Address = "127.0.0.1"

// Networks of a sandbox. Packets travel in them only on a real node, which has the last part of the pods' network.
const (
	serviceNetwork = "10.96.0.0/16"
	serviceAddress = "10.96.0.1"
	podNetwork     = "10.128.0.0/10"
)

// ports are what one start of a sandbox listens on.
type ports struct {
	api     int
	kubelet int
}

// layout is what the command lines of the components depend on.
type layout struct {
	at     place.Place
	listen ports
	// real is how the real node is run, nil without one.
	real *realnode.Config
}

// arguments returns the command line of a component.
func (l layout) arguments(component string) []string {
	switch component {
	case Etcd:
		return etcdArguments(l.at)
	case APIServer:
		return append(apiServerArguments(l.at, l.listen), endpointArguments(l.real)...)
	case ControllerManager:
		return controllerManagerArguments(l.at)
	case Scheduler:
		return schedulerArguments(l.at)
	case Node:
		return []string{"--config=" + l.real.File()}
	default:
		return append(kwokArguments(l.at, l.listen), volumeArguments(l.real)...)
	}
}

func etcdArguments(at place.Place) []string {
	client, peer := "unix://"+at.EtcdSocket(), "unix://"+at.EtcdPeerSocket()
	return []string{
		"--name=sandbox",
		"--data-dir=" + at.Data(),
		// A socket in a folder of mode 0700 is as private as a client certificate and costs no encryption.
		"--listen-client-urls=" + client,
		"--advertise-client-urls=" + client,
		"--listen-peer-urls=" + peer,
		"--initial-advertise-peer-urls=" + peer,
		"--initial-cluster=sandbox=" + peer,
		// A sandbox is thrown away with its machine's power, so waiting for the disk protects nothing.
		"--unsafe-no-fsync",
		"--auto-compaction-mode=periodic",
		"--auto-compaction-retention=10m",
		"--log-level=warn",
	}
}

func apiServerArguments(at place.Place, listen ports) []string {
	return []string{
		"--etcd-servers=unix://" + at.EtcdSocket(),
		"--bind-address=" + Address,
		"--secure-port=" + strconv.Itoa(listen.api),
		"--tls-cert-file=" + at.PKI("apiserver.crt"),
		"--tls-private-key-file=" + at.PKI("apiserver.key"),
		"--client-ca-file=" + at.PKI("ca.crt"),
		"--kubelet-certificate-authority=" + at.PKI("ca.crt"),
		"--kubelet-client-certificate=" + at.PKI("kubelet-client.crt"),
		"--kubelet-client-key=" + at.PKI("kubelet-client.key"),
		"--kubelet-preferred-address-types=InternalIP",
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + at.PKI("service-account.pub"),
		"--service-account-signing-key-file=" + at.PKI("service-account.key"),
		"--service-cluster-ip-range=" + serviceNetwork,
		"--authorization-mode=Node,RBAC",
		"--allow-privileged=true",
		"--profiling=false",
		// One user on one machine: fairness between tenants only costs, and the default limits strangle parallel runs.
		"--enable-priority-and-fairness=false",
		"--max-requests-inflight=2000",
		"--max-mutating-requests-inflight=1000",
	}
}

// endpointArguments say where pods find the API server, and how it finds them.
func endpointArguments(real *realnode.Config) []string {
	if real != nil {
		return []string{"--advertise-address=" + realnode.Gateway, "--egress-selector-config-file=" + real.EgressFile()}
	}
	// The endpoints of the "kubernetes" service must not be loopback addresses, and no simulated pod calls it.
	return []string{"--advertise-address=" + Address, "--endpoint-reconciler-type=none"}
}

// volumeArguments say where volumes keep data, which only a real node does.
func volumeArguments(real *realnode.Config) []string {
	if real == nil {
		return nil
	}
	return []string{"--volumes=" + filepath.Join(real.Folder, "volumes")}
}

func controllerManagerArguments(at place.Place) []string {
	return []string{
		"--kubeconfig=" + at.Client(ControllerManager),
		"--use-service-account-credentials=true",
		"--service-account-private-key-file=" + at.PKI("service-account.key"),
		"--root-ca-file=" + at.PKI("ca.crt"),
		"--cluster-signing-cert-file=" + at.PKI("ca.crt"),
		"--cluster-signing-key-file=" + at.PKI("ca.key"),
		"--allocate-node-cidrs=true",
		"--cluster-cidr=" + podNetwork,
		"--service-cluster-ip-range=" + serviceNetwork,
		"--leader-elect=false",
		"--secure-port=0",
		"--profiling=false",
		"--kube-api-qps=5000",
		"--kube-api-burst=10000",
		"--concurrent-namespace-syncs=32",
		"--concurrent-deployment-syncs=16",
		"--concurrent-replicaset-syncs=16",
		// A node that goes not ready is noticed in one second instead of five.
		"--node-monitor-period=1s",
		// Nor does anybody want to wait for minutes until an autoscaler trusts what is simulated.
		"--horizontal-pod-autoscaler-sync-period=1s",
		"--horizontal-pod-autoscaler-initial-readiness-delay=0s",
		"--horizontal-pod-autoscaler-cpu-initialization-period=0s",
		"--horizontal-pod-autoscaler-downscale-stabilization=5s",
	}
}

func schedulerArguments(at place.Place) []string {
	return []string{
		"--kubeconfig=" + at.Client(Scheduler),
		"--leader-elect=false",
		"--secure-port=0",
		"--profiling=false",
		"--kube-api-qps=5000",
		"--kube-api-burst=10000",
	}
}

func kwokArguments(at place.Place, listen ports) []string {
	return []string{
		"--name=" + at.Name,
		"--kubeconfig=" + at.Client(KWOK),
		"--listen=" + Address + ":" + strconv.Itoa(listen.kubelet),
		"--tls-cert-file=" + at.PKI("kubelet.crt"),
		"--tls-private-key-file=" + at.PKI("kubelet.key"),
		"--client-ca-file=" + at.PKI("ca.crt"),
	}
}
