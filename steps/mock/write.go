package mock

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// writing is one answer of a model on its way into the form of an API.
type writing struct {
	asked *conversation
	said  spoken
	model string
}

// words cuts what is said into the pieces that a stream sends.
func (w *writing) words() []string { return strings.SplitAfter(w.said.text, " ") }

// openAI writes a chat completion, or the stream of one.
func (w *writing) openAI() (*answer, error) {
	created := time.Now()
	id := fmt.Sprintf("chatcmpl-%d", created.UnixNano())
	prompt, completion := tokens(w.asked.asked), tokens(w.said.text)
	usage := map[string]any{"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
	head := func(object, choice string, what any, finish any) map[string]any {
		return map[string]any{
			"id": id, "object": object, "created": created.Unix(), "model": w.model,
			"choices": []any{map[string]any{"index": 0, choice: what, "finish_reason": finish, "logprobs": nil}},
		}
	}
	if !w.asked.stream {
		message := map[string]any{"role": "assistant", "content": w.said.text}
		if len(w.said.calls) > 0 {
			calls, err := w.openAICalls()
			if err != nil {
				return nil, err
			}
			message["tool_calls"] = calls
			if w.said.text == "" {
				message["content"] = nil
			}
		}
		body := head("chat.completion", "message", message, w.said.finish)
		body["usage"] = usage
		return document(http.StatusOK, body)
	}
	const chunk = "chat.completion.chunk"
	chunks := []any{head(chunk, "delta", map[string]any{"role": "assistant", "content": ""}, nil)}
	for _, word := range w.words() {
		chunks = append(chunks, head(chunk, "delta", map[string]any{"content": word}, nil))
	}
	if len(w.said.calls) > 0 {
		calls, err := w.openAICalls()
		if err != nil {
			return nil, err
		}
		chunks = append(chunks, head(chunk, "delta", map[string]any{"tool_calls": calls}, nil))
	}
	last := head(chunk, "delta", map[string]any{}, w.said.finish)
	last["usage"] = usage
	return stream(append(chunks, last), "text/event-stream", "data: ", "\n\n", "data: [DONE]\n\n")
}

// openAICalls are the functions to call, with arguments as text, as the API has them.
func (w *writing) openAICalls() ([]any, error) {
	out := make([]any, len(w.said.calls))
	for i, c := range w.said.calls {
		arguments, err := json.Marshal(c.arguments)
		if err != nil {
			return nil, fmt.Errorf("arguments of %s: %w", c.name, err)
		}
		out[i] = map[string]any{
			"index": i, "id": fmt.Sprintf("call_%d", i+1), "type": "function",
			"function": map[string]any{"name": c.name, "arguments": string(arguments)},
		}
	}
	return out, nil
}

// ollama writes an answer of /api/chat or /api/generate, or the stream of one.
func (w *writing) ollama() (*answer, error) {
	at := time.Now().UTC().Format(time.RFC3339Nano)
	part := func(text string, calls []any, done bool) map[string]any {
		out := map[string]any{"model": w.model, "created_at": at, "done": done}
		if w.asked.dialect == ollamaGenerate {
			out["response"] = text
		} else {
			message := map[string]any{"role": "assistant", "content": text}
			if len(calls) > 0 {
				message["tool_calls"] = calls
			}
			out["message"] = message
		}
		if done {
			out["done_reason"] = w.said.ollamaFinish()
			out["prompt_eval_count"], out["eval_count"] = tokens(w.asked.asked), tokens(w.said.text)
			out["total_duration"], out["load_duration"], out["prompt_eval_duration"], out["eval_duration"] = 1, 0, 0, 1
		}
		return out
	}
	var calls []any
	for _, c := range w.said.calls {
		calls = append(calls, map[string]any{"function": map[string]any{"name": c.name, "arguments": c.arguments}})
	}
	if !w.asked.stream {
		return document(http.StatusOK, part(w.said.text, calls, true))
	}
	var chunks []any
	for _, word := range w.words() {
		chunks = append(chunks, part(word, nil, false))
	}
	if len(calls) > 0 {
		chunks = append(chunks, part("", calls, false))
	}
	return stream(append(chunks, part("", nil, true)), "application/x-ndjson", "", "\n", "")
}

// ollamaFinish is why the model stopped, which Ollama does not tell of calls.
func (s *spoken) ollamaFinish() string {
	if s.finish == "tool_calls" {
		return "stop"
	}
	return s.finish
}

// stream writes each chunk between a prefix and a suffix.
func stream(chunks []any, contentType, prefix, suffix, end string) (*answer, error) {
	a := &answer{status: http.StatusOK, headers: map[string]string{"Content-Type": contentType}}
	for _, c := range chunks {
		data, err := json.Marshal(c)
		if err != nil {
			return nil, err
		}
		a.pieces = append(a.pieces, []byte(prefix+string(data)+suffix))
	}
	if end != "" {
		a.pieces = append(a.pieces, []byte(end))
	}
	a.body = bytes.Join(a.pieces, nil)
	return a, nil
}
