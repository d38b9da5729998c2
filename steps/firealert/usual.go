package firealert

import (
	"context"
	"path/filepath"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/settings"
	"github.com/scenario-runner/scenario-runner/steps/web"
)

// place fills in where the alert goes when the author leaves it out: the Alertmanager of the project. It returns the
// folder in which tls.ca is looked for.
func (c *Config) place(ctx context.Context, s *settings.Settings, run *step.Run) (dir string, err error) {
	dir = run.Folder()
	if c.To.Alertmanager != "" || c.To.Webhook != "" {
		return dir, nil
	}
	usual, err := s.Reach(ctx, settings.Alertmanager)
	if err != nil {
		return "", err
	}
	headers, secrets, err := s.Headers(usual)
	if err != nil {
		return "", err
	}
	for _, secret := range secrets {
		run.Host.Mask(secret)
	}
	c.To.Alertmanager, c.To.Headers = usual.URL, headers
	if t := usual.TLS; t != nil {
		c.To.TLS = &web.TLS{ServerName: t.ServerName, InsecureSkipVerify: t.InsecureSkipVerify}
		if t.CA != "" {
			dir, c.To.TLS.CA = filepath.Dir(t.CA), filepath.Base(t.CA)
		}
	}
	return dir, nil
}
