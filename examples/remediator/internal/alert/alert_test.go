package alert_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/alert"
)

// recorded is a message as Alertmanager 0.31 sent it, shortened to one alert.
const recorded = `{
  "receiver": "remediator", "status": "firing",
  "alerts": [{
    "status": "firing",
    "labels": {"alertname": "HighLoad", "deployment": "web", "namespace": "shop"},
    "annotations": {"summary": "too much to do"},
    "startsAt": "2025-05-01T10:00:00.5Z", "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "http://prometheus/graph", "fingerprint": "0123456789abcdef"
  }],
  "groupLabels": {"alertname": "HighLoad"}, "commonLabels": {"alertname": "HighLoad"},
  "commonAnnotations": {}, "externalURL": "http://alertmanager", "version": "4",
  "groupKey": "{}:{alertname=\"HighLoad\"}", "truncatedAlerts": 0
}`

func TestDecodeReadsTheMessageOfAlertmanager(t *testing.T) {
	message, err := alert.Decode(strings.NewReader(recorded))
	if err != nil {
		t.Fatal(err)
	}
	want := []alert.Alert{{
		Status:       alert.Firing,
		Labels:       map[string]string{"alertname": "HighLoad", "deployment": "web", "namespace": "shop"},
		Annotations:  map[string]string{"summary": "too much to do"},
		StartsAt:     time.Date(2025, 5, 1, 10, 0, 0, 500_000_000, time.UTC),
		GeneratorURL: "http://prometheus/graph",
		Fingerprint:  "0123456789abcdef",
	}}
	if diff := cmp.Diff(want, message.Alerts); diff != "" {
		t.Errorf("alerts (-want +got):\n%s", diff)
	}
	if message.GroupKey != `{}:{alertname="HighLoad"}` {
		t.Errorf("groupKey is %q", message.GroupKey)
	}
}

func TestDecodeComputesAMissingFingerprint(t *testing.T) {
	decode := func(labels string) string {
		t.Helper()
		message, err := alert.Decode(strings.NewReader(`{"version":"4","alerts":[{"status":"firing","labels":` + labels + `}]}`))
		if err != nil {
			t.Fatal(err)
		}
		return message.Alerts[0].Fingerprint
	}
	first, again, other := decode(`{"alertname":"A","x":"1"}`), decode(`{"x":"1","alertname":"A"}`), decode(`{"alertname":"A","x":"2"}`)
	if len(first) != 16 || first != again {
		t.Errorf("fingerprints of equal labels are %q and %q, want 16 equal digits", first, again)
	}
	if first == other {
		t.Errorf("labels that differ have the same fingerprint %q", first)
	}
}

func TestDecodeRefusesWhatAlertmanagerWouldNotSend(t *testing.T) {
	for name, test := range map[string]struct{ body, want string }{
		"no JSON":      {`alert`, `read the message as JSON: invalid character 'a' looking for beginning of value`},
		"old version":  {`{"version":"3","alerts":[]}`, `found message version "3", expected "4"`},
		"no alerts":    {`{"version":"4"}`, `the message has no alerts, expected at least one`},
		"wrong status": {`{"version":"4","alerts":[{"status":"pending"}]}`, `alerts[0]: found status "pending", expected "firing" or "resolved"`},
		"no name":      {`{"version":"4","alerts":[{"status":"firing"}]}`, `alerts[0]: the label "alertname" is missing`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := alert.Decode(strings.NewReader(test.body))
			if err == nil || err.Error() != test.want {
				t.Errorf("error is %v, want %s", err, test.want)
			}
		})
	}
}
