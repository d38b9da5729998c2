package postgres

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

// check reports what is wrong or unwise about t, which stands at path.
func (t *TLS) check(path string, p *step.Problems) {
	if t == nil {
		return
	}
	if t.InsecureSkipVerify {
		p.Warn(path+".insecureSkipVerify", "insecure-tls", "the server can be anybody; name its authority in ca instead")
		if t.CA != "" {
			p.At(path+".insecureSkipVerify", "an authority is given, but this would ignore it; remove one of the two")
		}
	}
	for _, file := range []struct{ field, path string }{{"ca", t.CA}, {"cert", t.Cert}, {"key", t.Key}} {
		if file.path != "" && !filepath.IsLocal(file.path) {
			p.At(path+"."+file.field, "%q is outside the scenario's folder; paths in a scenario stay inside it", file.path)
		}
	}
	if p.Given(path+".cert") != p.Given(path+".key") {
		p.Mistake(path, "missing-field", "cert and key belong together; one of the two is missing")
	}
}

// config returns the settings for Go's TLS client, nil for a connection without TLS.
func (t Target) config() (*tls.Config, error) {
	if t.tls == nil {
		return nil, nil //nolint:nilnil // nil means a connection without TLS
	}
	config := &tls.Config{
		MinVersion: tls.VersionTLS12, ServerName: t.tls.ServerName,
		InsecureSkipVerify: t.tls.InsecureSkipVerify, //nolint:gosec // the author asked for it and was warned
	}
	if config.ServerName == "" {
		config.ServerName = t.Host
	}
	if t.tls.CA != "" {
		pem, err := os.ReadFile(t.tls.CA)
		if err != nil {
			return nil, fmt.Errorf("tls.ca: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("tls.ca: %s holds no certificate in PEM form", filepath.Base(t.tls.CA))
		}
	}
	return config, t.present(config)
}

// present adds the client's own certificate.
func (t Target) present(config *tls.Config) error {
	if t.tls.Certificate == "" && t.tls.Key == "" {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(t.tls.Certificate, t.tls.Key)
	if err != nil {
		return fmt.Errorf("tls.cert: %w", err)
	}
	config.Certificates = []tls.Certificate{pair}
	return nil
}
