package web

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

// TLS says whom to trust. It is a part of the config of steps.
type TLS struct {
	CA                 string `yaml:"ca" doc:"File with the certificates of the authority that signed the server's, in PEM form, inside the scenario's folder."`
	CAData             string `yaml:"caData" doc:"The same as text, for a certificate that another step or a secret gives."`
	ServerName         string `yaml:"serverName" doc:"Name that the server's certificate must have, when it is not the one in the address."`
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
	if t.CA != "" && !filepath.IsLocal(t.CA) {
		p.At(path+".ca", "%q is outside the scenario's folder; paths in a scenario stay inside it", t.CA)
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

func (t *TLS) authorities(dir string) ([]byte, error) {
	if t.CA == "" {
		if t.CAData == "" {
			return nil, nil
		}
		return []byte(t.CAData), nil
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close() //nolint:errcheck // nothing was written
	pem, err := root.ReadFile(t.CA)
	if err != nil {
		return nil, fmt.Errorf("tls.ca: %w", err)
	}
	return pem, nil
}
