package rule

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/action"
)

const (
	defaultCooldown = time.Minute
	defaultTimeout  = 2 * time.Minute
	defaultWindow   = time.Second
)

// Load reads and checks a rule file.
func Load(path string) (*Set, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the rule file: %w", err)
	}
	return Parse(path, data)
}

// Parse checks the text of a rule file; the error is a *Problems that names every mistake.
func Parse(name string, data []byte) (*Set, error) {
	problems := &Problems{File: name}
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil {
		problems.add(syntaxPosition(err), "%s", syntaxText(err))
		return nil, problems.err()
	}
	if document.Kind == 0 {
		problems.add(&document, "the file is empty, expected the key rules")
		return nil, problems.err()
	}
	root := document.Content[0]
	set := &Set{}
	for _, field := range problems.fields(root, "a rule file", "rules", "forbiddenNamespaces", "maxRisk", "correlation") {
		switch field.key.Value {
		case "maxRisk":
			set.maxRisk = problems.risk(field.value)
		case "forbiddenNamespaces":
			set.forbidden = problems.texts(field.value, "forbiddenNamespaces")
		case "correlation":
			set.correlation = problems.correlation(field.value)
		default:
			set.rules = problems.rules(field.value)
		}
	}
	if len(set.rules) == 0 && len(problems.List) == 0 {
		problems.add(root, "there are no rules, expected at least one")
	}
	if err := problems.err(); err != nil {
		return nil, err
	}
	return set, nil
}

// syntaxPosition finds the line that the YAML parser complains about.
func syntaxPosition(err error) *yaml.Node {
	match := regexp.MustCompile(`line (\d+)`).FindStringSubmatch(err.Error())
	if match == nil {
		return &yaml.Node{}
	}
	line, err := strconv.Atoi(match[1])
	if err != nil {
		return &yaml.Node{}
	}
	return &yaml.Node{Line: line}
}

// syntaxText removes from the parser's complaint what the position says already.
func syntaxText(err error) string {
	return "not YAML: " + regexp.MustCompile(`^yaml: (line \d+: )?`).ReplaceAllString(err.Error(), "")
}

// rules reads the list of rules.
func (p *Problems) rules(node *yaml.Node) []rule {
	if node.Kind != yaml.SequenceNode {
		p.add(node, "rules must be a list, found %s", describe(node))
		return nil
	}
	rules := make([]rule, len(node.Content))
	for i, item := range node.Content {
		rules[i] = p.rule(resolve(item))
		rules[i].rank = i
	}
	return rules
}

// rule reads one rule.
func (p *Problems) rule(node *yaml.Node) rule {
	read := rule{cooldown: defaultCooldown, timeout: defaultTimeout}
	parts := make(map[string]*yaml.Node)
	fields := p.fields(node, "a rule", "alert", "match", "action", "target", "parameters", "cooldown", "timeout",
		"forbiddenNamespaces", "maxRisk", "rollback")
	for _, field := range fields {
		parts[field.key.Value] = field.value
		switch field.key.Value {
		case "alert":
			read.alerts = p.texts(field.value, "alert")
		case "match":
			read.match = p.matchers(field.value)
		case "cooldown":
			read.cooldown = p.duration(field.value, "cooldown", 0)
		case "timeout":
			read.timeout = p.duration(field.value, "timeout", time.Millisecond)
		case "forbiddenNamespaces":
			read.forbidden = p.texts(field.value, "forbiddenNamespaces")
		case "maxRisk":
			read.maxRisk = p.risk(field.value)
		case "rollback":
			read.rollback = p.truth(field.value, "rollback")
		}
	}
	if node.Kind != yaml.MappingNode {
		return read
	}
	for _, name := range []string{"alert", "action", "target"} {
		if parts[name] == nil {
			p.add(node, "a rule needs the key %s", name)
		}
	}
	if parts["action"] == nil {
		return read
	}
	if kind, known := p.kind(parts["action"]); known {
		read.kind, read.parameters = kind, parts["parameters"]
		read.action = p.parameters(node, parts["parameters"], kind)
		if parts["target"] != nil {
			read.target = p.target(parts["target"], kind)
		}
	}
	return read
}

// correlation reads which alerts have one cause.
func (p *Problems) correlation(node *yaml.Node) correlation {
	read := correlation{window: defaultWindow}
	for _, field := range p.fields(node, "correlation", "labels", "window") {
		if field.key.Value == "window" {
			read.window = p.duration(field.value, "window", time.Millisecond)
			continue
		}
		read.labels = p.texts(field.value, "labels")
	}
	if node.Kind == yaml.MappingNode && len(read.labels) == 0 {
		p.add(node, "correlation needs the key labels: those that alerts with one cause have in common")
	}
	return read
}

// risk reads how much an action may do.
func (p *Problems) risk(node *yaml.Node) action.Risk {
	risk := action.Risk(p.text(node, "maxRisk"))
	if risk != "" && !slices.Contains(action.Risks(), risk) {
		p.add(node, "maxRisk must be low, medium or high, found %q", string(risk))
	}
	return risk
}

// matchers reads the labels that an alert must have.
func (p *Problems) matchers(node *yaml.Node) []matcher {
	var found []matcher
	for _, field := range p.fields(node, "match") {
		found = append(found, matcher{label: field.key.Value, values: p.texts(field.value, "match."+field.key.Value)})
	}
	return found
}

// kind looks the action up in the catalogue.
func (p *Problems) kind(node *yaml.Node) (action.Kind, bool) {
	name := p.text(node, "action")
	var known []string
	for _, kind := range action.Catalogue() {
		if kind.Name == name {
			return kind, true
		}
		known = append(known, kind.Name)
	}
	if name != "" {
		p.add(node, "unknown action %q; known are %s", name, strings.Join(known, ", "))
	}
	return action.Kind{}, false
}

// parameters reads and checks the parameters of an action.
func (p *Problems) parameters(rule, node *yaml.Node, kind action.Kind) action.Action {
	made := kind.New()
	before := len(p.List)
	values := map[string]*yaml.Node{}
	if node != nil {
		values = p.decodeInto(node, kind.Name, made)
	} else {
		node = rule
	}
	if len(p.List) > before {
		return made
	}
	err := made.Validate()
	var parameter *action.ParameterError
	switch {
	case errors.As(err, &parameter) && values[parameter.Name] != nil:
		p.add(values[parameter.Name], "%s", err)
	case err != nil:
		p.add(node, "%s: %s", kind.Name, err)
	}
	return made
}
