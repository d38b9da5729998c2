package kinds_test

import (
	"strings"
	"testing"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/steps/assert"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kinds"
)

// TestUnlikeTypesDoNotMeet compares amounts with numbers, durations with text and lists with single values, by every
// operator and inside closures. Each is a mistake, and the message holds the cure.
func TestUnlikeTypesDoNotMeet(t *testing.T) {
	const quotes = "without quotes"
	const amount = "quantity(…)"
	var catalogue kinds.Catalogue
	k, _ := catalogue.Find("", "deploy")
	text := eval.Type{Kind: eval.String}
	env := eval.NewEnv(append(kube.Functions(), assert.Functions()...)...).
		With("object", k.Type).With("objects", eval.ListOf(k.Type)).With("memory", text).With("took", eval.Type{Kind: eval.Duration}).With("list", eval.ListOf(text))
	for source, cure := range map[string]string{
		"memory == 5": amount, "5 == memory": amount, "memory != 5": amount, "memory < 5": amount, "5 > memory": amount,
		"memory >= 5.5": amount, "memory <= 5": amount, "memory + 5 > 3": amount, "memory * 2 == 3": amount,
		"memory contains 5": "string(…)", "memory in [1, 2]": "each item is a whole number", "5 in [memory]": "each item is text",
		`took == "5s"`: `duration("30s")`, `"5s" > took`: `duration("30s")`, "took > 5": `duration("30s")`, "took + 5 > took": `duration("30s")`,
		`took in ["5s"]`: "a duration in a list", `took contains "s"`: "string(…)", `took startsWith "5"`: "string(…)",
		"list == 3": "len(…)", "list > 3": "len(…)", `list == "a"`: "… in …", `"a" == list`: "… in …", `list contains "a"`: "… in …", "5 in list": "each item is text",
		"len(list) == '3'": quotes, "object.status.conditions == 3": "len(…)", "object.spec.template == 'x'": "an object and text",
		`any(objects, .spec.replicas == "3")`: quotes, `all(objects, .spec.replicas > "3")`: quotes, `none(objects, .spec.replicas == "3")`: quotes,
		`one(objects, .spec.replicas == "3")`: quotes, `count(objects, .spec.replicas == "3") == 1`: quotes, `count(objects, .status.conditions == 1) == 1`: "len(…)",
		`filter(objects, .spec.replicas == "3") == []`: quotes, `find(objects, .spec.replicas == "3") == nil`: quotes, `"3" in map(objects, .spec.replicas)`: "each item is a whole number",
		"map(objects, .spec.replicas) == 3": "len(…)", "any(objects, any(.status.conditions, .status == true))": `"true" in quotes`,
		"any(objects, .metadata.name in 3)": "a list or a key", "any(objects, .spec.replicas contains '3')": "string(…)",
		`let n = object.spec.replicas; n == "3"`: quotes, "(object.spec.paused ? 1 : 2) == '1'": quotes, "objects[0].spec.replicas == '3'": quotes,
	} {
		_, problem := env.Compile(source, eval.Bool)
		switch {
		case problem == nil:
			t.Errorf("%s is taken", source)
		case !strings.Contains(problem.Message, cure):
			t.Errorf("%s\n got %s\nwant %s", source, problem.Message, cure)
		}
	}
}
