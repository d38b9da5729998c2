package dns

import (
	"cmp"
	"net"
	"slices"
	"strings"

	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	corelisters "k8s.io/client-go/listers/core/v1"
	discoverylisters "k8s.io/client-go/listers/discovery/v1"
	"k8s.io/client-go/tools/cache"
)

// lifetime is how many seconds an answer may be kept. Tests change services all the time.
const lifetime = 1

// zone answers for a cluster.
type zone struct {
	domain   string
	services corelisters.ServiceLister
	slices   discoverylisters.EndpointSliceLister
	// addresses finds services by their addresses.
	addresses cache.Indexer
}

const addressIndex = "address"

func newZone(domain string, factory informers.SharedInformerFactory) (*zone, error) {
	services := factory.Core().V1().Services()
	err := services.Informer().AddIndexers(cache.Indexers{addressIndex: func(object any) ([]string, error) {
		if service, ok := object.(*corev1.Service); ok {
			return service.Spec.ClusterIPs, nil
		}
		return nil, nil
	}})
	if err != nil {
		return nil, err
	}
	return &zone{
		domain: dns.Fqdn(domain), services: services.Lister(),
		slices:    factory.Discovery().V1().EndpointSlices().Lister(),
		addresses: services.Informer().GetIndexer(),
	}, nil
}

// ServeDNS answers one question.
func (z *zone) ServeDNS(writer dns.ResponseWriter, question *dns.Msg) {
	answer := z.answer(question)
	limit := dns.MinMsgSize
	if extended := question.IsEdns0(); extended != nil {
		limit = int(extended.UDPSize())
	}
	if writer.RemoteAddr().Network() == "udp" {
		answer.Truncate(limit)
	}
	_ = writer.WriteMsg(answer) // who has asked will ask again
}

func (z *zone) answer(question *dns.Msg) *dns.Msg {
	answer := new(dns.Msg)
	answer.SetReply(question)
	if len(question.Question) != 1 {
		answer.Rcode = dns.RcodeFormatError
		return answer
	}
	asked := question.Question[0]
	name := strings.ToLower(asked.Name)
	answer.Authoritative = true
	found, exists := z.find(name)
	if !exists {
		answer.Rcode = dns.RcodeNameError
	}
	for _, record := range found {
		kind := record.Header().Rrtype
		if kind == asked.Qtype || kind == dns.TypeCNAME || asked.Qtype == dns.TypeANY {
			// The name is repeated as it was asked for: some programs compare it letter by letter.
			record.Header().Name = asked.Name
			answer.Answer = append(answer.Answer, record)
		}
	}
	if len(answer.Answer) == 0 {
		answer.Ns = []dns.RR{z.authority()}
	}
	return answer
}

// authority says for how long it may be kept in mind that there is nothing.
func (z *zone) authority() dns.RR {
	return &dns.SOA{
		Hdr: header(z.domain, dns.TypeSOA), Ns: "ns.dns." + z.domain, Mbox: "hostmaster." + z.domain,
		Serial: 1, Refresh: lifetime, Retry: lifetime, Expire: lifetime, Minttl: lifetime,
	}
}

// find returns what is known of a name, of every type, and whether the name exists.
func (z *zone) find(name string) (found []dns.RR, exists bool) {
	if strings.HasSuffix(name, ".in-addr.arpa.") {
		return z.reverse(name)
	}
	rest, inside := strings.CutSuffix(name, "."+z.domain)
	if !inside {
		return nil, name == z.domain
	}
	parts := strings.Split(rest, ".")
	switch last := len(parts) - 1; parts[last] {
	case "svc":
		return z.service(name, parts[:last])
	case "pod":
		return pod(name, parts[:last])
	default:
		return nil, false
	}
}

// service knows SERVICE.NAMESPACE, HOST.SERVICE.NAMESPACE and _PORT._PROTOCOL.SERVICE.NAMESPACE.
func (z *zone) service(name string, parts []string) ([]dns.RR, bool) {
	if len(parts) < 2 {
		// A namespace with services exists, but has no address.
		return nil, len(parts) == 0 || z.hasServices(parts[0])
	}
	namespace, serviceName := parts[len(parts)-1], parts[len(parts)-2]
	service, err := z.services.Services(namespace).Get(serviceName)
	if err != nil {
		return nil, false
	}
	switch before := parts[:len(parts)-2]; {
	case service.Spec.Type == corev1.ServiceTypeExternalName:
		return []dns.RR{&dns.CNAME{Hdr: header(name, dns.TypeCNAME), Target: dns.Fqdn(service.Spec.ExternalName)}}, len(before) == 0
	case len(before) == 0:
		return z.addressesOf(name, service), true
	case len(before) == 1 && headless(service):
		return z.host(name, service, before[0])
	case len(before) == 2 && strings.HasPrefix(before[0], "_") && strings.HasPrefix(before[1], "_"):
		return z.ports(name, service, before[0][1:], before[1][1:])
	default:
		return nil, false
	}
}

func (z *zone) hasServices(namespace string) bool {
	services, err := z.services.Services(namespace).List(labels.Everything())
	return err == nil && len(services) > 0
}

func headless(service *corev1.Service) bool { return service.Spec.ClusterIP == corev1.ClusterIPNone }

func (z *zone) addressesOf(name string, service *corev1.Service) []dns.RR {
	if !headless(service) {
		return addressRecords(name, service.Spec.ClusterIPs)
	}
	var addresses []string
	for _, endpoint := range z.endpoints(service) {
		addresses = append(addresses, endpoint.address)
	}
	return addressRecords(name, addresses)
}

// host knows the pods of a headless service by their names, or by their addresses with dashes.
func (z *zone) host(name string, service *corev1.Service, host string) ([]dns.RR, bool) {
	for _, endpoint := range z.endpoints(service) {
		if endpoint.host() == host {
			return addressRecords(name, []string{endpoint.address}), true
		}
	}
	return nil, false
}

// ports knows the named ports of a service.
func (z *zone) ports(name string, service *corev1.Service, port, protocol string) ([]dns.RR, bool) {
	target := service.Name + "." + service.Namespace + ".svc." + z.domain
	var found []dns.RR
	if headless(service) {
		for _, endpoint := range z.endpoints(service) {
			if number, ok := endpoint.ports[port+"/"+protocol]; ok {
				found = append(found, &dns.SRV{Hdr: header(name, dns.TypeSRV), Weight: 1, Port: number, Target: endpoint.host() + "." + target})
			}
		}
		return found, len(found) > 0
	}
	for _, each := range service.Spec.Ports {
		if each.Name == port && strings.EqualFold(string(cmp.Or(each.Protocol, corev1.ProtocolTCP)), protocol) {
			found = append(found, &dns.SRV{Hdr: header(name, dns.TypeSRV), Weight: 1, Port: uint16(each.Port), Target: target})
		}
	}
	return found, len(found) > 0
}

// endpoint is one address behind a headless service.
type endpoint struct {
	address string
	name    string
	// ports are the numbers of named ports, by name and protocol.
	ports map[string]uint16
}

func (e endpoint) host() string { return cmp.Or(e.name, strings.ReplaceAll(e.address, ".", "-")) }

func (z *zone) endpoints(service *corev1.Service) []endpoint {
	selector := labels.SelectorFromSet(labels.Set{discoveryv1.LabelServiceName: service.Name})
	found, err := z.slices.EndpointSlices(service.Namespace).List(selector)
	if err != nil {
		return nil
	}
	var all []endpoint
	for _, slice := range found {
		if slice.AddressType != discoveryv1.AddressTypeIPv4 {
			continue
		}
		for _, each := range slice.Endpoints {
			// An unready endpoint is listed where the service asks for that: the slice says then that it is ready.
			if each.Conditions.Ready != nil && !*each.Conditions.Ready {
				continue
			}
			all = append(all, newEndpoints(each, slice.Ports)...)
		}
	}
	slices.SortFunc(all, func(a, b endpoint) int { return cmp.Compare(a.address, b.address) })
	return slices.CompactFunc(all, func(a, b endpoint) bool { return a.address == b.address })
}

func newEndpoints(from discoveryv1.Endpoint, ports []discoveryv1.EndpointPort) []endpoint {
	numbers := map[string]uint16{}
	for _, port := range ports {
		if port.Name == nil || port.Port == nil {
			continue
		}
		protocol := corev1.ProtocolTCP
		if port.Protocol != nil {
			protocol = *port.Protocol
		}
		numbers[*port.Name+"/"+strings.ToLower(string(protocol))] = uint16(*port.Port)
	}
	var all []endpoint
	for _, address := range from.Addresses {
		each := endpoint{address: address, ports: numbers}
		if from.Hostname != nil {
			each.name = *from.Hostname
		}
		all = append(all, each)
	}
	return all
}

// pod knows the address that stands in the name of a pod: 10-1-2-3.NAMESPACE.
func pod(name string, parts []string) ([]dns.RR, bool) {
	if len(parts) != 2 {
		return nil, false
	}
	found := addressRecords(name, []string{strings.ReplaceAll(parts[0], "-", ".")})
	return found, len(found) > 0
}

// reverse knows the services by their addresses.
func (z *zone) reverse(name string) ([]dns.RR, bool) {
	digits := strings.Split(strings.TrimSuffix(name, ".in-addr.arpa."), ".")
	slices.Reverse(digits)
	found, err := z.addresses.ByIndex(addressIndex, strings.Join(digits, "."))
	if err != nil || len(found) == 0 {
		return nil, false
	}
	service, ok := found[0].(*corev1.Service)
	if !ok {
		return nil, false
	}
	target := service.Name + "." + service.Namespace + ".svc." + z.domain
	return []dns.RR{&dns.PTR{Hdr: header(name, dns.TypePTR), Ptr: target}}, true
}

func addressRecords(name string, addresses []string) []dns.RR {
	var found []dns.RR
	for _, address := range addresses {
		if parsed := net.ParseIP(address).To4(); parsed != nil {
			found = append(found, &dns.A{Hdr: header(name, dns.TypeA), A: parsed})
		}
	}
	return found
}

func header(name string, kind uint16) dns.RR_Header {
	return dns.RR_Header{Name: name, Rrtype: kind, Class: dns.ClassINET, Ttl: lifetime}
}
