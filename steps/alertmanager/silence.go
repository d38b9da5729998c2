package alertmanager

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/scenario-runner/scenario-runner/steps/endpoint"
)

// Matcher says which alerts are meant, by one label.
type Matcher struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	IsRegex bool   `json:"isRegex"`
	IsEqual bool   `json:"isEqual"`
}

// Equal returns a matcher for one value of a label.
func Equal(name, value string) Matcher { return Matcher{Name: name, Value: value, IsEqual: true} }

// String writes the matcher as Alertmanager does.
func (m Matcher) String() string {
	operator := map[[2]bool]string{{true, false}: "=", {false, false}: "!=", {true, true}: "=~", {false, true}: "!~"}
	return fmt.Sprintf("%s%s%q", m.Name, operator[[2]bool{m.IsEqual, m.IsRegex}], m.Value)
}

// Silence is a silence as the API takes it.
type Silence struct {
	Matchers  []Matcher `json:"matchers"`
	StartsAt  time.Time `json:"startsAt"`
	EndsAt    time.Time `json:"endsAt"`
	CreatedBy string    `json:"createdBy"`
	Comment   string    `json:"comment"`
}

// Listed is a silence that Alertmanager has.
type Listed struct {
	ID      string `json:"id"`
	Comment string `json:"comment"`
	Status  struct {
		State string `json:"state"` // pending, active or expired
	} `json:"status"`
}

// Silence makes a silence and returns its id.
func (c Client) Silence(ctx context.Context, s Silence) (string, error) {
	var made struct {
		ID string `json:"silenceID"`
	}
	if err := c.send(ctx, "/api/v2/silences", s, &made); err != nil {
		return "", err
	}
	if made.ID == "" {
		return "", c.Garbage(endpoint.Request{Method: http.MethodPost, Path: "/api/v2/silences"}, "")
	}
	return made.ID, nil
}

// Silences lists all silences, expired ones included.
func (c Client) Silences(ctx context.Context) ([]Listed, error) {
	var out []Listed
	err := c.JSON(ctx, endpoint.Request{Method: http.MethodGet, Path: "/api/v2/silences"}, &out)
	return out, err
}

// Expire ends a silence.
func (c Client) Expire(ctx context.Context, id string) error {
	_, err := c.Do(ctx, endpoint.Request{Method: http.MethodDelete, Path: "/api/v2/silence/" + url.PathEscape(id)})
	return err
}
