package main

import (
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/model"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/remedy"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/rule"
)

// tokenVariable holds the token for the model, which must not stand on a command line.
const tokenVariable = "REMEDIATOR_LLM_TOKEN"

// modelOptions are the flags about who decides.
type modelOptions struct {
	url, style, name string
	timeout          time.Duration
	minConfidence    float64
}

// declare adds the flags.
func (m *modelOptions) declare(flags *flag.FlagSet) {
	flags.StringVar(&m.url, "llm", "", "`URL` of a language model that chooses among the actions that the rules allow; the token is in "+tokenVariable)
	flags.StringVar(&m.style, "llm-style", string(model.Ollama), "openai or ollama")
	flags.StringVar(&m.name, "llm-model", "llama3.1:8b", "`name` of the model")
	flags.DurationVar(&m.timeout, "llm-timeout", 10*time.Second, "how long one answer may take")
	flags.Float64Var(&m.minConfidence, "min-confidence", 0.7, "how sure the model must be, from 0 to 1")
}

// check refuses what can't be.
func (m *modelOptions) check() error {
	switch {
	case !model.Style(m.style).Known():
		return fmt.Errorf("found --llm-style %q, expected openai or ollama", m.style)
	case m.timeout <= 0:
		return errors.New("the flag --llm-timeout must be above zero")
	case m.minConfidence < 0 || m.minConfidence > 1:
		return fmt.Errorf("found --min-confidence %v, expected 0 to 1", m.minConfidence)
	}
	return nil
}

// decider returns who decides: the rules alone, or a model that is bound by them.
func (m *modelOptions) decider(rules *rule.Set) remedy.Decider {
	if m.url == "" {
		return rules
	}
	return model.New(model.Config{
		URL: m.url, Style: model.Style(m.style), Model: m.name, Token: os.Getenv(tokenVariable),
		Timeout: m.timeout, MinConfidence: m.minConfidence, Client: &http.Client{},
	}, rules)
}
