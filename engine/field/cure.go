package field

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/source"
)

// cureFor proposes what to write instead of a value of another type; it is empty when nothing is likely.
func cureFor(n *yaml.Node, s *Shape) string {
	if n.Kind != yaml.ScalarNode || isNull(n) {
		return ""
	}
	switch s.Kind {
	case Struct:
		if f := s.takes(n.Tag); f != nil {
			return fmt.Sprintf("; did you mean {%s: %s}?", f.Name, n.Value)
		}
	case Duration:
		if near := nearDuration(n.Value); near != "" {
			return fmt.Sprintf("; did you mean %s?", near)
		}
	case Bool:
		return cureForBool(n)
	case Int, Float:
		if n.Tag == "!!str" && n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.TaggedStyle) != 0 {
			if _, err := strconv.ParseFloat(n.Value, 64); err == nil {
				return "; write it without quotes"
			}
		}
	}
	return ""
}

// takes returns the field that a scalar is likely meant for: the first that is needed, else the first of all that take it.
func (s *Shape) takes(tag string) *Field {
	var first *Field
	for i := range s.Fields {
		f := &s.Fields[i]
		k := f.Shape
		if f.Single && k.Kind == List {
			k = k.Elem
		}
		if !k.admits(tag) {
			continue
		}
		if f.Required {
			return f
		}
		if first == nil {
			first = f
		}
	}
	return first
}

// admits reports whether a scalar with a tag can be a value of the shape.
func (s *Shape) admits(tag string) bool {
	switch tag {
	case "!!int", "!!float":
		return s.Kind == Int || s.Kind == Float
	case "!!bool":
		return s.Kind == Bool
	}
	return s.Kind == String || s.Kind == Later || s.Text
}

// cureForBool knows the words for true and false that YAML 1.1 had.
func cureForBool(n *yaml.Node) string {
	value := strings.ToLower(n.Value)
	switch {
	case value == "true" || value == "false":
		return "; write it without quotes"
	case value == "yes" || value == "on" || value == "y" || value == "1":
		return "; write true"
	case value == "no" || value == "off" || value == "n" || value == "0":
		return "; write false"
	}
	return ""
}

var (
	amountOfTime = regexp.MustCompile(`^\s*(\d+(?:\.\d+)?)[ _]*([A-Za-z]+)\s*$`)
	minutesBare  = regexp.MustCompile(`^((?:\d+h)?\d+m|\d+h)(\d+)$`)
	clock        = regexp.MustCompile(`^(?:(\d+):)?(\d+):(\d\d)$`)
)

var unitWords = map[string]string{
	"s": "s", "sec": "s", "secs": "s", "second": "s", "seconds": "s", "m": "m", "min": "m", "mins": "m", "minute": "m", "minutes": "m",
	"h": "h", "hr": "h", "hrs": "h", "hour": "h", "hours": "h", "ms": "ms", "msec": "ms", "millis": "ms", "milliseconds": "ms",
}

// nearDuration returns the duration that is likely meant by a text that is none.
func nearDuration(text string) string {
	if m := amountOfTime.FindStringSubmatch(text); m != nil {
		word := strings.ToLower(m[2])
		if unit := unitWords[word]; unit != "" {
			return m[1] + unit
		}
		if n, err := strconv.Atoi(m[1]); err == nil && (word == "d" || word == "day" || word == "days") {
			return strconv.Itoa(24*n) + "h"
		}
	}
	if m := minutesBare.FindStringSubmatch(text); m != nil {
		next := "s"
		if strings.HasSuffix(m[1], "h") {
			next = "m"
		}
		return text + next
	}
	if m := clock.FindStringSubmatch(text); m != nil {
		near := m[2] + "m" + m[3] + "s"
		if m[1] != "" {
			near = m[1] + "h" + near
		}
		if _, err := time.ParseDuration(near); err == nil {
			return near
		}
	}
	return ""
}

// reported says that the walk over the file has found something wrong in a node already: {{ x }} for an expression.
func reported(n *yaml.Node) bool {
	return n.Kind == yaml.MappingNode && len(n.Content) > 0 && source.Follow(n.Content[0]).Kind != yaml.ScalarNode
}
