package builtin_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/scenario"
)

const widgetDefinition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Widget, plural: widgets, singular: widget, shortNames: [wd]}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
                size: {type: integer}
                ratio: {type: number}
                colour: {type: string}
                port: {x-kubernetes-int-or-string: true}
                free: {type: object, x-kubernetes-preserve-unknown-fields: true}
                parts: {type: array, items: {type: object, properties: {name: {type: string}}}}
                limits: {type: object, additionalProperties: {type: string}}
            status:
              type: object
              properties:
                phase: {type: string}
                ready: {type: boolean}
`

// TestFieldsOfObjectsAreChecked loads whole files. want is all that is found, "" for nothing.
func TestFieldsOfObjectsAreChecked(t *testing.T) {
	tests := map[string]struct{ steps, want string }{
		"until": {
			`- waitFor: {object: deployment/web, until: object.status.availabelReplicas == 2}`,
			`5:58: unknown field "availabelReplicas" of object.status; did you mean "availableReplicas"?`,
		},
		"until before the object": {
			"- waitFor:\n    until: object.status.availabelReplicas == 2\n    object: deployment/web",
			`6:26: unknown field "availabelReplicas" of object.status; did you mean "availableReplicas"?`,
		},
		"name by expression": {
			"- waitFor:\n    object: deployment/${{ scenario.id }}\n    until: object.status.availabelReplicas == 2",
			`7:26: unknown field "availabelReplicas" of object.status; did you mean "availableReplicas"?`,
		},
		"a mapping": {
			"- waitFor:\n    object: {apiVersion: apps/v1, kind: Deployment, name: '${{ scenario.id }}'}\n    failIf: object.spec.replicas == '3'",
			`7:34: == can't join a whole number and text; write 3, without quotes`,
		},
		"kind by expression":  {"- waitFor:\n    object: ${{ scenario.id }}/web\n    until: object.status.anything.goes == 2", ""},
		"unknown kind":        {"- waitFor: {object: gadget/web, until: object.status.anything.goes == 2}", ""},
		"unknown API version": {"- waitFor: {object: apps/v9/Deployment/web, until: object.status.anything.goes == 2}", ""},
		"given": {
			"- assert:\n    that: all(pods, .status.fase == \"Running\")\n    given: {pods: {objects: {kind: pods}}}",
			`6:29: unknown field "fase" of item.status; did you mean "phase"?`,
		},
		"given, several claims": {
			"- assert:\n    given: {web: deploy/web, log: {logs: {of: pod/x}}, e: {events: {}}}\n    that:\n      - web.status.replcas == 1\n      - log[0].txt == 'x'\n      - e[0].count == '1'\n    message: ${{ web.metadata.nmae }}",
			`8:20: unknown field "replcas" of web.status; did you mean "replicas"?` + "\n" +
				`9:16: unknown field "txt" of log[0]; did you mean "text"? it has text, pod, container, at, groups` + "\n" +
				`10:20: == can't join a whole number and text; write 1, without quotes` + "\n" +
				`11:31: unknown field "nmae" of web.metadata; did you mean "name"?`,
		},
		"where, match, matched and capture": {
			"- waitFor:\n    objects: pods\n    where: item.status.containerStatuses[0].redy\n    until: matched[0].status.fase == 'x' and count > 1\n    capture: {name: match.metadata.nmae}",
			`7:45: unknown field "redy" of item.status.containerStatuses[0]; did you mean "ready"?` + "\n" +
				`8:30: unknown field "fase" of matched[0].status; did you mean "phase"?` + "\n" +
				`9:36: unknown field "nmae" of match.metadata; did you mean "name"?`,
		},
		"a response": {
			"- waitFor: {http: 'http://127.0.0.1:1/', until: response.statuss == 200}",
			`5:58: unknown field "statuss" of response; did you mean "status"? it has status, headers, body, json, took`,
		},
		"outputs of waitFor": {
			"- {id: web, waitFor: deployment/web}\n- assert: steps.web.object.spec.replcas == 2",
			`6:33: unknown field "replcas" of steps.web.object.spec; did you mean "replicas"? it has replicas, selector, template, strategy, minReadySeconds, revisionHistoryLimit, paused, progressDeadlineSeconds`,
		},
		"captured outputs": {
			"- {id: pod, waitFor: {objects: pods, capture: {status: match.status, n: count}}}\n- assert: [steps.pod.captured.status.fase == 'x', \"steps.pod.captured.n == 'x'\", \"steps.pod.match.status.fase == 'y'\"]",
			`6:38: unknown field "fase" of steps.pod.captured.status; did you mean "phase"?` + "\n" +
				`6:73: == can't join a whole number and text; write quantity(…) for amounts such as 256Mi, or int(…)` + "\n" +
				`6:106: unknown field "fase" of steps.pod.match.status; did you mean "phase"?`,
		},
		"outputs of patch": {
			"- {id: db, patch: {object: sts/db, patch: {spec: {replicas: 1}}}}\n- assert: steps.db.object.status.currentRevison == ''",
			`6:34: unknown field "currentRevison" of steps.db.object.status; did you mean "currentRevision"?`,
		},
		"outputs of deploy": {
			"- id: web\n  deploy: {inline: [{apiVersion: v1, kind: ConfigMap, metadata: {name: x}}, {apiVersion: apps/v1, kind: Deployment, metadata: {name: y}, spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c}]}}}}]}\n- assert: steps.web.object.spec.replcas == 2",
			`7:33: unknown field "replcas" of steps.web.object.spec; did you mean "replicas"? it has replicas, selector, template, strategy, minReadySeconds, revisionHistoryLimit, paused, progressDeadlineSeconds`,
		},
		"outputs of deploy that are not known": {
			"- id: web\n  deploy: {inline: ['${{ scenario.id }}']}\n- assert: steps.web.object.spec.replcas == 2", "",
		},
		"a value for a number": {
			"- {id: web, waitFor: deployment/web}\n- sleep: ${{ steps.web.object.spec.replicas }}\n- assert: 1 == 1",
			`6:10: for: expected a duration such as 30s, but the expression is a whole number`,
		},
		"a definition in a file": {
			"- deploy: {manifests: crd.yaml}\n- waitFor: {object: widget/a, until: object.spec.sise == 1}",
			`6:50: unknown field "sise" of object.spec; did you mean "size"? it has colour, free, limits, parts, port, ratio, size`,
		},
		"a definition in a file, rightly used": {
			"- deploy: {manifests: crd.yaml}\n- waitFor: {object: wd/a, until: 'object.spec.size > 1 and object.spec.free.at.all and object.spec.port == 80 and object.spec.limits.cpu == \"1\" and object.spec.ratio > 0.5 and object.metadata.uid != \"\"'}", "",
		},
		"types of a definition": {
			"- deploy: {manifests: crd.yaml}\n- assert:\n    given: {w: {objects: widgets.example.com}}\n    that:\n      - w[0].spec.size == '1'\n      - w[0].spec.parts[0].nme == 'x'\n      - w[0].spec.limits.cpu > 1\n      - w[0].status.ready == 1\n      - w[0].metadata.nmae == 'x'",
			`9:24: == can't join a whole number and text; write 1, without quotes` + "\n" +
				`10:28: unknown field "nme" of w[0].spec.parts[0]; did you mean "name"?` + "\n" +
				`11:30: > can't join text and a whole number; write quantity(…) for amounts such as 256Mi, or int(…)` + "\n" +
				`12:27: == can't join true/false and a whole number` + "\n" +
				`13:23: unknown field "nmae" of w[0].metadata; did you mean "name"?`,
		},
		"a definition of another group": {"- deploy: {manifests: crd.yaml}\n- waitFor: {object: widgets.other.org/a, until: object.spec.sise == 1}", ""},
		"a definition beside the file": {
			"- waitFor: {object: gizmo/a, until: object.spec.sise == 1}",
			`5:49: unknown field "sise" of object.spec; did you mean "size"? it has colour, free, limits, parts, port, ratio, size`,
		},
	}
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("crd.yaml", widgetDefinition)
	write("crds/all.yaml", "# nothing\n---\nkind: ConfigMap\n---\n"+strings.NewReplacer("widget", "gizmo", "Widget", "Gizmo").Replace(widgetDefinition))
	write("crds/broken.yaml", "a: [")
	loader, err := scenario.NewLoader(registry(t), scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // files share what is known of the built-in kinds
			text := "apiVersion: scenario-runner/v1\nkind: Scenario\nmetadata: {name: types}\nsteps:\n" + test.steps + "\n"
			_, diags := loader.Load(filepath.Join(dir, "types.scenario.yaml"), []byte(text))
			var got []string
			for _, d := range diags {
				got = append(got, d.Range.Start.String()+": "+d.Message)
			}
			if d := cmp.Diff(test.want, strings.Join(got, "\n")); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
		})
	}
}
