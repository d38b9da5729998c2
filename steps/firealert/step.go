// Package firealert is the step that fires alerts: by an API call to an Alertmanager, by a notification straight to a
// receiver, or for real, by a rule and samples that it brings to a Prometheus.
package firealert

import (
	"context"
	_ "embed"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/observe"
	"github.com/scenario-runner/scenario-runner/steps/web"
)

//go:embed README.md
var doc string

// IdentityLabel is the label that tells the alerts of a scenario from foreign ones and from those of earlier runs. Its
// value is the id of the scenario, which is unique.
const IdentityLabel = observe.AlertIdentity

// undoName is the undo that resolves alerts, and ruleUndoName the one that also takes their rule away.
const (
	undoName     = "alert.resolve"
	ruleUndoName = "alert.rule"
)

// Config is what the author writes under `fireAlert`.
type Config struct {
	Alertname    eval.Text     `yaml:"alertname" required:"true" scope:"index" doc:"Name of the alert." example:"KubePodCrashLooping"`
	Labels       eval.Tree     `yaml:"labels" scope:"index" doc:"Labels, which say what the alert is about. Two alerts with the same labels are one." example:"{severity: critical, pod: 'web-${{ index }}'}"`
	Annotations  eval.Tree     `yaml:"annotations" scope:"index" doc:"Annotations, which explain it." example:"{summary: The pod restarts all the time}"`
	GeneratorURL eval.Text     `yaml:"generatorURL" scope:"index" doc:"Address that leads back to what raised the alert."`
	To           To            `yaml:"to" doc:"Where the alert goes: one of alertmanager, webhook. Without it, to the alertmanager of scenario-runner.yaml."`
	StartsAt     string        `yaml:"startsAt" doc:"Since when the alert is true, as in 2026-01-31T12:00:00Z. Without it, now." example:"\"${{ now() - duration('10m') }}\""`
	EndsAt       string        `yaml:"endsAt" doc:"When Alertmanager takes the alert for resolved if nobody says so earlier. Without it, in one hour."`
	ResolveAfter time.Duration `yaml:"resolveAfter" doc:"Resolve the alert this long after it was fired. Without it, at the end of the scenario." example:"2m"`
	Count        int           `yaml:"count" doc:"How many alerts to fire. Their index, from 0, is index in labels." example:"100"`
	Rate         float64       `yaml:"rate" doc:"How many alerts to fire each second. Without it, all at once." example:"20"`
	Identify     bool          `yaml:"identify" doc:"Add a label that says which scenario fired the alert."`
	Rule         *Rule         `yaml:"rule" doc:"Let Prometheus raise the alert, by a rule and samples that the step brings, so that it is pending, firing and resolved for real. An empty mapping will do." example:"{for: 5s}"`
	Expect       Expect        `yaml:"expect" doc:"With rule: by when each state must be reached, from the moment when the samples are there." example:"{pending: 5s, firing: 15s, notified: 20s}"`
	Duplicates   int           `yaml:"duplicates" doc:"How often each alert is sent again, unchanged." example:"2"`
	Order        string        `yaml:"order" enum:"given,reversed,random" doc:"In which order the alerts are sent; an alert keeps its startsAt, so that with rate they come out of order. Random is the same in every run."`
	Flap         *Flap         `yaml:"flap" doc:"Resolve the alerts and fire them again, before the step ends with them firing." example:"{times: 3, firing: 2s, resolved: 2s}"`
	Undo         string        `yaml:"undo" enum:"resolve,keep" doc:"What happens to the alert at the end of the scenario."`
}

// To says where the alert goes.
type To struct {
	Alertmanager   string            `yaml:"alertmanager" json:"alertmanager,omitempty" doc:"Address of an Alertmanager. The step ends when it lists the alert as active." example:"http://127.0.0.1:9093"`
	Webhook        string            `yaml:"webhook" json:"webhook,omitempty" doc:"Address of a receiver. It gets what Alertmanager would send to it." example:"http://127.0.0.1:8080/api/v1/alerts"`
	Headers        map[string]string `yaml:"headers" json:"headers,omitempty" doc:"Headers of the request, for a token."`
	TLS            *web.TLS          `yaml:"tls" json:"tls,omitempty" doc:"Whom to trust."`
	RequestTimeout time.Duration     `yaml:"requestTimeout" json:"requestTimeout,omitempty" doc:"How long one request may take." example:"10s"`
	Receiver       string            `yaml:"receiver" json:"receiver,omitempty" doc:"Webhook only: name of the receiver in the payload."`
	GroupBy        []string          `yaml:"groupBy" single:"true" json:"groupBy,omitempty" doc:"Webhook only: labels by which alerts share a payload. Without it, alertname." example:"[alertname, namespace]"`
	ExternalURL    string            `yaml:"externalURL" json:"externalURL,omitempty" doc:"Webhook only: address of the Alertmanager in the payload."`
}

// Flap says how alerts come and go.
type Flap struct {
	Times    int           `yaml:"times" required:"true" doc:"How often they are resolved and fired again." example:"3"`
	Firing   time.Duration `yaml:"firing" required:"true" doc:"How long they fire each time." example:"2s"`
	Resolved time.Duration `yaml:"resolved" required:"true" doc:"How long they are resolved each time." example:"2s"`
}

// Outputs is what later steps can read.
type Outputs struct {
	Fingerprint  string            `expr:"fingerprint" doc:"Fingerprint of the first alert, as Prometheus and Alertmanager compute it."`
	Fingerprints []string          `expr:"fingerprints" doc:"Fingerprints of all alerts, in the order in which they were fired."`
	Labels       map[string]string `expr:"labels" doc:"Labels of the first alert, all of them."`
	Count        int               `expr:"count" doc:"How many alerts were fired."`
	FiredAt      time.Time         `expr:"firedAt" doc:"When the first alert was fired."`
	Rate         float64           `expr:"rate" doc:"How many alerts were fired each second; 0 when there was only one request."`
	URL          string            `expr:"url" doc:"Address that the alerts were sent to."`
	Status       int               `expr:"status" doc:"Status code of the last answer."`
	PendingAt    time.Time         `expr:"pendingAt" doc:"With rule: since when Prometheus holds the first alert as pending."`
	FiringAt     time.Time         `expr:"firingAt" doc:"With rule: when Prometheus was seen to hold all alerts as firing."`
	NotifiedAt   time.Time         `expr:"notifiedAt" doc:"With rule: when Alertmanager was seen to list all alerts as active."`
	Receivers    []string          `expr:"receivers" doc:"With rule: the receivers to which Alertmanager sends the first alert."`
	Expression   string            `expr:"expression" doc:"With rule: the expression by which the first alert is raised."`
	Original     Original          `expr:"original" doc:"With rule.from: the rule that was copied."`
	Body         any               `expr:"body" doc:"Body of the last answer: a value when it is JSON, else text."`
}

// Original is the rule of which a copy has fired, as its file has it.
type Original struct {
	Expression string        `expr:"expression" doc:"Its expression, which Prometheus has parsed to the same as that of the copy."`
	For        time.Duration `expr:"for" doc:"How long its condition must be true."`
	Every      time.Duration `expr:"every" doc:"How often its group is evaluated; 0 when the file leaves that to Prometheus."`
	Loaded     bool          `expr:"loaded" doc:"Whether this Prometheus has the rule itself loaded, with the same expression."`
}

// New returns the definition of the step. An alert that goes nowhere else goes to the Alertmanager that env knows.
func New(env *kube.Env) step.Definition {
	return step.Define(step.Spec[Config, Outputs]{
		Name:  "fireAlert",
		Group: step.Story,
		Doc:   doc,
		Default: func() Config {
			return Config{Count: 1, Identify: true, Undo: "resolve", Order: "given", To: To{
				RequestTimeout: 10 * time.Second, Receiver: "scenario-runner", GroupBy: []string{alertname}, ExternalURL: "http://alertmanager.invalid",
			}}
		},
		Check:   func(c *Config, p *step.Problems) { check(c, p, env.Settings()) },
		Title:   title,
		Touches: touches,
		Needs: func(c, _ *Config, in *step.Place, _ step.Written) []step.Right {
			return needs(env, c, in)
		},
		Run: func(ctx context.Context, run *step.Run, c Config) (Outputs, error) {
			if c.Rule != nil {
				return raise(ctx, run, env, &c)
			}
			dir, err := c.place(ctx, env.Settings(), run)
			if err != nil {
				return Outputs{}, err
			}
			return fire(ctx, run, &c, dir)
		},
	})
}

// Undos returns the undos that come with the step.
func Undos(env *kube.Env) []step.Undo {
	return []step.Undo{
		step.DefineUndo(undoName, describeUndo, resolve, waitResolved),
		step.DefineUndo(ruleUndoName, describeRuleUndo, func(ctx context.Context, r raised) error { return takeBackRule(ctx, env.Settings(), r) }, nil),
	}
}

func title(c *Config) string {
	if c.Alertname.Dynamic() || c.Alertname.Empty() {
		return "fire an alert"
	}
	name, err := c.Alertname.Eval(nil)
	if err != nil {
		return "fire an alert"
	}
	return "fire " + name
}
