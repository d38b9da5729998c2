package observe

import (
	"context"
	"fmt"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

// Source is where a value comes from. Exactly one field is given. Steps inline it, or take a mapping of several.
type Source struct {
	Object   *kube.Ref `yaml:"object" shorthand:"true" doc:"One object, as in deployment/web. It is nil while it does not exist." example:"deployment/web"`
	Objects  *kube.Ref `yaml:"objects" doc:"All objects of a kind, or those that selectors choose." example:"{kind: pods, labels: {app: web}}"`
	Events   *Events   `yaml:"events" doc:"Kubernetes events, oldest first." example:"{for: deployment/web, type: Warning}"`
	Logs     *Logs     `yaml:"logs" doc:"Lines that containers log, as they come." example:"{of: deployment/web, match: started}"`
	HTTP     *HTTP     `yaml:"http" doc:"The answer of an HTTP address, asked again and again. It is nil while nobody answers." example:"{url: 'http://127.0.0.1:8080/healthz'}"`
	Alerts   *Alerts   `yaml:"alerts" doc:"Alerts that are pending or firing, asked for again and again." example:"{name: KubePodCrashLooping, of: this}"`
	PromQL   *PromQL   `yaml:"promql" doc:"The samples of a PromQL expression, asked for again and again." example:"sum(rate(http_requests_total[1m]))"`
	Metrics  *Metrics  `yaml:"metrics" doc:"The series of a page of metrics, read again and again." example:"{url: 'http://127.0.0.1:9100/metrics', name: http_requests_total}"`
	Requests *Requests `yaml:"requests" doc:"What arrived at a sink of receive or a backend of mock, oldest first." example:"llm"`
	SQL      *SQL      `yaml:"sql" doc:"The rows of a PostgreSQL query, asked again and again or at each notification." example:"{connection: history, query: select action_type from actions}"`
}

// kind is what the author wrote under the key of one kind of source.
type kind interface {
	// check reports mistakes that can be seen without running; path is where the value stands in the config.
	check(path string, p *step.Problems)
	// text names the source for people, in a few words.
	text() string
	traits() Traits
	open(ctx context.Context, run *step.Run, env *kube.Env) (Feed, error)
}

// Traits say what can be asked of a source.
type Traits struct {
	Name    string // what expressions call the value: object, objects, events, lines, response, alerts, samples, requests, rows
	Lists   bool   // the value is a list, whose items can be chosen from
	Cluster bool   // the value is made of objects, which can be ready, absent or beyond hope
	Asked   bool   // the source is asked again and again, so that nothing is known of the time between two looks
}

// named is a kind of source under the key that it has in YAML.
type named struct {
	key  string
	kind kind
}

// given lists the kinds that the author wrote, in the order of the fields. It is the one list of all kinds.
func (s Source) given() []named {
	var out []named
	if s.Object != nil {
		out = append(out, named{"object", object{*s.Object}})
	}
	if s.Objects != nil {
		out = append(out, named{"objects", objects{*s.Objects}})
	}
	if s.Events != nil {
		out = append(out, named{"events", s.Events})
	}
	if s.Logs != nil {
		out = append(out, named{"logs", s.Logs})
	}
	if s.HTTP != nil {
		out = append(out, named{"http", s.HTTP})
	}
	if s.Alerts != nil {
		out = append(out, named{"alerts", s.Alerts})
	}
	if s.PromQL != nil {
		out = append(out, named{"promql", s.PromQL})
	}
	if s.Metrics != nil {
		out = append(out, named{"metrics", s.Metrics})
	}
	if s.Requests != nil {
		out = append(out, named{"requests", s.Requests})
	}
	if s.SQL != nil {
		out = append(out, named{"sql", s.SQL})
	}
	return out
}

// Keys lists the keys of all kinds of sources in the order of the fields.
func Keys() []string {
	all := Source{Object: &kube.Ref{}, Objects: &kube.Ref{}, Events: &Events{}, Logs: &Logs{}, HTTP: &HTTP{}, Alerts: &Alerts{}, PromQL: &PromQL{}, Metrics: &Metrics{}, Requests: &Requests{}, SQL: &SQL{}}
	var keys []string
	for _, n := range all.given() {
		keys = append(keys, n.key)
	}
	return keys
}

// Names lists what expressions call the values of all kinds of sources.
func Names() []string {
	all := Source{Object: &kube.Ref{}, Objects: &kube.Ref{}, Events: &Events{}, Logs: &Logs{}, HTTP: &HTTP{}, Alerts: &Alerts{}, PromQL: &PromQL{}, Metrics: &Metrics{}, Requests: &Requests{}, SQL: &SQL{}}
	var names []string
	for _, n := range all.given() {
		names = append(names, n.kind.traits().Name)
	}
	return names
}

// Check reports the mistakes of a source that stands at a dotted path of the config, "" for an inlined one.
func (s Source) Check(path string, p *step.Problems) {
	given := s.given()
	switch len(given) {
	case 0:
		p.Mistake(path, "missing-field", "%s needs one of %s", p.Name(path), strings.Join(Keys(), ", "))
	case 1:
		at := below(path, given[0].key)
		if path != "" && !p.Given(at) {
			at = path // written as the shorthand of a source in a mapping
		}
		given[0].kind.check(at, p)
	default:
		p.AtKey(below(path, given[1].key), "exclusive-fields", "only one of %s can be given; %q is given already", strings.Join(Keys(), ", "), given[0].key)
	}
}

// CheckSettings reports names that the configuration of the project does not have. Check finds everything else.
func (s Source) CheckSettings(path string, settings *settings.Settings, p *step.Problems) {
	if s.Alerts != nil {
		s.Alerts.Server.Check(below(below(path, "alerts"), "server"), s.Alerts.server(), settings, p)
	}
	if s.PromQL != nil {
		s.PromQL.Server.Check(below(below(path, "promql"), "server"), "prometheus", settings, p)
	}
	if s.SQL != nil {
		s.SQL.Connection.CheckSettings(below(below(path, "sql"), "connection"), settings, p)
	}
}

// Given reports whether the author wrote any source.
func (s Source) Given() bool { return len(s.given()) > 0 }

// Traits say what can be asked of the source; they are zero when none is given.
func (s Source) Traits() Traits {
	if given := s.given(); len(given) > 0 {
		return given[0].kind.traits()
	}
	return Traits{}
}

// String names the source for people.
func (s Source) String() string {
	if given := s.given(); len(given) > 0 {
		return given[0].kind.text()
	}
	return "nothing"
}

// Open makes the source ready to be looked at in the place where run works.
func (s Source) Open(ctx context.Context, run *step.Run, env *kube.Env) (*Subject, error) {
	given := s.given()
	if len(given) != 1 {
		return nil, fmt.Errorf("expected one source, found %d", len(given))
	}
	feed, err := given[0].kind.open(ctx, run, env)
	if err != nil {
		return nil, err
	}
	return NewSubject(s.String(), given[0].kind.traits(), feed), nil
}

func below(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
