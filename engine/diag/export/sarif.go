package export

import (
	"cmp"
	"io"
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/check"
	"github.com/scenario-runner/scenario-runner/engine/diag"
)

// The parts of SARIF 2.1.0 that are used. Names are those of the specification.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version,omitempty"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string        `json:"id"`
		Name             string        `json:"name"`
		ShortDescription sarifMessage  `json:"shortDescription"`
		FullDescription  *sarifMessage `json:"fullDescription,omitempty"`
		Help             *sarifMessage `json:"help,omitempty"`
		HelpURI          string        `json:"helpUri,omitempty"`
		Default          *sarifDefault `json:"defaultConfiguration,omitempty"`
	}
	sarifDefault struct {
		Level string `json:"level"`
	}
	sarifMessage struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		RuleIndex int             `json:"ruleIndex"`
		Level     string          `json:"level"`
		Message   sarifMessage    `json:"message"`
		Locations []sarifLocation `json:"locations"`
		Related   []sarifLocation `json:"relatedLocations,omitempty"`
	}
	sarifLocation struct {
		ID       int           `json:"id,omitempty"`
		Physical sarifPhysical `json:"physicalLocation"`
		Message  *sarifMessage `json:"message,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn"`
		EndLine     int `json:"endLine"`
		EndColumn   int `json:"endColumn"`
	}
)

const sarifSchema = "https://json.schemastore.org/sarif-2.1.0.json"

// SARIF writes a SARIF 2.1.0 log with one run. The id of a rule is the name of the check, which does not change.
func SARIF(w io.Writer, r Result) error {
	list := r.Diagnostics.Sorted()
	rules := ruleIDs(list)
	run := sarifRun{ColumnKind: "unicodeCodePoints", Results: []sarifResult{}}
	run.Tool.Driver = sarifDriver{Name: "scenario-runner", Version: r.Version, Rules: []sarifRule{}}
	for _, id := range rules {
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, ruleOf(id))
	}
	for _, d := range list {
		run.Results = append(run.Results, r.sarif(d, rules))
	}
	return encode(w, sarifLog{Schema: sarifSchema, Version: "2.1.0", Runs: []sarifRun{run}})
}

// ruleOf describes a check as code scanning shows it beside a finding.
func ruleOf(id string) sarifRule {
	rule := sarifRule{ID: id, Name: pascal(id), ShortDescription: sarifMessage{Text: "The check " + id + " of scenario-runner validate"}}
	c, ok := check.Get(id)
	if !ok {
		return rule
	}
	rule.ShortDescription.Text = c.Meaning
	rule.FullDescription = &sarifMessage{Text: c.Meaning + " " + c.Why}
	rule.Help = &sarifMessage{Text: c.Cure}
	rule.HelpURI = check.HelpURI(id)
	rule.Default = &sarifDefault{Level: c.Severity.String()}
	return rule
}

func (r Result) sarif(d diag.Diagnostic, rules []string) sarifResult {
	id := ruleID(d)
	index, _ := slices.BinarySearch(rules, id)
	result := sarifResult{
		RuleID: id, RuleIndex: index, Level: d.Severity.String(), Message: sarifMessage{Text: d.Message},
		Locations: []sarifLocation{{Physical: r.physical(d.Range)}},
	}
	for i, n := range d.Notes {
		if n.Range.IsZero() {
			result.Message.Text += "\n" + n.Message
			continue
		}
		result.Related = append(result.Related, sarifLocation{ID: i + 1, Physical: r.physical(n.Range), Message: &sarifMessage{Text: n.Message}})
	}
	return result
}

func (r Result) physical(at diag.Range) sarifPhysical {
	return sarifPhysical{
		Artifact: sarifArtifact{URI: r.uri(at.File)},
		Region: sarifRegion{
			StartLine: at.Start.Line, StartColumn: at.Start.Column, EndLine: at.End.Line, EndColumn: at.End.Column,
		},
	}
}

func ruleID(d diag.Diagnostic) string { return cmp.Or(d.Check, "scenario") }

// ruleIDs returns the names of the checks that found something, sorted.
func ruleIDs(list diag.List) []string {
	var ids []string
	for _, d := range list {
		ids = append(ids, ruleID(d))
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// pascal turns unknown-field into UnknownField, the form that SARIF wants for names.
func pascal(id string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(id, "-") {
		if word != "" {
			b.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return b.String()
}
