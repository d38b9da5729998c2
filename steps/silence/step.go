// Package silence is the step that silences alerts in an Alertmanager. The client is in package alertmanager.
package silence

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/alertmanager"
	"github.com/scenario-runner/scenario-runner/steps/endpoint"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/observe"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

//go:embed README.md
var doc string

// undoName is the undo that expires a silence.
const undoName = "alert.silence"

// Whose alerts are silenced.
const (
	own     = "this"
	anybody = "all"
)

// Config is what the author writes under silence.
type Config struct {
	Alertname string            `yaml:"alertname" shorthand:"true" doc:"Name of the alerts that are silenced." example:"KubePodCrashLooping"`
	Labels    map[string]string `yaml:"labels" doc:"Labels that they have." example:"{namespace: shop}"`
	Matching  map[string]string `yaml:"matching" doc:"Labels that match a regular expression as a whole." example:"{pod: web-.*}"`
	Of        string            `yaml:"of" enum:"this,all" doc:"Whose alerts: those that this scenario fires, or all; this if not given."`
	For       time.Duration     `yaml:"for" doc:"When the silence ends by itself. It ends at the end of the scenario in any case, unless undo is keep." example:"10m"`
	Comment   string            `yaml:"comment" doc:"Why, for those who look at Alertmanager."`
	Server    *endpoint.Address `yaml:"server" doc:"The Alertmanager. Without it, that of scenario-runner.yaml or of the sandbox." example:"http://127.0.0.1:9093"`
	Undo      string            `yaml:"undo" enum:"expire,keep" doc:"What happens to the silence at the end of the scenario."`
}

// Outputs is what later steps can read.
type Outputs struct {
	ID     string    `expr:"id" doc:"Id of the silence in Alertmanager."`
	EndsAt time.Time `expr:"endsAt" doc:"When it ends by itself."`
}

// New returns the definition of the step.
func New(env *kube.Env) step.Definition {
	return step.Define(step.Spec[Config, Outputs]{
		Name: "silence", Group: step.Alerts, Doc: doc,
		Default: func() Config { return Config{Of: own, For: time.Hour, Undo: "expire"} },
		Check:   func(c *Config, p *step.Problems) { check(c, env.Settings(), p) },
		Title:   func(c *Config) string { return "silence " + c.text() },
		Touches: func(c, shown *Config, _ step.Written) []step.Touch {
			return []step.Touch{{Effect: step.Sends, Verb: "silence", What: shown.text(), Where: "Alertmanager", Stays: c.Undo == "keep"}}
		},
		Run: func(ctx context.Context, run *step.Run, c Config) (Outputs, error) {
			return silence(ctx, run, env.Settings(), &c)
		},
	})
}

// Undos returns the undo that comes with the step.
func Undos(env *kube.Env) []step.Undo {
	return []step.Undo{step.DefineUndo(undoName, describe, func(ctx context.Context, m made) error { return expire(ctx, env.Settings(), m) }, nil)}
}

// text names the alerts for people.
func (c *Config) text() string {
	if c.Alertname != "" {
		return c.Alertname
	}
	return "alerts"
}

func check(c *Config, s *settings.Settings, p *step.Problems) {
	c.Server.Check("server", settings.Alertmanager, s, p)
	if !p.Given("alertname") && !p.Given("labels") && !p.Given("matching") && c.Of == anybody {
		p.Mistake("", "missing-field", "silence needs one of alertname, labels, matching: this would silence every alert there is")
	}
	if c.For <= 0 && !p.Dynamic("for") {
		p.At("for", "for: expected a positive duration, found %s", c.For)
	}
	checkNames("labels", c.Labels, p)
	checkNames("matching", c.Matching, p)
	for _, name := range slices.Sorted(maps.Keys(c.Matching)) {
		if _, err := regexp.Compile(c.Matching[name]); err != nil && !p.Dynamic("matching."+name) {
			p.At("matching."+name, "%q is no regular expression: %s", c.Matching[name], err)
		}
	}
}

func checkNames(path string, labels map[string]string, p *step.Problems) {
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		if !model.UTF8Validation.IsValidLabelName(name) {
			p.AtKey(path+"."+name, "invalid-value", "%q is no name of a label", name)
		}
	}
}

// matchers says which alerts are meant, in a stable order.
func (c *Config) matchers(scenario string) []alertmanager.Matcher {
	var out []alertmanager.Matcher
	if c.Alertname != "" {
		out = append(out, alertmanager.Equal(model.AlertNameLabel, c.Alertname))
	}
	for _, name := range slices.Sorted(maps.Keys(c.Labels)) {
		out = append(out, alertmanager.Equal(name, c.Labels[name]))
	}
	for _, name := range slices.Sorted(maps.Keys(c.Matching)) {
		out = append(out, alertmanager.Matcher{Name: name, Value: c.Matching[name], IsRegex: true, IsEqual: true})
	}
	if c.Of == own {
		out = append(out, alertmanager.Equal(observe.AlertIdentity, scenario))
	}
	return out
}

// made is the ledger data of a silence. Its comment is unique, since the id is not known before it is made.
type made struct {
	Server  endpoint.Kept `json:"server"`
	Comment string        `json:"comment"`
	Name    string        `json:"name"`
}

func describe(m made) string { return fmt.Sprintf("expire the silence of %s", m.Name) }

func silence(ctx context.Context, run *step.Run, s *settings.Settings, c *Config) (Outputs, error) {
	conn, err := endpoint.Open(ctx, s, run, settings.Alertmanager, c.Server)
	if err != nil {
		return Outputs{}, err
	}
	defer conn.Close()
	now := time.Now().UTC()
	mark := fmt.Sprintf("scenario %s, step %s, %d", run.Scenario.ID, run.ID, now.UnixNano())
	comment := strings.TrimSpace(c.Comment + " (" + mark + ")")
	if c.Undo != "keep" {
		if _, err := run.Record(ctx, undoName, made{Server: conn.Keep(), Comment: comment, Name: c.text()}); err != nil {
			return Outputs{}, err
		}
	}
	client := alertmanager.Client{Conn: conn}
	end := now.Add(c.For)
	id, err := client.Silence(ctx, alertmanager.Silence{
		Matchers: c.matchers(run.Scenario.ID), StartsAt: now, EndsAt: end, CreatedBy: "scenario-runner", Comment: comment,
	})
	return Outputs{ID: id, EndsAt: end}, err
}

// expire ends the silence. One that was never made, or is over, is no error.
func expire(ctx context.Context, s *settings.Settings, m made) error {
	conn, err := endpoint.Reopen(ctx, s, m.Server)
	if err != nil {
		return err
	}
	defer conn.Close()
	client := alertmanager.Client{Conn: conn}
	all, err := client.Silences(ctx)
	if conn.Gone(err) {
		return nil
	}
	for _, l := range all {
		if l.Comment != m.Comment || l.Status.State == "expired" {
			continue
		}
		err := client.Expire(ctx, l.ID)
		if refused, ok := errors.AsType[*endpoint.StatusError](err); ok && refused.Status == http.StatusNotFound {
			continue
		}
		if err != nil {
			return fmt.Errorf("the silence %s of %s could not be expired: %w", l.ID, m.Name, err)
		}
	}
	return err
}
