package web

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

// TLS says whom to trust. It is a part of the config of steps.
type TLS struct {
	CA                 string `yaml:"ca" doc:"File with the certificates of the authority that signed the server's, in PEM form, inside the scenario's folder."`
	CAData             string `yaml:"caData" doc:"The same as text, for a certificate that another step or a secret gives."`
	ServerName         string `yaml:"serverName" doc:"Name that the server's certificate must have, when it is not the one in the address."`
	Certificate        string `yaml:"certificate" doc:"File with our own certificate, in PEM form, inside the scenario's folder, for servers that want to know who asks."`
	Key                string `yaml:"key" doc:"File with the key that belongs to certificate."`
	CertificateData    string `yaml:"certificateData" doc:"Our own certificate as text."`
	KeyData            string `yaml:"keyData" doc:"The key that belongs to it as text, from a secret." example:"${{ secrets.clientKey }}"`
	InsecureSkipVerify bool   `yaml:"insecureSkipVerify" doc:"Talk to any server, whoever it is. Nothing that it says proves anything then."`
}

// Check reports what is wrong or unwise about t, which stands at path.
func (t *TLS) Check(path string, p *step.Problems) {
	if t == nil {
		return
	}
	if t.InsecureSkipVerify {
		p.Warn(path+".insecureSkipVerify", "insecure-tls", "the server can be anybody; name its authority in ca instead")
		if t.CA != "" || t.CAData != "" {
			p.At(path+".insecureSkipVerify", "an authority is given, but this would ignore it; remove one of the two")
		}
	}
	for _, f := range []struct{ name, file string }{{"ca", t.CA}, {"certificate", t.Certificate}, {"key", t.Key}} {
		if f.file != "" && !filepath.IsLocal(f.file) {
			p.At(path+"."+f.name, "%q is outside the scenario's folder; paths in a scenario stay inside it", f.file)
		}
	}
	for _, pair := range [][2]string{{"certificate", "key"}, {"key", "certificate"}, {"certificateData", "keyData"}, {"keyData", "certificateData"}} {
		if p.Given(path+"."+pair[0]) && !p.Given(path+"."+pair[1]) {
			p.Mistake(path, "missing-field", "%s needs %s beside it", pair[0], pair[1])
		}
	}
	if p.Given(path+".certificate") && p.Given(path+".certificateData") {
		p.Mistake(path+".certificateData", "exclusive-fields", "only one of certificate, certificateData can be given")
	}
	if t.CA != "" && t.CAData != "" {
		p.Mistake(path+".caData", "exclusive-fields", "only one of ca, caData can be given")
	}
}

// config returns the settings for Go's TLS client, nil for the usual ones.
func (t *TLS) config(dir string) (*tls.Config, error) {
	if t == nil {
		return nil, nil //nolint:nilnil // nil means the usual settings
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName, InsecureSkipVerify: t.InsecureSkipVerify} //nolint:gosec // the author asked for it and was warned
	if err := t.identify(config, dir); err != nil {
		return nil, err
	}
	pem, err := t.authorities(dir)
	if err != nil || pem == nil {
		return config, err
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(pem) {
		return nil, errors.New("tls.ca holds no certificate in PEM form")
	}
	return config, nil
}

// identify puts in our own certificate. No error shows what a key holds.
func (t *TLS) identify(config *tls.Config, dir string) error {
	certificate, key := []byte(t.CertificateData), []byte(t.KeyData)
	if t.Certificate != "" {
		var err error
		if certificate, err = read(dir, "certificate", t.Certificate); err != nil {
			return err
		}
		if key, err = read(dir, "key", t.Key); err != nil {
			return err
		}
	}
	if len(certificate) == 0 && len(key) == 0 {
		return nil
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return fmt.Errorf("tls.certificate and its key can't be used: %s", strings.TrimPrefix(err.Error(), "tls: "))
	}
	config.Certificates = []tls.Certificate{pair}
	return nil
}

func (t *TLS) authorities(dir string) ([]byte, error) {
	switch {
	case t.CA != "":
		return read(dir, "ca", t.CA)
	case t.CAData != "":
		return []byte(t.CAData), nil
	}
	return nil, nil
}

// read reads a file inside of a folder.
func read(dir, field, name string) ([]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close() //nolint:errcheck // nothing was written
	data, err := root.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("tls.%s: %w", field, err)
	}
	return data, nil
}
