// Package cani is the canI step: a matrix of who may do what, answered by the API server itself. It reads no roles and changes
// nothing.
package cani

import (
	_ "embed"
	"fmt"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

//go:embed README.md
var doc string

// Config is what an author writes: one row, or a table of them.
type Config struct {
	Row   `yaml:",inline"`
	Table []Row `yaml:"table" doc:"More rows, each with its own people and permissions."`
}

// Row is some people and what they may and may not do.
type Row struct {
	Who        []string     `yaml:"who" single:"true" doc:"serviceaccount/NAME, serviceaccount/NAMESPACE/NAME, user/NAME, group/NAME, or me." example:"serviceaccount/default"`
	Namespaces []string     `yaml:"namespaces" single:"true" doc:"Where; the step's namespace if not given. '*' means all namespaces at once." example:"[shop, cart]"`
	Allowed    []Permission `yaml:"allowed" single:"true" doc:"What they may do, as in get,list pods." example:"['get,list pods']"`
	Denied     []Permission `yaml:"denied" single:"true" doc:"What they may not do." example:"['* secrets', delete nodes]"`
}

// Outputs are what later steps read.
type Outputs struct {
	Cells   []Cell        `expr:"cells" doc:"All answers, in the order of the rows."`
	Allowed int           `expr:"allowed" doc:"How many cells are allowed."`
	Denied  int           `expr:"denied" doc:"How many cells are denied."`
	Wrong   int           `expr:"wrong" doc:"How many cells are not as expected."`
	Took    time.Duration `expr:"took" doc:"Time that the step took."`
}

// Cell is one question and its answer.
type Cell struct {
	Who       string `expr:"who" doc:"Who was asked about."`
	Verb      string `expr:"verb" doc:"What is done."`
	Resource  string `expr:"resource" doc:"To what: a resource with its group and subresource, or a path."`
	Name      string `expr:"name" doc:"Name of the object, empty for all."`
	Namespace string `expr:"namespace" doc:"Where; empty for what belongs to no namespace, * for all."`
	Allowed   bool   `expr:"allowed" doc:"The server allows it."`
	Expected  bool   `expr:"expected" doc:"It is expected to be allowed."`
	Reason    string `expr:"reason" doc:"Why, in the server's words; often empty."`
}

// New declares the step.
func New(env *kube.Env) step.Definition {
	s := steps{env}
	return step.Define(step.Spec[Config, Outputs]{
		Name:    "canI",
		Group:   step.Cluster,
		Doc:     doc,
		Judges:  true,
		Check:   kube.Knowing(env, check),
		Title:   title,
		Touches: func(_, _ *Config, _ step.Written) []step.Touch { return nil },
		Needs:   s.needs,
		Run:     s.run,
	})
}

func check(c *Config, p *step.Problems) {
	if !p.Given("table") || p.Given("who") || p.Given("allowed") || p.Given("denied") {
		checkRow(&c.Row, "", p)
	}
	for i := range c.Table {
		checkRow(&c.Table[i], fmt.Sprintf("table.%d", i), p)
	}
	if p.Given("table") && len(c.Table) == 0 && !p.Dynamic("table") {
		p.At("table", "the table has no rows")
	}
}

// checkRow reports what is missing from a row, or can't be true.
func checkRow(r *Row, path string, p *step.Problems) {
	at := func(field string) string { return strings.TrimPrefix(path+"."+field, ".") }
	name := p.Name("")
	if path != "" {
		name = "a row of the table"
	}
	given := func(field string) bool { return p.Given(at(field)) }
	if !given("who") {
		p.Mistake(path, "missing-field", `%s needs "who": who is asked about`, name)
	}
	if !given("allowed") && !given("denied") {
		p.Mistake(path, "missing-field", "%s needs allowed or denied: what is expected", name)
	}
	for i, who := range r.Who {
		if _, err := parseSubject(who, "default"); who != "" && err != nil {
			p.At(fmt.Sprintf("%s.%d", at("who"), i), "%s", err)
		}
	}
	allowed := map[string]bool{}
	for _, permission := range r.Allowed {
		for _, text := range permission.each() {
			allowed[text] = true
		}
	}
	for i, permission := range r.Denied {
		for _, text := range permission.each() {
			if allowed[text] {
				p.At(fmt.Sprintf("%s.%d", at("denied"), i), "%q is expected to be allowed as well", text)
			}
		}
	}
}

func title(c *Config) string {
	if len(c.Table) == 0 {
		return strings.Join(c.Who, ", ")
	}
	rows := len(c.Table)
	if len(c.Who) > 0 {
		rows++
	}
	return fmt.Sprintf("%d rows", rows)
}
