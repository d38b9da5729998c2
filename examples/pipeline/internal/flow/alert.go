package flow

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// Alert is one alert of a webhook message of Alertmanager.
type Alert struct {
	Status      string            `json:"status"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	StartsAt    time.Time         `json:"startsAt"`
	Fingerprint string            `json:"fingerprint"`
}

// Decode reads a webhook message of version 4.
func Decode(r io.Reader) ([]Alert, error) {
	var message struct {
		Version string  `json:"version"`
		Alerts  []Alert `json:"alerts"`
	}
	if err := json.NewDecoder(r).Decode(&message); err != nil {
		return nil, fmt.Errorf("read the message as JSON: %w", err)
	}
	if message.Version != "4" {
		return nil, fmt.Errorf("found a message of version %q, expected \"4\"", message.Version)
	}
	if len(message.Alerts) == 0 {
		return nil, errors.New("found no alert in the message, expected at least one")
	}
	for i, a := range message.Alerts {
		if a.Labels["alertname"] == "" || a.Labels["namespace"] == "" {
			return nil, fmt.Errorf("alert %d lacks the label alertname or namespace; the stand-in needs both", i+1)
		}
	}
	return message.Alerts, nil
}

// scope is what rules see of an alert.
func (a Alert) scope() map[string]any {
	labels, annotations := map[string]any{}, map[string]any{}
	for key, value := range a.Labels {
		labels[key] = value
	}
	for key, value := range a.Annotations {
		annotations[key] = value
	}
	return map[string]any{"name": a.Labels["alertname"], "labels": labels, "annotations": annotations}
}
