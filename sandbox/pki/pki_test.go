package pki

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"testing"
	"time"
)

func TestCertificatesProveThemselves(t *testing.T) {
	now := time.Now()
	authority, err := NewAuthority("test", now)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority.Certificate) {
		t.Fatal("the authority is no certificate")
	}
	server, err := authority.Server("server", []string{"localhost"}, []net.IP{net.ParseIP("127.0.0.1")}, now)
	if err != nil {
		t.Fatal(err)
	}
	client, err := authority.Client("someone", []string{"system:masters"}, now)
	if err != nil {
		t.Fatal(err)
	}
	serverLeaf, clientLeaf := leaf(t, server), leaf(t, client)
	for _, host := range []string{"localhost", "127.0.0.1"} {
		if _, err := serverLeaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: host}); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	asClient := x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	if _, err := clientLeaf.Verify(asClient); err != nil {
		t.Error(err)
	}
	if _, err := serverLeaf.Verify(asClient); err == nil {
		t.Error("a server's certificate passes as a client's")
	}
	if clientLeaf.Subject.CommonName != "someone" || clientLeaf.Subject.Organization[0] != "system:masters" {
		t.Errorf("found subject %s", clientLeaf.Subject)
	}
}

func leaf(t *testing.T, pair Pair) *x509.Certificate {
	t.Helper()
	loaded, err := tls.X509KeyPair(pair.Certificate, pair.Key)
	if err != nil {
		t.Fatal(err)
	}
	return loaded.Leaf
}

func TestAuthoritiesDiffer(t *testing.T) {
	now := time.Now()
	one, err := NewAuthority("same", now)
	if err != nil {
		t.Fatal(err)
	}
	two, err := NewAuthority("same", now)
	if err != nil {
		t.Fatal(err)
	}
	client, err := two.Client("someone", nil, now)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(one.Certificate)
	options := x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}
	if _, err := leaf(t, client).Verify(options); err == nil {
		t.Error("a client of one sandbox is accepted by another")
	}
}

func TestSigningKey(t *testing.T) {
	private, public, err := SigningKey()
	if err != nil {
		t.Fatal(err)
	}
	if string(private[:10]) != "-----BEGIN" || string(public[:26]) != "-----BEGIN PUBLIC KEY-----" {
		t.Errorf("found %.30s and %.30s", private, public)
	}
}
