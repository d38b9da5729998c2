package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

// Parse reads the objects of a YAML or JSON text with any number of documents. name stands in messages for the file.
func Parse(name string, text []byte) ([]Object, []error) {
	var out []Object
	var errs []error
	for _, d := range documents(text) {
		content, err := decode(d)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s:%w", name, err))
			continue
		}
		objects, objectErrs := flatten(fmt.Sprintf("%s:%d", name, d.first), content)
		out = append(out, objects...)
		errs = append(errs, objectErrs...)
	}
	return out, errs
}

// document is one part of a multi-document text.
type document struct {
	text  []byte
	start int // line on which text begins, from 1
	first int // line of the first thing that is no comment
}

// documents splits a text at its --- lines, as kubectl does.
func documents(text []byte) []document {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	var out []document
	current := document{start: 1}
	number := 0
	for line := range bytes.Lines(text) {
		number++
		trimmed := strings.TrimRight(string(line), " \t\r\n")
		if trimmed == "---" || strings.HasPrefix(trimmed, "--- ") {
			out = append(out, current)
			// What follows the dashes on their line belongs to the document, and so does the line in positions.
			current = document{start: number}
			line = []byte(strings.TrimPrefix(trimmed, "---") + "\n")
		}
		if word := strings.TrimSpace(string(line)); current.first == 0 && word != "" && !strings.HasPrefix(word, "#") {
			current.first = number
		}
		current.text = append(current.text, line...)
	}
	out = append(out, current)
	return slices.DeleteFunc(out, func(d document) bool { return d.first == 0 })
}

// decode reads one document with the rules of Kubernetes (YAML 1.1 words such as yes are booleans). The error begins
// with the line.
func decode(d document) (any, error) {
	raw, err := yaml.YAMLToJSONStrict(d.text)
	if err != nil {
		return nil, syntaxError(d, err)
	}
	var content any
	if err := utiljson.Unmarshal(raw, &content); err != nil {
		return nil, fmt.Errorf("%d: %w", d.first, err)
	}
	return content, nil
}

var yamlLine = regexp.MustCompile(`line (\d+): `)

// syntaxError moves the line of a parser's message to the line of the file.
func syntaxError(d document, err error) error {
	text := strings.TrimPrefix(err.Error(), "error converting YAML to JSON: ")
	text = strings.TrimPrefix(text, "yaml: ")
	text = strings.TrimSpace(strings.TrimPrefix(text, "unmarshal errors:"))
	line := d.first
	if m := yamlLine.FindStringSubmatchIndex(text); m != nil {
		relative, _ := strconv.Atoi(text[m[2]:m[3]]) // the expression matches digits only
		line = d.start + relative - 1
		text = text[:m[0]] + text[m[1]:]
		if strings.HasPrefix(text, "did not find expected") {
			// The parser counts lines from 0 where it misses something.
			line = min(line+1, d.start+bytes.Count(bytes.TrimRight(d.text, "\n"), []byte("\n")))
		}
	}
	first, _, _ := strings.Cut(text, "\n")
	return fmt.Errorf("%d: %w", line, errors.New(first))
}

// Inline reads the objects of a value that an author wrote into the scenario: one object, a list of objects, or text
// with YAML documents. Numbers and durations become what JSON has.
func Inline(values []any) ([]Object, []error) {
	var out []Object
	var errs []error
	for i, value := range values {
		place := fmt.Sprintf("inline[%d]", i)
		if text, ok := value.(string); ok {
			objects, textErrs := Parse(place, []byte(text))
			out, errs = append(out, objects...), append(errs, textErrs...)
			continue
		}
		plainValue, err := Plain(value)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", place, err))
			continue
		}
		objects, objectErrs := flatten(place, plainValue)
		out, errs = append(out, objects...), append(errs, objectErrs...)
	}
	return out, errs
}

// Plain turns a value of YAML or of expressions into the types that unstructured objects are made of.
func Plain(value any) (any, error) {
	switch v := value.(type) {
	case nil, bool, string, int64, float64:
		return v, nil
	case int:
		return int64(v), nil
	case time.Duration:
		return v.String(), nil
	case time.Time:
		return v.Format(time.RFC3339), nil
	case []any:
		return plainList(v)
	case map[string]any:
		return plainMap(v)
	}
	return nil, fmt.Errorf("a Kubernetes object can't hold a %T", value)
}

func plainList(list []any) (any, error) {
	out := make([]any, len(list))
	for i, item := range list {
		var err error
		if out[i], err = Plain(item); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func plainMap(entries map[string]any) (any, error) {
	out := make(map[string]any, len(entries))
	for _, key := range sortedKeys(entries) {
		var err error
		if out[key], err = Plain(entries[key]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func sortedKeys(entries map[string]any) []string { return slices.Sorted(maps.Keys(entries)) }
