package supervise

import (
	"fmt"
	"net"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/scenario-runner/scenario-runner/sandbox/pki"
	"github.com/scenario-runner/scenario-runner/sandbox/place"
	"github.com/scenario-runner/scenario-runner/sandbox/realnode"
)

// mastersGroup is the group whose members may do everything.
const mastersGroup = "system:masters"

// Users that are given their rights by bindings of the sandbox.
const (
	kubeletCaller = "kube-apiserver-kubelet-client"
	nameServer    = "sandbox:cluster-dns"
)

// realNodeFile names the certificate of the real node's kubelet.
const realNodeFile = "kubelet-real"

// ContextName is the name of a sandbox's context in its kubeconfig.
func ContextName(name string) string { return "sandbox-" + name }

// prepareIdentities writes the certificates, the keys and the kubeconfigs of a sandbox.
func prepareIdentities(l layout, now time.Time) error {
	at := l.at
	authority, err := pki.NewAuthority("sandbox-"+at.Name, now)
	if err != nil {
		return err
	}
	if err := writeServers(at, authority, now); err != nil {
		return err
	}
	if err := writeServiceAccountKey(at); err != nil {
		return err
	}
	if err := writeKubeconfigs(at, authority, l.listen, now); err != nil || l.real == nil {
		return err
	}
	return writeNodeIdentities(at, authority, *l.real, now)
}

func writeServers(at place.Place, authority *pki.Authority, now time.Time) error {
	addresses := []net.IP{net.ParseIP(Address), net.ParseIP(serviceAddress), net.ParseIP(realnode.Gateway)}
	names := []string{
		"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
	}
	apiServer, err := authority.Server("kube-apiserver", names, addresses, now)
	if err != nil {
		return err
	}
	kubelet, err := authority.Server("system:node:sandbox", []string{"localhost"}, addresses[:1], now)
	if err != nil {
		return err
	}
	kubeletClient, err := authority.Client(kubeletCaller, nil, now)
	if err != nil {
		return err
	}
	pairs := []struct {
		file string
		pair pki.Pair
	}{
		{"ca", authority.Pair}, {"apiserver", apiServer}, {"kubelet", kubelet}, {"kubelet-client", kubeletClient},
	}
	for _, each := range pairs {
		if err := writePair(at, each.file, each.pair); err != nil {
			return err
		}
	}
	return nil
}

func writePair(at place.Place, file string, pair pki.Pair) error {
	if err := at.Write(at.PKI(file+".crt"), pair.Certificate); err != nil {
		return err
	}
	return at.Write(at.PKI(file+".key"), pair.Key)
}

func writeServiceAccountKey(at place.Place) error {
	private, public, err := pki.SigningKey()
	if err != nil {
		return err
	}
	if err := at.Write(at.PKI("service-account.key"), private); err != nil {
		return err
	}
	return at.Write(at.PKI("service-account.pub"), public)
}

func writeKubeconfigs(at place.Place, authority *pki.Authority, listen ports, now time.Time) error {
	clients := []client{
		{at.Client(ControllerManager), "system:kube-controller-manager", nil},
		{at.Client(Scheduler), "system:kube-scheduler", nil},
		{at.Client(KWOK), "sandbox:kwok", []string{mastersGroup}},
		{at.Kubeconfig(), "sandbox:administrator", []string{mastersGroup}},
	}
	return writeClients(at, authority, serverURL(listen), clients, now)
}

// client is a user of the API server and the file with which it calls.
type client struct {
	path   string
	user   string
	groups []string
}

func writeClients(at place.Place, authority *pki.Authority, server string, clients []client, now time.Time) error {
	for _, client := range clients {
		pair, err := authority.Client(client.user, client.groups, now)
		if err != nil {
			return err
		}
		content, err := kubeconfig(at.Name, client.user, server, authority.Certificate, pair)
		if err != nil {
			return err
		}
		if err := at.Write(client.path, content); err != nil {
			return err
		}
	}
	return nil
}

// writeNodeIdentities writes what a real node proves itself with. Its parts reach the API server at the node's address.
func writeNodeIdentities(at place.Place, authority *pki.Authority, node realnode.Config, now time.Time) error {
	user := "system:node:" + realnode.Name
	kubelet, err := authority.Server(user, []string{realnode.Name}, []net.IP{net.ParseIP(realnode.Gateway)}, now)
	if err != nil {
		return err
	}
	if err := writePair(at, realNodeFile, kubelet); err != nil {
		return err
	}
	return writeClients(at, authority, node.Server(), []client{
		{node.Clients[realnode.Kubelet], user, []string{"system:nodes"}},
		{node.Clients[realnode.Proxy], "system:kube-proxy", nil},
		{node.Clients[realnode.DNS], nameServer, nil},
	}, now)
}

func serverURL(listen ports) string { return fmt.Sprintf("https://%s:%d", Address, listen.api) }

func kubeconfig(name, user, server string, authority []byte, client pki.Pair) ([]byte, error) {
	contextName := ContextName(name)
	config := clientcmdapi.NewConfig()
	config.Clusters[contextName] = &clientcmdapi.Cluster{Server: server, CertificateAuthorityData: authority}
	config.AuthInfos[user] = &clientcmdapi.AuthInfo{
		ClientCertificateData: client.Certificate,
		ClientKeyData:         client.Key,
	}
	config.Contexts[contextName] = &clientcmdapi.Context{Cluster: contextName, AuthInfo: user}
	config.CurrentContext = contextName
	content, err := clientcmd.Write(*config)
	if err != nil {
		return nil, fmt.Errorf("encode the kubeconfig of %s: %w", user, err)
	}
	return content, nil
}
