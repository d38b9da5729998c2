// Package http is the step that sends a request and judges the answer. It has nothing to listen on; receive does.
package http

import (
	"context"
	_ "embed"
	"net/url"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/web"
)

//go:embed README.md
var doc string

// Config is what the author writes under `http`.
type Config struct {
	URL             string            `yaml:"url" required:"true" shorthand:"true" doc:"Address to ask." example:"http://127.0.0.1:8080/healthz"`
	Method          string            `yaml:"method" doc:"Method of the request. Without it, POST when there is something to send, else GET."`
	Headers         map[string]string `yaml:"headers" doc:"Headers of the request." example:"{Authorization: 'Bearer ${{ secrets.token }}'}"`
	Query           map[string]string `yaml:"query" doc:"Parameters that are put behind the ? of the address, escaped."`
	JSON            any               `yaml:"json" doc:"Value to send as JSON."`
	Body            string            `yaml:"body" doc:"Text to send."`
	RequestTimeout  time.Duration     `yaml:"requestTimeout" doc:"How long one request may take." example:"10s"`
	Through         *Through          `yaml:"through" doc:"Reach a server inside of the cluster by way of its pods; the address says then only which host and path it sees." example:"{to: service/web, port: http}"`
	ServiceAccount  *ServiceAccount   `yaml:"serviceAccount" doc:"Send the token of a service account of the cluster, which is made for this request." example:"dashboard"`
	FollowRedirects bool              `yaml:"followRedirects" doc:"Go where a redirect points. When false, the redirect itself is the answer."`
	TLS             *web.TLS          `yaml:"tls" doc:"Whom to trust."`
	Expect          *Expect           `yaml:"expect" doc:"What the answer must be."`
	Retry           *Retry            `yaml:"retry" doc:"When to send the request again that got no answer, or one that says to come back later."`
	Count           int               `yaml:"count" doc:"Send the same request so many times. Every answer must be as expected." example:"20"`
	Parallel        int               `yaml:"parallel" doc:"How many of them are sent at the same time." example:"5"`
	Until           eval.Expr[bool]   `yaml:"until" scope:"response" doc:"Ask again until this is true of the response." example:"response.body.state == \"done\""`
	FailIf          eval.Expr[bool]   `yaml:"failIf" scope:"response" doc:"Fail at once when this is true of a response, instead of asking again."`
	Every           time.Duration     `yaml:"every" doc:"Time between two requests while asking again." example:"1s"`
	Within          time.Duration     `yaml:"within" doc:"How long to ask again at most. Without it, as long as the step may take."`
}

// Expect says what the answer must be.
type Expect struct {
	Status []int             `yaml:"status" single:"true" doc:"Allowed status codes. Without it, 200 to 299." example:"[200, 404]"`
	Schema any               `yaml:"schema" doc:"JSON schema of the body. A body that does not fit fails the step, and expressions know its fields." example:"{type: object, required: [state], properties: {state: {type: string}}}"`
	That   []eval.Expr[bool] `yaml:"that" single:"true" scope:"response" doc:"Conditions on the response. All are checked, and all that are false are reported." example:"response.body.count == 1"`
}

// Outputs is what later steps can read.
type Outputs struct {
	Status   int               `expr:"status" doc:"Status code of the answer."`
	Headers  map[string]string `expr:"headers" doc:"Headers of the answer by lower-case name."`
	Body     any               `expr:"body" doc:"Body of the answer: a value when it is JSON, else text."`
	Text     string            `expr:"text" doc:"Body of the answer as text."`
	Took     time.Duration     `expr:"took" doc:"How long the last request took, up to the end of its answer."`
	Attempts int               `expr:"attempts" doc:"How many requests were sent, those that were sent again included."`
	Statuses map[string]int    `expr:"statuses" doc:"How many answers had which status, by status code."`
	Lost     int               `expr:"lost" doc:"How many requests of count got no answer."`
}

// New returns the definition of the step. env is used for tokens of service accounts.
func New(env *kube.Env) step.Definition {
	return step.Define(step.Spec[Config, Outputs]{
		Name:   "http",
		Group:  step.Services,
		Doc:    doc,
		Judges: true,
		// Without expect any answer will do.
		JudgesIf: func(c *Config) bool { return c.Expect != nil },
		Default: func() Config {
			return Config{RequestTimeout: 10 * time.Second, FollowRedirects: true, Every: time.Second}
		},
		Check:   kube.Knowing(env, check),
		TitleAs: shownTitle,
		Touches: touches,
		Needs:   needs(env),
		Names:   local,
		Refine: func(c *Config, _ *step.Place, t eval.Type) eval.Type {
			if f, ok := t.Field("body"); ok && c.Expect != nil && c.Expect.Schema != nil {
				return t.With("body", f.Doc, web.TypeOfSchema(c.Expect.Schema))
			}
			return t
		},
		Run: func(ctx context.Context, run *step.Run, c Config) (Outputs, error) {
			return perform(ctx, run, &c, env)
		},
	})
}

func check(c *Config, p *step.Problems) {
	if c.URL != "" {
		checkURL(c.URL, p)
	}
	if p.Given("json") && p.Given("body") {
		p.Mistake("body", "exclusive-fields", `only one of json, body can be given; "json" is given already`)
	}
	if method := strings.ToUpper(c.Method); method != c.Method {
		p.At("method", "a method is written in capitals: %s", method)
	}
	if c.Every <= 0 {
		p.At("every", "asking again needs a pause between two requests; found %s", c.Every)
	}
	for _, field := range []string{"failIf", "every", "within"} {
		if p.Given(field) && !c.Until.IsSet() {
			p.At(field, "%s means nothing without until", field)
		}
	}
	c.TLS.Check("tls", p)
	c.Retry.check(c, p)
	c.Through.check(p)
	c.ServiceAccount.check(p)
	checkBurst(c, p)
	if c.Expect != nil {
		web.CheckSchema("expect.schema", c.Expect.Schema, p)
	}
}

func checkURL(text string, p *step.Problems) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		p.At("url", "%q is not an address", text)
	case u.Scheme != "http" && u.Scheme != "https":
		p.At("url", "an address starts with http:// or https://; found %q", text)
	case u.Host == "":
		p.At("url", "%q names no host", u.Redacted())
	case u.Scheme == "http" && p.Given("tls"):
		p.At("tls", "tls means nothing for an address that starts with http://")
	}
}

func title(c *Config) string {
	address := c.URL
	if u, err := url.Parse(address); err == nil && u.User != nil {
		address = u.Redacted() // and nothing else, which would escape what is not known yet
	}
	return strings.TrimSpace(method(c) + " " + address)
}

func method(c *Config) string {
	switch {
	case c.Method != "":
		return c.Method
	case c.JSON != nil || c.Body != "":
		return "POST"
	}
	return "GET"
}
