package firealert

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/scenario-runner/scenario-runner/steps/web"
)

// sent is the ledger data of fired alerts: all that another process needs to resolve them.
type sent struct {
	To     To      `json:"to"`
	Dir    string  `json:"dir"` // where tls.ca is looked for
	Alerts []alert `json:"alerts"`
}

func describeUndo(s sent) string {
	return fmt.Sprintf("resolve the %s at %s", names(s.Alerts), s.To.address())
}

func (t To) address() string {
	address := t.Webhook
	if address == "" {
		address = t.Alertmanager
	}
	if u, err := url.Parse(address); err == nil {
		return u.Redacted()
	}
	return address
}

func (t To) client(dir string) (*web.Client, error) {
	return web.NewClient(t.TLS, dir, t.RequestTimeout, true)
}

// resolve says that the alerts have ended.
func resolve(ctx context.Context, s sent) error {
	client, err := s.To.client(s.Dir)
	if err != nil {
		return err
	}
	defer client.Close()
	if s.To.Webhook != "" {
		_, err = (&webhook{client, s.To}).send(ctx, ended(s.Alerts), model.AlertResolved)
	} else {
		err = resolveActive(ctx, &apiRoute{client: client, to: s.To}, s.Alerts)
	}
	if err == nil || s.gone(err) {
		return nil
	}
	return fmt.Errorf("the %s could not be resolved%s: %w", names(s.Alerts), s.hint(), err)
}

// resolveActive ends those alerts that Alertmanager still holds: the others were resolved already.
func resolveActive(ctx context.Context, m *apiRoute, alerts []alert) error {
	active, err := m.active(ctx, alerts)
	if err != nil || len(active) == 0 {
		return err
	}
	_, err = m.send(ctx, ended(active))
	return err
}

func (m *apiRoute) active(ctx context.Context, alerts []alert) ([]alert, error) {
	known, err := m.list(ctx, alerts)
	if err != nil {
		return nil, err
	}
	var out []alert
	for _, a := range alerts {
		if _, ok := known[a.fingerprint()]; ok {
			out = append(out, a)
		}
	}
	return out, nil
}

// ended returns alerts that end now. One that was to start later never did.
func ended(alerts []alert) []alert {
	now := time.Now()
	out := make([]alert, len(alerts))
	for i, a := range alerts {
		a.EndsAt = now
		if a.StartsAt.After(now) {
			a.StartsAt = now
		}
		out[i] = a
	}
	return out
}

// gone reports whether err means that there is nobody left who could believe that the alerts fire.
//
// A receiver that does not listen was most often a program of this scenario, and those have been ended by the time the
// undos are carried out. It can't be told anything, and there is nothing to take back in it. The same goes for an
// Alertmanager on this machine, which keeps alerts in memory only; should the address have been a tunnel to one elsewhere,
// the alert ends there at its endsAt. An Alertmanager on another machine that can't be reached is an error.
func (s sent) gone(err error) bool {
	if !web.Refused(err) {
		return false
	}
	if s.To.Webhook != "" {
		return true
	}
	u, parseError := url.Parse(s.To.Alertmanager)
	if parseError != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// hint helps whoever has to resolve the alerts by hand.
func (s sent) hint() string {
	var hints []string
	for _, value := range s.To.Headers {
		if strings.Contains(value, "***") {
			hints = append(hints, "a header of the request was a secret and is not in the ledger")
			break
		}
	}
	if s.To.Alertmanager != "" {
		hints = append(hints, "it ends by itself at "+s.Alerts[0].EndsAt.Format(time.RFC3339))
	}
	if len(hints) == 0 {
		return ""
	}
	return " (" + strings.Join(hints, "; ") + ")"
}

// waitResolved waits until Alertmanager does not list the alerts any more.
func waitResolved(ctx context.Context, s sent) error {
	if s.To.Webhook != "" {
		return nil // it said that it has understood
	}
	client, err := s.To.client(s.Dir)
	if err != nil {
		return err
	}
	defer client.Close()
	m := &apiRoute{client: client, to: s.To}
	ok, err := repeatedly(ctx, func() (bool, error) {
		active, err := m.active(ctx, s.Alerts)
		return len(active) == 0, err
	})
	switch {
	case err != nil && s.gone(err):
		return nil
	case err == nil && !ok:
		err = errors.New("it is still listed as active")
	}
	if err != nil {
		return fmt.Errorf("the %s could not be resolved%s: %w", names(s.Alerts), s.hint(), err)
	}
	return nil
}
