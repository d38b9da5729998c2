package mock

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"

	"github.com/scenario-runner/scenario-runner/steps/inbox"
)

// TLS makes a backend speak TLS, with a certificate that is made for it.
type TLS struct {
	Names   []string `yaml:"names" single:"true" doc:"Host names and addresses that the certificate is for; 127.0.0.1 and localhost if not given." example:"[llm.shop.svc]"`
	Expired bool     `yaml:"expired" doc:"The certificate ended yesterday."`
}

// validity is how long a certificate is good: a scenario is over by then.
const validity = 24 * time.Hour

// certify makes a certificate that is its own authority, for clients to trust as it is. ca is the certificate in PEM form.
func (t *TLS) certify(now time.Time) (config *tls.Config, ca string, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, "", fmt.Errorf("make a key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)) //nolint:mnd // bits, at most 160 (RFC 5280, 4.1.2.2)
	if err != nil {
		return nil, "", fmt.Errorf("make a serial number: %w", err)
	}
	if t.Expired {
		now = now.Add(-2 * validity)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "scenario-runner mock"}, NotBefore: now.Add(-time.Minute), NotAfter: now.Add(validity),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IsCA: true, BasicConstraintsValid: true,
	}
	names := t.Names
	if len(names) == 0 {
		names = []string{inbox.Loopback, "localhost"}
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
			continue
		}
		template.DNSNames = append(template.DNSNames, name)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, "", fmt.Errorf("make a certificate: %w", err)
	}
	config = &tls.Config{
		MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		NextProtos: []string{"http/1.1"}, // the faults of connections need a connection for each request
	}
	return config, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), nil
}
