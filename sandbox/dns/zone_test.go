package dns

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
)

func objects() []runtime.Object {
	yes, no, web, db0, port, tcp := true, false, "http", "db-0", int32(8080), corev1.ProtocolTCP
	meta := func(name string, labels map[string]string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Namespace: "shop", Name: name, Labels: labels}
	}
	return []runtime.Object{
		&corev1.Service{ObjectMeta: meta("web", nil), Spec: corev1.ServiceSpec{
			ClusterIP: "10.96.0.7", ClusterIPs: []string{"10.96.0.7"}, Ports: []corev1.ServicePort{{Name: "http", Port: 80}},
		}},
		&corev1.Service{ObjectMeta: meta("db", nil), Spec: corev1.ServiceSpec{ClusterIP: "None", ClusterIPs: []string{"None"}}},
		&corev1.Service{ObjectMeta: meta("mail", nil), Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "mail.example"}},
		&discoveryv1.EndpointSlice{
			ObjectMeta: meta("db-x", map[string]string{discoveryv1.LabelServiceName: "db"}), AddressType: discoveryv1.AddressTypeIPv4,
			Ports: []discoveryv1.EndpointPort{{Name: &web, Port: &port, Protocol: &tcp}},
			Endpoints: []discoveryv1.Endpoint{
				{Addresses: []string{"10.1.0.3"}, Conditions: discoveryv1.EndpointConditions{Ready: &yes}},
				{Addresses: []string{"10.1.0.2"}, Hostname: &db0, Conditions: discoveryv1.EndpointConditions{Ready: &yes}},
				{Addresses: []string{"10.1.0.4"}, Conditions: discoveryv1.EndpointConditions{Ready: &no}},
			},
		},
	}
}

func startZone(t *testing.T) *zone {
	t.Helper()
	factory := informers.NewSharedInformerFactory(fake.NewClientset(objects()...), 0)
	z, err := newZone("cluster.local", factory)
	if err != nil {
		t.Fatal(err)
	}
	factory.Start(t.Context().Done())
	for kind, synced := range factory.WaitForCacheSync(t.Context().Done()) {
		if !synced {
			t.Fatalf("%s: not read", kind)
		}
	}
	return z
}

func ask(z *zone, name string, kind uint16) (code string, records []string) {
	question := new(dns.Msg)
	question.SetQuestion(name, kind)
	answer := z.answer(question)
	for _, record := range answer.Answer {
		fields := strings.Fields(record.String())
		records = append(records, strings.Join(fields[3:], " "))
	}
	return dns.RcodeToString[answer.Rcode], records
}

func TestNamesOfTheCluster(t *testing.T) {
	z := startZone(t)
	for _, test := range []struct {
		name    string
		kind    uint16
		code    string
		records []string
	}{
		{"web.shop.svc.cluster.local.", dns.TypeA, "NOERROR", []string{"A 10.96.0.7"}},
		{"WEB.Shop.svc.cluster.local.", dns.TypeA, "NOERROR", []string{"A 10.96.0.7"}},
		// That there is no address of the other kind must not mean that there is no such name.
		{"web.shop.svc.cluster.local.", dns.TypeAAAA, "NOERROR", nil},
		{"_http._tcp.web.shop.svc.cluster.local.", dns.TypeSRV, "NOERROR", []string{"SRV 0 1 80 web.shop.svc.cluster.local."}},
		{"db.shop.svc.cluster.local.", dns.TypeA, "NOERROR", []string{"A 10.1.0.2", "A 10.1.0.3"}},
		{"db-0.db.shop.svc.cluster.local.", dns.TypeA, "NOERROR", []string{"A 10.1.0.2"}},
		{"10-1-0-3.db.shop.svc.cluster.local.", dns.TypeA, "NOERROR", []string{"A 10.1.0.3"}},
		{"10-1-0-4.db.shop.svc.cluster.local.", dns.TypeA, "NXDOMAIN", nil},
		{"_http._tcp.db.shop.svc.cluster.local.", dns.TypeSRV, "NOERROR", []string{
			"SRV 0 1 8080 db-0.db.shop.svc.cluster.local.", "SRV 0 1 8080 10-1-0-3.db.shop.svc.cluster.local.",
		}},
		{"mail.shop.svc.cluster.local.", dns.TypeA, "NOERROR", []string{"CNAME mail.example."}},
		{"10-1-0-9.shop.pod.cluster.local.", dns.TypeA, "NOERROR", []string{"A 10.1.0.9"}},
		{"7.0.96.10.in-addr.arpa.", dns.TypePTR, "NOERROR", []string{"PTR web.shop.svc.cluster.local."}},
		{"shop.svc.cluster.local.", dns.TypeA, "NOERROR", nil},
		{"nothing.svc.cluster.local.", dns.TypeA, "NXDOMAIN", nil},
		{"missing.shop.svc.cluster.local.", dns.TypeA, "NXDOMAIN", nil},
		{"a.web.shop.svc.cluster.local.", dns.TypeA, "NXDOMAIN", nil},
		{"_other._tcp.web.shop.svc.cluster.local.", dns.TypeSRV, "NXDOMAIN", nil},
		{"web.svc.cluster.local.shop.", dns.TypeA, "NXDOMAIN", nil},
		{"example.com.", dns.TypeA, "NXDOMAIN", nil},
	} {
		code, records := ask(z, test.name, test.kind)
		if code != test.code || !cmp.Equal(records, test.records) {
			t.Errorf("%s %s: found %s %q, expected %s %q", test.name, dns.TypeToString[test.kind], code, records, test.code, test.records)
		}
	}
}

func TestAQuestionWithoutANameIsRefused(t *testing.T) {
	answer := startZone(t).answer(new(dns.Msg))
	if answer.Rcode != dns.RcodeFormatError {
		t.Errorf("found %s", dns.RcodeToString[answer.Rcode])
	}
}
