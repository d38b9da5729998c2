package observe

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/alertmanager"
	"github.com/scenario-runner/scenario-runner/steps/endpoint"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/prometheus"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

// AlertIdentity is the label that tells the alerts of a scenario from foreign ones and from those of earlier runs. Its
// value is the id of the scenario, which is unique.
const AlertIdentity = "scenario_runner_scenario"

// The words by which resolveAlert says that an alert is over, and which fireAlert heeds: samples of ResolvedMetric with the
// labels of the alert, the scenario as ResolvedLabel and the name of the alert as AlertNameOfWord.
const (
	ResolvedMetric  = "scenario_runner_alert_resolved"
	ResolvedLabel   = "scenario_runner_of"
	AlertNameOfWord = "scenario_runner_alertname"
)

// Whose alerts are looked at.
const (
	ownAlerts     = "this"
	foreignAlerts = "others"
	staleAlerts   = "stale"
	everyAlert    = "all"
)

// Where an alert comes from.
const (
	originOwn     = "own"     // this scenario
	originRun     = "run"     // another scenario of this run
	originStale   = "stale"   // a scenario of an earlier run
	originForeign = "foreign" // somebody else
)

// Alerts is the source that is the alerts of an Alertmanager or a Prometheus.
type Alerts struct {
	Name   string            `yaml:"name" shorthand:"true" doc:"Name of the alerts. Without it, all names." example:"KubePodCrashLooping"`
	Labels map[string]string `yaml:"labels" doc:"Labels that the alerts have." example:"{severity: critical}"`
	Of     string            `yaml:"of" enum:"this,others,stale,all" doc:"Whose alerts: those that this scenario has fired, those of others (also left by earlier runs), only those left by earlier runs (stale), or all; all if not given."`
	In     string            `yaml:"in" enum:"alertmanager,prometheus" doc:"Who is asked. Alertmanager knows what is firing and silenced, Prometheus also what is pending; Alertmanager if not given."`
	Server *endpoint.Address `yaml:"server" doc:"Address of the server. Without it, that of scenario-runner.yaml or of the sandbox." example:"http://127.0.0.1:9093"`
	Every  time.Duration     `yaml:"every" doc:"Time between two looks; 500ms if not given." example:"1s"`
}

func (s *Alerts) server() settings.Server {
	return settings.Server(cmp.Or(s.In, string(settings.Alertmanager)))
}

func (s *Alerts) text() string {
	text := cmp.Or(s.Name, "all") + " alerts"
	switch s.Of {
	case ownAlerts:
		text = cmp.Or(s.Name, "own") + " alerts of this scenario"
	case foreignAlerts:
		text = cmp.Or(s.Name, "all") + " alerts of others"
	case staleAlerts:
		text = cmp.Or(s.Name, "all") + " alerts of earlier runs"
	}
	return text + " in " + s.server().Title()
}

func (*Alerts) traits() Traits { return Traits{Name: "alerts", Lists: true, Asked: true} }

func (s *Alerts) check(path string, p *step.Problems) {
	for _, name := range slices.Sorted(maps.Keys(s.Labels)) {
		if !model.UTF8Validation.IsValidLabelName(name) {
			p.AtKey(path+".labels."+name, "invalid-value", "%q is no name of a label", name)
		}
	}
	if _, twice := s.Labels[model.AlertNameLabel]; twice && s.Name != "" {
		p.AtKey(path+".labels."+model.AlertNameLabel, "exclusive-fields", "the name of the alerts is given by name already")
	}
	checkEvery(path, s.Every, p)
}

func (s *Alerts) open(ctx context.Context, run *step.Run, env *kube.Env) (Feed, error) {
	conn, err := endpoint.Open(ctx, env.Settings(), run, s.server(), s.Server)
	if err != nil {
		return nil, err
	}
	list := s.listing(conn)
	f := &polled{name: s.text(), every: interval(s.Every), run: run}
	f.ask = func(ctx context.Context) (Look, error) {
		defer conn.Close()
		all, err := list(ctx)
		if err != nil {
			return Look{}, err
		}
		all = slices.DeleteFunc(all, func(a knownAlert) bool { return !s.chooses(a, run.Scenario.ID) })
		return alertLook(f.name, all, run.Scenario.ID), nil
	}
	return f, nil
}

// chooses reports whether an alert is one that the author means.
func (s *Alerts) chooses(a knownAlert, scenario string) bool {
	from := origin(a.labels[AlertIdentity], scenario)
	own := from == originOwn
	if s.Of == ownAlerts && !own || s.Of == foreignAlerts && own || s.Of == staleAlerts && from != originStale || s.Name != "" && a.labels[model.AlertNameLabel] != s.Name {
		return false
	}
	for name, value := range s.Labels {
		if a.labels[name] != value {
			return false
		}
	}
	return true
}

// origin says where an alert comes from, by the label that every alert of a scenario has.
func origin(identity, scenario string) string {
	switch {
	case identity == "":
		return originForeign
	case identity == scenario:
		return originOwn
	case runOf(identity) == runOf(scenario):
		return originRun
	}
	return originStale
}

// runOf returns the part of a scenario's id that all scenarios of a run have, and no other run: the engine puts it before
// the number of the scenario, and the number of a further attempt stands behind that.
func runOf(scenario string) string {
	const length = 5
	parts := strings.Split(scenario, "-")
	last := len(parts) - 1
	if last > 0 && len(parts[last]) <= length && len(parts[last-1]) > length {
		last--
	}
	return parts[last][:min(length, len(parts[last]))]
}

// knownAlert is an alert of either server.
type knownAlert struct {
	labels, annotations map[string]string
	state               string // pending, firing or suppressed
	since               time.Time
	receivers, by       []string
}

// listing returns what asks the server. Alerts come in the order of their labels.
func (s *Alerts) listing(conn *endpoint.Conn) func(context.Context) ([]knownAlert, error) {
	ask := fromAlertmanager(alertmanager.Client{Conn: conn})
	if s.server() == settings.Prometheus {
		ask = fromPrometheus(prometheus.Client{Conn: conn})
	}
	return func(ctx context.Context) ([]knownAlert, error) {
		all, err := ask(ctx)
		slices.SortStableFunc(all, func(a, b knownAlert) int {
			return cmp.Or(strings.Compare(a.labels[model.AlertNameLabel], b.labels[model.AlertNameLabel]), strings.Compare(labelText(a.labels), labelText(b.labels)))
		})
		return all, err
	}
}

func fromPrometheus(client prometheus.Client) func(context.Context) ([]knownAlert, error) {
	return func(ctx context.Context) ([]knownAlert, error) {
		found, err := client.Alerts(ctx)
		out := make([]knownAlert, len(found))
		for i, a := range found {
			out[i] = knownAlert{labels: a.Labels, annotations: a.Annotations, state: a.State, since: a.ActiveAt}
		}
		return out, err
	}
}

func fromAlertmanager(client alertmanager.Client) func(context.Context) ([]knownAlert, error) {
	return func(ctx context.Context) ([]knownAlert, error) {
		found, err := client.Alerts(ctx, nil)
		out := make([]knownAlert, len(found))
		for i, a := range found {
			k := knownAlert{
				labels: a.Labels, annotations: a.Annotations, state: prometheus.Firing, since: a.StartsAt,
				by: append(slices.Clone(a.Status.SilencedBy), a.Status.InhibitedBy...),
			}
			if a.Status.State == alertmanager.Suppressed {
				k.state = alertmanager.Suppressed
			}
			for _, r := range a.Receivers {
				k.receivers = append(k.receivers, r.Name)
			}
			out[i] = k
		}
		return out, err
	}
}

func alertLook(name string, all []knownAlert, scenario string) Look {
	values := make([]any, len(all))
	lines := make([]string, len(all))
	for i, a := range all {
		values[i] = map[string]any{
			"name": a.labels[model.AlertNameLabel], "labels": anyMap(a.labels), "annotations": anyMap(a.annotations), "state": a.state,
			"since": a.since, "receivers": anyList(a.receivers), "suppressedBy": anyList(a.by),
			"scenario": a.labels[AlertIdentity], "own": a.labels[AlertIdentity] == scenario,
			"origin": origin(a.labels[AlertIdentity], scenario),
		}
		lines[i] = fmt.Sprintf("%s %s since %s", labelText(a.labels), a.state, a.since.Format(time.RFC3339))
	}
	return Look{Value: values, Items: values, At: time.Now(), evidence: lines, describe: func() string { return listText(name, lines) }}
}

func anyMap(m map[string]string) map[string]any {
	out := make(map[string]any, len(m))
	for name, value := range m {
		out[name] = value
	}
	return out
}

func anyList(list []string) []any {
	out := make([]any, len(list))
	for i, value := range list {
		out[i] = value
	}
	return out
}

func alertFields() []eval.Field {
	text := eval.Type{Kind: eval.String}
	return []eval.Field{
		{Name: "name", Doc: "Name of the alert.", Type: text},
		{Name: "labels", Doc: "Labels.", Type: eval.MapOf(text)},
		{Name: "annotations", Doc: "Annotations.", Type: eval.MapOf(text)},
		{Name: "state", Doc: "pending, firing, or suppressed by a silence or another alert.", Type: text},
		{Name: "since", Doc: "Since when it is in Alertmanager as firing, or in Prometheus as pending.", Type: eval.Type{Kind: eval.Time}},
		{Name: "receivers", Doc: "Who is notified, in Alertmanager.", Type: eval.ListOf(text)},
		{Name: "suppressedBy", Doc: "Ids of silences and fingerprints of alerts that suppress it.", Type: eval.ListOf(text)},
		{Name: "scenario", Doc: "Id of the scenario that fired it, empty for an alert of somebody else.", Type: text},
		{Name: "own", Doc: "Whether this scenario has fired it.", Type: eval.Type{Kind: eval.Bool}},
		{Name: "origin", Doc: "Who has fired it: own, run (another scenario of this run), stale (one of an earlier run) or foreign (somebody else).", Type: text},
	}
}
