// Package notify tells a webhook how an alert ended. It does not retry and keeps nothing:
// the history is the record.
package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/history"
)

// Webhook posts entries as JSON.
type Webhook struct {
	url    string
	client *http.Client
}

// New returns a Webhook for an address.
func New(address string, client *http.Client) *Webhook { return &Webhook{address, client} }

// Send posts one entry and demands a status below 300. Errors name the host only, because
// the rest of such an address is often a secret.
func (w *Webhook) Send(ctx context.Context, entry history.Entry) error {
	body, err := json.Marshal(entry)
	if err != nil {
		return fmt.Errorf("encode the notification: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(body))
	if err != nil {
		return errors.New("the address of the webhook is not a URL")
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := w.client.Do(request)
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	if err != nil {
		return fmt.Errorf("post to %s: %w", request.URL.Host, err)
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("post to %s: found status %d, expected one below 300", request.URL.Host, response.StatusCode)
	}
	return nil
}
