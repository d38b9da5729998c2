// Package endpoint is how steps reach a Prometheus or an Alertmanager: by an address in the scenario, by the
// configuration of the project, or by what the cluster in the box brings. It knows HTTP and trust, and nothing of what
// the servers say.
package endpoint

import (
	"context"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/settings"
	"github.com/scenario-runner/scenario-runner/steps/web"
)

// usualTimeout is how long one request may take when nobody says.
const usualTimeout = 10 * time.Second

// Address is what the author writes to reach a server. The zero value is the server of the configuration.
type Address struct {
	URL            string            `yaml:"url" json:"url,omitempty" required:"true" shorthand:"true" doc:"Address of the server." example:"http://127.0.0.1:9090"`
	Headers        map[string]string `yaml:"headers" json:"headers,omitempty" doc:"Headers of each request, for a token."`
	TLS            *web.TLS          `yaml:"tls" json:"tls,omitempty" doc:"Whom to trust."`
	RequestTimeout time.Duration     `yaml:"requestTimeout" json:"requestTimeout,omitempty" doc:"How long one request may take; 10s if not given." example:"5s"`
}

// Check reports the mistakes of an address that stands at a path of the config, nil when the author left it out.
func (a *Address) Check(path string, server settings.Server, s *settings.Settings, p *step.Problems) {
	if a == nil {
		if !p.Given(path) && !s.Has(server) {
			p.Mistake("", "missing-field", "%s", s.Missing(server))
		}
		return
	}
	if a.URL != "" {
		if u, err := url.Parse(a.URL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			p.At(path+".url", "an address starts with http:// or https:// and names a host; found %q", a.URL)
		}
	}
	if a.RequestTimeout < 0 {
		p.At(path+".requestTimeout", "requestTimeout: expected a positive duration, found %s", a.RequestTimeout)
	}
	a.TLS.Check(path+".tls", p)
}

// Kept is how a server is reached by another process: what an entry of the ledger holds of it. Secrets of the
// configuration are not part of it, they are read again.
type Kept struct {
	Server settings.Server `json:"server"`
	Named  bool            `json:"named,omitempty"` // in the configuration
	Dir    string          `json:"dir,omitempty"`   // where tls.ca is looked for
	Address
}

// Open finds out how a server is reached and returns a connection to it. Secrets are masked.
func Open(ctx context.Context, s *settings.Settings, run *step.Run, server settings.Server, a *Address) (*Conn, error) {
	if a == nil {
		return configured(ctx, s, server, run.Host.Mask)
	}
	for _, secret := range web.Secrets(a.Headers, a.URL) {
		run.Host.Mask(secret)
	}
	dir, err := filepath.Abs(run.Folder())
	if err != nil {
		return nil, err
	}
	return connect(Kept{Server: server, Dir: dir, Address: *a}, "")
}

// Reopen returns a connection to a server that an entry of the ledger names.
func Reopen(ctx context.Context, s *settings.Settings, k Kept) (*Conn, error) {
	if k.Named && s.Named(k.Server) != nil {
		return configured(ctx, s, k.Server, func(string) {}) // the one who reads the configuration masks its secrets
	}
	return connect(k, "")
}

// configured connects to the server of the configuration or to the add-on.
func configured(ctx context.Context, s *settings.Settings, server settings.Server, mask func(string)) (*Conn, error) {
	e, err := s.Reach(ctx, server)
	if err != nil {
		return nil, err
	}
	headers, secrets, err := s.Headers(e)
	if err != nil {
		return nil, err
	}
	for _, secret := range secrets {
		mask(secret)
	}
	k := Kept{Server: server, Named: s.Named(server) != nil, Address: Address{URL: e.URL, Headers: headers}}
	if t := e.TLS; t != nil {
		k.TLS = &web.TLS{ServerName: t.ServerName, InsecureSkipVerify: t.InsecureSkipVerify}
		if t.CA != "" {
			k.Dir, k.TLS.CA = filepath.Dir(t.CA), filepath.Base(t.CA)
		}
	}
	return connect(k, e.RulesDir)
}

func connect(k Kept, rules string) (*Conn, error) {
	if k.RequestTimeout == 0 {
		k.RequestTimeout = usualTimeout
	}
	client, err := web.NewClient(k.TLS, k.Dir, k.RequestTimeout, true)
	if err != nil {
		return nil, err
	}
	k.URL = strings.TrimRight(k.URL, "/")
	return &Conn{RulesDir: rules, kept: k, client: client}, nil
}
