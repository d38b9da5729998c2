// Package metric counts what the remediator does and writes the counts in the Prometheus
// text format. It holds these few families, not a general metrics library.
package metric

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Metrics holds the families of the remediator; it is safe for use by several goroutines.
type Metrics struct {
	alerts    *counter
	actions   *counter
	durations *histogram
	waiting   func() int
}

// New returns families without any series.
func New() *Metrics {
	return &Metrics{
		alerts: newCounter("remediator_alerts_received_total",
			"Alerts received, by name and status.", "alertname", "status"),
		actions: newCounter("remediator_actions_total",
			"Decisions about firing alerts, by action and final status.", "action", "status"),
		durations: newHistogram("remediator_action_duration_seconds",
			"Time from the start of an action to its verified end.", "action"),
	}
}

// AlertReceived counts an alert that arrived.
func (m *Metrics) AlertReceived(alertname, status string) { m.alerts.add(alertname, status) }

// ActionFinished counts a firing alert that reached its final status; the action is
// "none" where no rule chose one.
func (m *Metrics) ActionFinished(action, status string) {
	if action == "" {
		action = "none"
	}
	m.actions.add(action, status)
}

// ActionTook counts how long an executed action lasted.
func (m *Metrics) ActionTook(action string, duration time.Duration) {
	m.durations.observe(duration.Seconds(), action)
}

// Watch makes how many actions wait a family of its own.
func (m *Metrics) Watch(waiting func() int) { m.waiting = waiting }

// Write writes all families, each sorted by its label values.
func (m *Metrics) Write(w io.Writer) error {
	var text strings.Builder
	m.alerts.write(&text)
	m.actions.write(&text)
	m.durations.write(&text)
	if m.waiting != nil {
		gauge(&text, "remediator_actions_waiting", "Actions that wait for their turn.", float64(m.waiting()))
		gauge(&text, "remediator_memory_bytes", "Memory that the process has from the system.", memory())
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// header writes the two comment lines that introduce a family.
func header(text *strings.Builder, name, help, kind string) {
	fmt.Fprintf(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

// labelText writes label pairs as the text format wants them.
func labelText(names, values []string) string {
	escape := strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
	pairs := make([]string, len(names))
	for i, name := range names {
		pairs[i] = name + `="` + escape.Replace(values[i]) + `"`
	}
	return "{" + strings.Join(pairs, ",") + "}"
}

// number writes a sample value or a bucket boundary.
func number(value float64) string { return strconv.FormatFloat(value, 'g', -1, 64) }
