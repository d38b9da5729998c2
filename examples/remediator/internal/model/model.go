// Package model lets a language model decide: it asks an endpoint of OpenAI's or Ollama's
// style which of the actions that the rules allow fits an alert. The rules stay the law: a
// model chooses among what they allow and can't name a target of its own.
package model

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/alert"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/history"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/remedy"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/rule"
)

// nothing is what a model answers when no action fits.
const nothing = "none"

// Config says whom to ask and how far to believe it.
type Config struct {
	// URL is where the API begins, without /v1 or /api.
	URL string
	// Style is OpenAI or Ollama.
	Style Style
	// Model is the name of the model.
	Model string
	// Token is sent as the bearer token when it is not empty.
	Token string
	// Timeout limits one question.
	Timeout time.Duration
	// MinConfidence is how sure the model must be, from 0 to 1.
	MinConfidence float64
	// Client makes the requests.
	Client *http.Client
}

// Decider asks the model.
type Decider struct {
	config Config
	rules  *rule.Set
}

// New returns a Decider that chooses among what the rules allow.
func New(config Config, rules *rule.Set) *Decider { return &Decider{config, rules} }

// Decide asks the model about an alert that at least one rule matches. Whatever goes wrong
// on the way to a clear and allowed answer leads to no action, with the reason.
func (d *Decider) Decide(ctx context.Context, a alert.Alert) (*remedy.Decision, error) {
	offers, err := d.rules.Offers(a)
	if err != nil || len(offers) == 0 {
		return nil, err
	}
	prompt, err := question(a, offers)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, d.config.Timeout)
	defer cancel()
	text, err := d.ask(ctx, prompt)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return no("the model did not answer within %s", d.config.Timeout), nil
	case err != nil:
		return no("the model could not be asked: %v", err), nil
	}
	answer, err := parse(text)
	if err != nil {
		return no("the model's answer can't be used: %v", err), nil
	}
	return d.weigh(a, answer)
}

// weigh turns an answer into a decision.
func (d *Decider) weigh(a alert.Alert, answer *answer) (*remedy.Decision, error) {
	opinion := &history.Opinion{Confidence: *answer.Confidence, Reason: answer.Reason}
	refuse := func(format string, arguments ...any) (*remedy.Decision, error) {
		decision := no(format, arguments...)
		decision.Model = opinion
		return decision, nil
	}
	switch {
	case answer.Action == nothing:
		return refuse("the model chose to do nothing: %s", answer.Reason)
	case opinion.Confidence < d.config.MinConfidence:
		return refuse("the model is not sure enough of %s: its confidence is %v, at least %v is needed",
			answer.Action, opinion.Confidence, d.config.MinConfidence)
	}
	offers, err := d.rules.Offers(a)
	if err != nil {
		return nil, err
	}
	allowed := false
	for _, offer := range offers {
		allowed = allowed || offer.Action == answer.Action
	}
	if !allowed {
		return refuse("the model chose %q, which no rule allows for this alert", answer.Action)
	}
	decision, err := d.rules.Choose(a, answer.Action, answer.Parameters)
	if decision == nil {
		return refuse("the model's answer can't be used: %v", err)
	}
	decision.Model = opinion
	return decision, err
}

// no returns the decision to do nothing.
func no(format string, arguments ...any) *remedy.Decision {
	return &remedy.Decision{NoAction: fmt.Sprintf(format, arguments...)}
}

// answer is what the model must say, and nothing else.
type answer struct {
	Action     string         `json:"action"`
	Parameters map[string]any `json:"parameters"`
	Confidence *float64       `json:"confidence"`
	Reason     string         `json:"reason"`
}

// parse reads an answer strictly: half of one is none.
func parse(text string) (*answer, error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	var parsed answer
	if err := decoder.Decode(&parsed); err != nil {
		return nil, fmt.Errorf("expected one JSON object: %w", err)
	}
	switch {
	case decoder.More():
		return nil, errors.New("expected one JSON object, found more behind it")
	case parsed.Action == "":
		return nil, errors.New("the key action is missing")
	case parsed.Confidence == nil:
		return nil, errors.New("the key confidence is missing")
	case *parsed.Confidence < 0 || *parsed.Confidence > 1:
		return nil, fmt.Errorf("found confidence %v, expected 0 to 1", *parsed.Confidence)
	}
	return &parsed, nil
}
