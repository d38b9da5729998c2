// Package alert reads the webhook message that Alertmanager sends (version "4").
// It knows the wire format and nothing about what is done with an alert.
package alert

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/prometheus/common/model"
)

// NameLabel is the label that carries the name of an alert.
const NameLabel = "alertname"

// Firing and Resolved are the two states in which Alertmanager sends an alert.
const (
	Firing   = "firing"
	Resolved = "resolved"
)

// messageVersion is the only version of the message that Alertmanager has sent since 2016.
const messageVersion = "4"

// Alert is one alert of a message.
type Alert struct {
	Status       string            `json:"status"`
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL"`
	Fingerprint  string            `json:"fingerprint"`
}

// Name returns the value of the label alertname.
func (a Alert) Name() string { return a.Labels[NameLabel] }

// Fire returns an alert that fires, for sources that send no messages of Alertmanager.
func Fire(labels, annotations map[string]string, starts time.Time) Alert {
	return Alert{Status: Firing, Labels: labels, Annotations: annotations, StartsAt: starts, Fingerprint: fingerprint(labels)}
}

// Message is what Alertmanager posts to a webhook receiver: one group of alerts.
type Message struct {
	Version           string            `json:"version"`
	GroupKey          string            `json:"groupKey"`
	TruncatedAlerts   int               `json:"truncatedAlerts"`
	Status            string            `json:"status"`
	Receiver          string            `json:"receiver"`
	GroupLabels       map[string]string `json:"groupLabels"`
	CommonLabels      map[string]string `json:"commonLabels"`
	CommonAnnotations map[string]string `json:"commonAnnotations"`
	ExternalURL       string            `json:"externalURL"`
	Alerts            []Alert           `json:"alerts"`
}

// Decode reads one message and refuses what Alertmanager would not send, because a
// message that is half understood must not lead to a change of a cluster.
func Decode(r io.Reader) (Message, error) {
	var message Message
	if err := json.NewDecoder(r).Decode(&message); err != nil {
		return Message{}, fmt.Errorf("read the message as JSON: %w", err)
	}
	if message.Version != messageVersion {
		return Message{}, fmt.Errorf("found message version %q, expected %q", message.Version, messageVersion)
	}
	if len(message.Alerts) == 0 {
		return Message{}, errors.New("the message has no alerts, expected at least one")
	}
	for i := range message.Alerts {
		if err := message.Alerts[i].complete(); err != nil {
			return Message{}, fmt.Errorf("alerts[%d]: %w", i, err)
		}
	}
	return message, nil
}

// complete checks an alert and fills in the fingerprint, which hand-written messages often lack.
func (a *Alert) complete() error {
	if a.Status != Firing && a.Status != Resolved {
		return fmt.Errorf("found status %q, expected %q or %q", a.Status, Firing, Resolved)
	}
	if a.Name() == "" {
		return fmt.Errorf("the label %q is missing", NameLabel)
	}
	if a.Fingerprint == "" {
		a.Fingerprint = fingerprint(a.Labels)
	}
	return nil
}

// fingerprint computes the identity that Prometheus and Alertmanager give to a set of labels.
func fingerprint(labels map[string]string) string {
	set := make(model.LabelSet, len(labels))
	for name, value := range labels {
		set[model.LabelName(name)] = model.LabelValue(value)
	}
	return set.Fingerprint().String()
}
