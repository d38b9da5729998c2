package mock

import (
	"net/http"
	"strings"

	"github.com/scenario-runner/scenario-runner/steps/inbox"
)

// dialect is the API in which a client speaks to a language model.
type dialect int

const (
	openAI dialect = iota
	ollamaChat
	ollamaGenerate
)

// conversation is what a client asks a language model.
type conversation struct {
	dialect dialect
	model   string
	prompt  string // the last message that is not the model's own
	asked   string // everything, to count
	stream  bool
}

// converse returns what a request asks a language model, nil when it asks none.
func converse(r *inbox.Request) *conversation {
	if r.Method != http.MethodPost {
		return nil
	}
	c := &conversation{}
	switch {
	case strings.HasSuffix(r.Path, "/chat/completions"):
		c.dialect = openAI
	case r.Path == "/api/chat":
		c.dialect = ollamaChat
	case r.Path == "/api/generate":
		c.dialect = ollamaGenerate
	default:
		return nil
	}
	body, _ := r.Body.(map[string]any) // one that is no JSON asks for nothing, and gets the answer to an empty prompt
	c.model, _ = body["model"].(string)
	stream, said := body["stream"].(bool)
	c.stream = stream || !said && c.dialect != openAI // Ollama streams unless it is told not to
	if c.dialect == ollamaGenerate {
		c.prompt, _ = body["prompt"].(string)
		c.asked = c.prompt
		return c
	}
	messages, _ := body["messages"].([]any)
	for _, m := range messages {
		message, _ := m.(map[string]any)
		text := content(message["content"])
		c.asked += text + "\n"
		if message["role"] != "assistant" {
			c.prompt = text
		}
	}
	return c
}

// content returns the text of a message, which may have parts.
func content(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []any:
		var texts []string
		for _, p := range v {
			if part, ok := p.(map[string]any); ok {
				if text, ok := part["text"].(string); ok {
					texts = append(texts, text)
				}
			}
		}
		return strings.Join(texts, "\n")
	}
	return ""
}

// tokens counts roughly, as words: nobody needs a tokenizer to test what uses the count.
func tokens(text string) int { return len(strings.Fields(text)) }
