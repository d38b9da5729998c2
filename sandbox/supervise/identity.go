package supervise

import (
	"fmt"
	"net"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/scenario-runner/scenario-runner/sandbox/pki"
	"github.com/scenario-runner/scenario-runner/sandbox/place"
)

// mastersGroup is the group whose members may do everything.
const mastersGroup = "system:masters"

// ContextName is the name of a sandbox's context in its kubeconfig.
func ContextName(name string) string { return "sandbox-" + name }

// prepareIdentities writes the certificates, the keys and the kubeconfigs of a sandbox.
func prepareIdentities(at place.Place, listen ports, now time.Time) error {
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
	return writeKubeconfigs(at, authority, listen, now)
}

func writeServers(at place.Place, authority *pki.Authority, now time.Time) error {
	addresses := []net.IP{net.ParseIP(Address), net.ParseIP(serviceAddress)}
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
	kubeletClient, err := authority.Client("kube-apiserver-kubelet-client", nil, now)
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
		if err := at.Write(at.PKI(each.file+".crt"), each.pair.Certificate); err != nil {
			return err
		}
		if err := at.Write(at.PKI(each.file+".key"), each.pair.Key); err != nil {
			return err
		}
	}
	return nil
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
	clients := []struct {
		path   string
		user   string
		groups []string
	}{
		{at.Client(ControllerManager), "system:kube-controller-manager", nil},
		{at.Client(Scheduler), "system:kube-scheduler", nil},
		{at.Client(KWOK), "sandbox:kwok", []string{mastersGroup}},
		{at.Kubeconfig(), "sandbox:administrator", []string{mastersGroup}},
	}
	for _, client := range clients {
		pair, err := authority.Client(client.user, client.groups, now)
		if err != nil {
			return err
		}
		content, err := kubeconfig(at.Name, client.user, serverURL(listen), authority.Certificate, pair)
		if err != nil {
			return err
		}
		if err := at.Write(client.path, content); err != nil {
			return err
		}
	}
	return nil
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
