package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

// TestFilesAndPlansAreComparedWithACluster runs validate and plan beside a real API server.
func TestFilesAndPlansAreComparedWithACluster(t *testing.T) {
	c := kubetest.New(t)
	group := c.Target.Namespace + ".example.com"
	c.Apply(t, `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: dials.`+group+`}
spec:
  group: `+group+`
  names: {plural: dials, singular: dial, kind: Dial}
  scope: Namespaced
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {level: {type: integer}}}}}]
`)
	c.Apply(t, `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: web}]}}
`)
	c.Until(t, "deployment/web", func(o *unstructured.Unstructured) bool {
		n, _, _ := unstructured.NestedInt64(o.Object, "status", "availableReplicas")
		return n == 3
	})
	t.Chdir(t.TempDir())
	write := func(steps string) {
		text := "apiVersion: scenario-runner/v1\nkind: Scenario\nmetadata: {name: a, namespace: " + c.Target.Namespace + "}\nsteps:\n" + steps
		if err := os.WriteFile("a.scenario.yaml", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) (code int, out, errs string) {
		var stdout, stderr bytes.Buffer
		code = execute(t.Context(), append(args, "--config", "none", "--kubeconfig", c.Kubeconfig, "a.scenario.yaml"), streams{in: strings.NewReader(""), out: &stdout, err: &stderr})
		return code, stdout.String(), stderr.String()
	}

	write("- waitFor: {object: dial/a, until: object.levle == 3}\n- waitFor: {object: dail/a, until: object.level == 3}\n")
	code, out, errs := run("validate")
	for _, want := range []string{`unknown field "levle" of object; did you mean "level"?`, `the server has no kind "dail"; did you mean "dial"? [missing-kind]`} {
		if code != exitInvalid || !strings.Contains(out, want) {
			t.Errorf("exit code %d, %q is missing in\n%s%s", code, want, out, errs)
		}
	}
	if !strings.Contains(errs, "compared with ") || !strings.Contains(errs, " custom kind") {
		t.Errorf("it must say what the files are compared with:\n%s", errs)
	}

	write("- injectChaos: {experiment: pod-delete, target: {kind: Deployment, name: web, percent: 50}}\n- waitFor: {object: dial/a, until: object.level == 3}\n")
	code, out, errs = run("plan")
	if want := "  blast radius: half of the pods of deployment/web, at least 1, now 2 of 3 pods\n"; code != exitPassed || !strings.Contains(out, want) {
		t.Errorf("exit code %d, %q is missing in\n%s%s", code, want, out, errs)
	}
}
