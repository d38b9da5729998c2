package metric_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/metric"
)

func TestWriteIsReadByPrometheus(t *testing.T) {
	metrics := metric.New()
	metrics.AlertReceived("odd \"name\"\\\n", "firing")
	metrics.ActionFinished("scale_deployment", "succeeded")
	metrics.ActionFinished("", "no_action")
	metrics.ActionFinished("", "no_action")
	metrics.ActionTook("scale_deployment", 300*time.Millisecond)
	metrics.ActionTook("scale_deployment", 10*time.Minute)

	var text strings.Builder
	if err := metrics.Write(&text); err != nil {
		t.Fatal(err)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text.String()))
	if err != nil {
		t.Fatalf("Prometheus can't read it: %v\n%s", err, text.String())
	}
	if got := families["remediator_alerts_received_total"].Metric[0].Label[0].GetValue(); got != "odd \"name\"\\\n" {
		t.Errorf("the label came back as %q", got)
	}
	histogram := families["remediator_action_duration_seconds"].Metric[0].Histogram
	if histogram.GetSampleCount() != 2 || histogram.GetSampleSum() != 600.3 {
		t.Errorf("histogram has count %d and sum %v, want 2 and 600.3", histogram.GetSampleCount(), histogram.GetSampleSum())
	}
	cumulative := map[float64]uint64{}
	for _, bucket := range histogram.Bucket {
		cumulative[bucket.GetUpperBound()] = bucket.GetCumulativeCount()
	}
	if cumulative[0.25] != 0 || cumulative[0.5] != 1 || cumulative[300] != 1 {
		t.Errorf("buckets are %v", cumulative)
	}
}

func TestWriteIsSorted(t *testing.T) {
	metrics := metric.New()
	metrics.ActionFinished("scale_deployment", "succeeded")
	metrics.ActionFinished("cordon_node", "failed")
	metrics.ActionFinished("", "no_action")
	var text strings.Builder
	if err := metrics.Write(&text); err != nil {
		t.Fatal(err)
	}
	want := `# HELP remediator_alerts_received_total Alerts received, by name and status.
# TYPE remediator_alerts_received_total counter
# HELP remediator_actions_total Decisions about firing alerts, by action and final status.
# TYPE remediator_actions_total counter
remediator_actions_total{action="cordon_node",status="failed"} 1
remediator_actions_total{action="none",status="no_action"} 1
remediator_actions_total{action="scale_deployment",status="succeeded"} 1
# HELP remediator_action_duration_seconds Time from the start of an action to its verified end.
# TYPE remediator_action_duration_seconds histogram
`
	if diff := cmp.Diff(want, text.String()); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
}

func TestStateOfTheProcess(t *testing.T) {
	metrics := metric.New()
	metrics.Watch(func() int { return 3 })
	var text strings.Builder
	if err := metrics.Write(&text); err != nil {
		t.Fatal(err)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text.String()))
	if err != nil {
		t.Fatalf("Prometheus can't read it: %v\n%s", err, text.String())
	}
	if got := families["remediator_actions_waiting"].Metric[0].Gauge.GetValue(); got != 3 {
		t.Errorf("%v actions wait, want 3", got)
	}
	const least, most = 1 << 20, 1 << 30
	if got := families["remediator_memory_bytes"].Metric[0].Gauge.GetValue(); got < least || got > most {
		t.Errorf("the memory is %v bytes", got)
	}
}
