package litmus

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/steps/injectchaos/driver"
)

// outcome is what a ChaosResult says, of Litmus 2 or of Litmus 3.
type outcome struct {
	name, phase, verdict string
	failStep             string
	percentage           int
	probes               []driver.Probe
	targets              []hit
}

// hit is what Litmus says of one target.
type hit struct{ kind, name, status string }

// final reports whether the verdict is there.
func (o outcome) final() bool {
	return o.verdict != "" && o.verdict != "Awaited" && o.phase != "" && o.phase != "Running"
}

// stated reports whether Litmus says that it has hit something.
func (o outcome) stated() bool { return len(o.targets) > 0 }

// String is one line for people.
func (o outcome) String() string {
	if o.name == "" {
		return "there is no ChaosResult yet"
	}
	return fmt.Sprintf("ChaosResult %s is in phase %s, its verdict is %s", o.name, cmp.Or(o.phase, "unknown"), cmp.Or(o.verdict, "unknown"))
}

// read takes a ChaosResult apart.
func read(result *unstructured.Unstructured) outcome {
	status := below(result.Object, "status")
	test := below(status, "experimentStatus")
	o := outcome{name: result.GetName(), phase: text(test, "phase"), verdict: text(test, "verdict"), failStep: failStepOf(test)}
	o.percentage, _ = strconv.Atoi(text(test, "probeSuccessPercentage"))
	o.probes = probesOf(status)
	targets, _ := below(status, "history")["targets"].([]any)
	for _, entry := range targets {
		if t, ok := entry.(map[string]any); ok && happened(text(t, "chaosStatus")) {
			o.targets = append(o.targets, hit{text(t, "kind"), text(t, "name"), text(t, "chaosStatus")})
		}
	}
	// While the experiment runs, its pods note on the result what they have hit.
	annotations := result.GetAnnotations()
	for _, key := range slices.Sorted(maps.Keys(annotations)) {
		kind, name, ok := strings.Cut(key, "/")
		known := slices.ContainsFunc(o.targets, func(h hit) bool { return h.name == name })
		if ok && !known && happened(annotations[key]) {
			o.targets = append(o.targets, hit{kind, name, annotations[key]})
		}
	}
	return o
}

// happened reports whether a state of a target means that the fault was there.
func happened(status string) bool {
	return slices.Contains([]string{"injected", "reverted", "targeted"}, strings.ToLower(status))
}

// failStepOf returns what went wrong: a step of the experiment in Litmus 2, a reason with a code in Litmus 3.
func failStepOf(test map[string]any) string {
	if step := text(test, "failStep"); step != "" && step != "N/A" {
		return step
	}
	problem := below(test, "errorOutput")
	reason, code := innerReason(text(problem, "reason")), text(problem, "errorCode")
	switch {
	case reason == "":
		return code
	case code == "":
		return reason
	}
	return code + ": " + reason
}

// innerReason takes the reason out of the JSON that litmus-go wraps it in, with where it was met.
func innerReason(said string) string {
	var inner struct{ Source, Target, Reason string }
	if err := json.Unmarshal([]byte(said), &inner); err != nil || inner.Reason == "" {
		return said
	}
	if where := cmp.Or(inner.Source, inner.Target); where != "" {
		return inner.Reason + " (" + where + ")"
	}
	return inner.Reason
}

// probesOf returns the probes. Litmus 3 has a verdict for each, Litmus 2 a text for each time of looking.
func probesOf(status map[string]any) []driver.Probe {
	var out []driver.Probe
	third, _ := status["probeStatuses"].([]any)
	for _, entry := range third {
		p, ok := entry.(map[string]any)
		if !ok {
			continue
		}
		said := below(p, "status")
		out = append(out, driver.Probe{Name: text(p, "name"), Type: text(p, "type"), Mode: text(p, "mode"), Verdict: text(said, "verdict"), Description: text(said, "description")})
	}
	second, _ := status["probeStatus"].([]any)
	for _, entry := range second {
		p, ok := entry.(map[string]any)
		if !ok {
			continue
		}
		out = append(out, earlyProbe(p))
	}
	return out
}

func earlyProbe(p map[string]any) driver.Probe {
	said := below(p, "status")
	modes := slices.Sorted(maps.Keys(said))
	verdict := "Passed"
	var lines []string
	for _, mode := range modes {
		line := text(said, mode)
		lines = append(lines, mode+": "+line)
		switch {
		case strings.Contains(line, "Better Luck Next Time"):
			verdict = "Failed"
		case !strings.Contains(line, "Passed") && verdict == "Passed":
			verdict = "Awaited"
		}
	}
	return driver.Probe{Name: text(p, "name"), Type: text(p, "type"), Mode: strings.Join(modes, ","), Verdict: verdict, Description: strings.Join(lines, "; ")}
}

// text returns a field as text, "" when it is not there.
func text(content map[string]any, key string) string {
	value, ok := content[key]
	if !ok || value == nil {
		return ""
	}
	return fmt.Sprint(value)
}
