package kinds_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/steps/kube/kinds"
)

const workload = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, creationTimestamp: null}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  strategy: {rollingUpdate: {maxSurge: 25%, maxUnavailable: 1}}
  template:
    metadata: {labels: {app: web}, annotations: {port: "80"}}
    spec:
      containers:
      - name: web
        image: nginx
        env: [{name: A, value: "1"}]
        livenessProbe: {httpGet: {port: http}, periodSeconds: 5}
        resources: {limits: {memory: 256Mi, cpu: 1}, requests: {cpu: 0.5}}
`

// inspect returns the findings in a manifest as line:column: message [check].
func inspect(t *testing.T, known *kinds.Definitions, text string, how kinds.Inspection) []string {
	t.Helper()
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		t.Fatal(err)
	}
	var head struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string `yaml:"kind"`
	}
	if err := document.Decode(&head); err != nil {
		t.Fatal(err)
	}
	kind, _, mistake := known.Identify(head.APIVersion, head.Kind)
	if kind == nil {
		t.Fatalf("%s %s is not known: %s", head.APIVersion, head.Kind, mistake)
	}
	var out []string
	for _, f := range kind.Schema.Inspect(document.Content[0], how) {
		out = append(out, fmt.Sprintf("%d:%d: %s [%s]", f.Node.Line, f.Node.Column, f.Message, f.Check))
	}
	return out
}

// mutants are changes of the workload and what is said of each.
func mutants() []struct{ from, to, want string } {
	return []struct{ from, to, want string }{
		{"", "", ""},
		{"image: nginx", "imagee: nginx", `13:9: unknown field "imagee" of spec.template.spec.containers[0]; did you mean "image"? [manifest-field]`},
		{"spec:\n  replicas", "sepc: {}\nspec:\n  replicas", `4:1: unknown field "sepc"; did you mean "spec"? [manifest-field]`},
		{"name: web, creation", "nam: web, creation", `3:12: unknown field "nam" of metadata; did you mean "name"? [manifest-field]`},
		{"replicas: 2", `replicas: "2"`, `5:13: spec.replicas: expected a whole number, found "2"; write it without quotes [manifest-type]`},
		{"replicas: 2", `replicas: two`, `5:13: spec.replicas: expected a whole number, found "two" [manifest-type]`},
		{"replicas: 2", `replicas: 2.5`, `5:13: spec.replicas: expected a whole number, found the number 2.5 [manifest-type]`},
		{"replicas: 2", `replicas:`, ""},
		{"replicas: 2", `replicas: ${{ vars.n }}`, ""},
		{`value: "1"`, "value: 1", `14:32: spec.template.spec.containers[0].env[0].value: expected text, found the number 1; put it in quotes [manifest-type]`},
		{`value: "1"`, "value: yes", `14:32: spec.template.spec.containers[0].env[0].value: expected text, found yes; put it in quotes [manifest-type]`},
		{`value: "1"`, "value: 2026-01-02", ""},
		{`port: "80"`, "port: 80", `9:56: spec.template.metadata.annotations.port: expected text, found the number 80; put it in quotes [manifest-type]`},
		{"memory: 256Mi", "memory: 256MB", `16:38: spec.template.spec.containers[0].resources.limits.memory: expected a quantity such as 100m or 256Mi, found "256MB" [manifest-type]`},
		{"maxSurge: 25%", "maxSurge: 0.25", `7:40: spec.strategy.rollingUpdate.maxSurge: expected a whole number or text, found the number 0.25; put it in quotes [manifest-type]`},
		{"httpGet: {port: http}", "httpGet: http", `15:34: spec.template.spec.containers[0].livenessProbe.httpGet: expected a mapping, found "http" [manifest-type]`},
		{"[{name: A, value: \"1\"}]", "{name: A}", `14:14: spec.template.spec.containers[0].env: expected a list, found a mapping [manifest-type]`},
		{"      - name: web\n        image", "      - image", `12:9: spec.template.spec.containers[0] needs "name" [manifest-required]`},
		{"  selector: {matchLabels: {app: web}}\n", "", `5:3: spec needs "selector" [manifest-required]`},
		{"  selector: {matchLabels", "  selektor: {matchLabels", `6:3: unknown field "selektor" of spec; did you mean "selector"? [manifest-field]`},
		{"periodSeconds: 5", "periodSeconds: 5s", `15:63: spec.template.spec.containers[0].livenessProbe.periodSeconds: expected a whole number, found "5s" [manifest-type]`},
		{"httpGet: {port: http}", "httpGet: {path: /}", `15:34: spec.template.spec.containers[0].livenessProbe.httpGet needs "port" [manifest-required]`},
	}
}

func TestInspectSaysWhatIsWrong(t *testing.T) {
	var catalogue kinds.Catalogue
	for _, tt := range mutants() {
		text := strings.Replace(workload, tt.from, tt.to, 1)
		if tt.from != "" && text == workload {
			t.Fatalf("%q is not in the manifest", tt.from)
		}
		got := strings.Join(inspect(t, catalogue.Definitions(t.TempDir()), text, kinds.Inspection{Dynamic: true, File: true}), "\n")
		if got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.to, got, tt.want)
		}
	}
}

func TestScenariosAreReadByANewerYAML(t *testing.T) {
	var catalogue kinds.Catalogue
	text := "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: y}\nspec: {paused: yes}\n"
	want := []string{`4:16: spec.paused: expected true or false, found "yes" [manifest-type]`}
	if d := cmp.Diff(want, inspect(t, catalogue.Definitions(""), text, kinds.Inspection{Partial: true})); d != "" {
		t.Error(d)
	}
	want = []string{`3:18: metadata.name: expected text, found y; put it in quotes [manifest-type]`}
	if d := cmp.Diff(want, inspect(t, catalogue.Definitions(""), text, kinds.Inspection{Partial: true, File: true})); d != "" {
		t.Error(d)
	}
}

func TestInspectOfAPartRequiresNothing(t *testing.T) {
	var catalogue kinds.Catalogue
	text := "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {paused: on, $setElementOrder/x: 3}\n"
	if got := inspect(t, catalogue.Definitions(""), text, kinds.Inspection{Partial: true, File: true}); got != nil {
		t.Error(got)
	}
	want := []string{`4:20: spec.replicas: expected a whole number, found "${{ vars.n }}" [manifest-type]`}
	got := inspect(t, catalogue.Definitions(""), strings.Replace(text, "paused: on", "replicas: \"${{ vars.n }}\"", 1), kinds.Inspection{Partial: true, File: true})
	if d := cmp.Diff([]string{strings.Replace(want[0], "4:20", "4:18", 1)}, got); d != "" {
		t.Error(d)
	}
}

const widgets = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  names: {plural: widgets, singular: widget, kind: Widget, shortNames: [wd]}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        required: [spec]
        properties:
          spec:
            type: object
            required: [size, mode]
            properties:
              size: {type: integer}
              mode: {type: string, enum: [fast, slow], default: fast}
              share: {type: number}
              on: {type: boolean}
              port: {x-kubernetes-int-or-string: true}
              free: {type: object, x-kubernetes-preserve-unknown-fields: true}
              tags: {type: object, additionalProperties: {type: string}}
              steps: {type: array, items: {type: object, required: [name], properties: {name: {type: string}}}}
`

// learn returns definitions that know the kind Widget.
func learn(t *testing.T, catalogue *kinds.Catalogue) *kinds.Definitions {
	t.Helper()
	var object map[string]any
	if err := yaml.Unmarshal([]byte(widgets), &object); err != nil {
		t.Fatal(err)
	}
	known := catalogue.Definitions(t.TempDir())
	known.Learn(object)
	return known
}

func TestInspectOfCustomKinds(t *testing.T) {
	var catalogue kinds.Catalogue
	for spec, want := range map[string]string{
		"{size: 3}": "",
		"{size: 3, mode: slow, share: 1, on: yes, port: http, free: {a: [1]}, tags: {a: b}, steps: [{name: a}]}": "",
		"{}":                          `4:7: spec needs "size" [manifest-required]`,
		"{sise: 3}":                   `4:8: unknown field "sise" of spec; did you mean "size"? [manifest-field]`,
		"{size: 3, mode: fst}":        `4:23: spec.mode can't be "fst"; did you mean "fast"? [manifest-type]`,
		"{size: 3, share: much}":      `4:24: spec.share: expected a number, found "much" [manifest-type]`,
		"{size: 3, on: 1}":            `4:21: spec.on: expected true or false, found the number 1 [manifest-type]`,
		`{size: 3, on: "true"}`:       `4:21: spec.on: expected true or false, found "true"; write it without quotes [manifest-type]`,
		"{size: 3, tags: {a.b/c: 1}}": `4:31: spec.tags["a.b/c"]: expected text, found the number 1; put it in quotes [manifest-type]`,
		"{size: 3, steps: [{}]}":      `4:25: spec.steps[0] needs "name" [manifest-required]`,
	} {
		text := "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: a}\nspec: " + spec + "\n"
		if got := strings.Join(inspect(t, learn(t, &catalogue), text, kinds.Inspection{File: true}), "\n"); got != want {
			t.Errorf("%s\n got %s\nwant %s", spec, got, want)
		}
	}
}

func TestIdentify(t *testing.T) {
	var catalogue kinds.Catalogue
	known := learn(t, &catalogue)
	for name, want := range map[string]string{
		"apps/v1 Deployment":         "Deployment",
		"v1 Pod":                     "Pod",
		"example.com/v1 Widget":      "Widget",
		"other.example.com/v1 Thing": "",
		"apiextensions.k8s.io/v1 CustomResourceDefinition": "",
		"storage.k8s.io/v1alpha1 Whatever":                 "",
		"batch/v1 SomethingNew":                            "",
		"extensions/v1beta1 Deployment":                    "apiVersion: Deployment of extensions/v1beta1 was removed in Kubernetes 1.16; write apiVersion: apps/v1",
		"policy/v1beta1 PodSecurityPolicy":                 "apiVersion: PodSecurityPolicy of policy/v1beta1 was removed in Kubernetes 1.25; nothing took its place",
		"v1 Deployment":                                    "kind: there is no Deployment of v1; write apiVersion: apps/v1",
		"app/v1 Deployment":                                "apiVersion: there is no Deployment of app/v1; write apiVersion: apps/v1",
		"autoscaling/v3 HorizontalPodAutoscaler":           "apiVersion: there is no HorizontalPodAutoscaler of autoscaling/v3; write apiVersion: autoscaling/v2 or autoscaling/v1",
		"apps/v1 Deploymnt":                                `kind: unknown kind "Deploymnt" of apps/v1; did you mean "Deployment"?`,
		"apps/v1 deployment":                               `kind: unknown kind "deployment" of apps/v1; did you mean "Deployment"?`,
		"batch/v1 Cronjob":                                 `kind: unknown kind "Cronjob" of batch/v1; did you mean "CronJob"?`,
		"v2 Foo":                                           `apiVersion: there is no API version "v2"; did you mean "v1"?`,
		"example.com/v2 Widget":                            `apiVersion: there is no API version "example.com/v2"; did you mean "example.com/v1"?`,
		"example.con/v1 Widget":                            `apiVersion: there is no Widget of example.con/v1; did you mean "example.com/v1"?`,
		"example.com/v1 Wigdet":                            `kind: unknown kind "Wigdet" of example.com/v1; did you mean "Widget"?`,
		"networking.k8s.io/v1beta1 NetworkPolicy":          "",
	} {
		apiVersion, kind, _ := strings.Cut(name, " ")
		found, field, mistake := known.Identify(apiVersion, kind)
		got := ""
		switch {
		case found != nil:
			got = found.Name
		case mistake != "":
			got = field + ": " + mistake
		}
		if got != want {
			t.Errorf("%s\n got %s\nwant %s", name, got, want)
		}
	}
}

func TestAbsentAsksTheCluster(t *testing.T) {
	var catalogue kinds.Catalogue
	known := learn(t, &catalogue)
	if err := known.Absent("", "gadget"); err != nil {
		t.Errorf("no cluster was asked: %v", err)
	}
	catalogue.Served = func(_, name string) error { return fmt.Errorf("no %s", name) }
	if err := known.Absent("", "gadget"); err == nil || err.Error() != "no gadget" {
		t.Error(err)
	}
	if err := known.Absent("", "wd"); err != nil {
		t.Errorf("the scenario brings it: %v", err)
	}
}
