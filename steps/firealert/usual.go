package firealert

import (
	"path/filepath"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/settings"
	"github.com/scenario-runner/scenario-runner/steps/web"
)

// place fills in where the alert goes when the author leaves it out: the Alertmanager of the project. It returns the
// folder in which tls.ca is looked for.
func (c *Config) place(s *settings.Settings, run *step.Run) (dir string, err error) {
	dir = run.Folder()
	if c.To.Alertmanager != "" || c.To.Webhook != "" || s.Alertmanager == nil {
		return dir, nil
	}
	headers, secrets, err := s.Headers(s.Alertmanager)
	if err != nil {
		return "", err
	}
	for _, secret := range secrets {
		run.Host.Mask(secret)
	}
	c.To.Alertmanager, c.To.Headers = s.Alertmanager.URL, headers
	if t := s.Alertmanager.TLS; t != nil {
		c.To.TLS = &web.TLS{ServerName: t.ServerName, InsecureSkipVerify: t.InsecureSkipVerify}
		if t.CA != "" {
			dir, c.To.TLS.CA = filepath.Dir(t.CA), filepath.Base(t.CA)
		}
	}
	return dir, nil
}
