package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

const rehearsed = `apiVersion: scenario-runner/v1
kind: Scenario
metadata: {name: a}
steps:
  - deploy:
      manifests: web.yaml
      inline: {apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: {app: web}, ports: [{port: 80, name: a}, {port: 70000, name: b, targetPort: 80}]}}
  - deploy:
      inline:
        - {apiVersion: v1, kind: ConfigMap, metadata: {name: one-more, namespace: NAMESPACE}}
        - {apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: is-not-there-yet}}
        - {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {serviceAccountName: comes-later, containers: [{name: a, image: a}]}}
        - {apiVersion: v1, kind: ConfigMap, metadata: {name: kube-root-ca.crt}}
        - {apiVersion: v1, kind: Secret, metadata: {generateName: a-}, type: Opaque}
  - patch: {object: {kind: Deployment, name: web, namespace: NAMESPACE}, patch: {spec: {replicas: -1}}}
  - patch: {object: {kind: Deployment, name: web, namespace: NAMESPACE}, patch: {spec: {replicas: -2}}}
  - patch: {object: {kind: Deployment, name: other, namespace: NAMESPACE}, patch: {spec: {replicas: -1}}}
  - patch: {object: {kind: ConfigMap, name: kube-root-ca.crt, namespace: NAMESPACE}, patch: {data: {a: b}}}
  - assert: 1 == 1
`

// TestTheServerIsAskedWhatItWouldTake has a real API server check what validate can't know: its limits, its quotas, what is there.
func TestTheServerIsAskedWhatItWouldTake(t *testing.T) {
	c := kubetest.New(t)
	place := c.Target.Namespace
	c.Apply(t, "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: few}\nspec: {hard: {count/configmaps: 1}}\n")
	c.Until(t, "resourcequota/few", func(o *unstructured.Unstructured) bool {
		used, _, _ := unstructured.NestedString(o.Object, "status", "used", "count/configmaps")
		return used == "1"
	})
	web := "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: web}}\n  template:\n" +
		"    metadata: {labels: {app: web}}\n    spec:\n      containers:\n        - name: Web_1\n          image: web\n"
	c.Apply(t, strings.ReplaceAll(web, "Web_1", "web"))
	t.Chdir(t.TempDir())
	const suite = "apiVersion: scenario-runner/v1\nkind: Suite\nmetadata: {name: all}\nscenarios: a.yaml\n"
	for name, text := range map[string]string{"all.suite.yaml": suite, "a.yaml": strings.ReplaceAll(rehearsed, "NAMESPACE", place), "web.yaml": web} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var stdout, stderr bytes.Buffer
	code := execute(t.Context(), []string{"validate", "--config", "none", "--kubeconfig", c.Kubeconfig, "--output", "quiet", "a.yaml", "all.suite.yaml"}, streams{in: strings.NewReader(""), out: &stdout, err: &stderr})
	if code != exitInvalid || strings.Contains(stderr.String(), "not checked") {
		t.Errorf("exit code %d\n%s", code, &stderr)
	}
	want := []string{
		`a.yaml:7:135: the server would refuse service/web: Service "web" is invalid: spec.ports[1].port: Invalid value: 70000: must be between 1 and 65535, inclusive [server-refuses]`,
		`a.yaml:10:11: the server would refuse configmap/one-more: configmaps "one-more" is forbidden: exceeded quota: few, requested: count/configmaps=1, used: count/configmaps=1, limited: count/configmaps=1 [server-refuses]`,
		`a.yaml:15:88: the server would refuse the patch of Deployment/web: Deployment.apps "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0 [server-refuses]`,
		`web.yaml:10:17: the server would refuse deployment/web: Deployment.apps "web" is invalid: spec.template.spec.containers[0].name: Invalid value: "Web_1": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?') [server-refuses]`,
	}
	var got []string
	for line := range strings.Lines(stdout.String()) {
		got = append(got, strings.TrimRight(line, "\n"))
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for _, ref := range []string{"configmap/one-more", "service/web"} {
		parsed, err := kube.ParseRef(ref)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Target.Get(t.Context(), parsed); !kube.IsNotFound(err) {
			t.Errorf("%s was made: %v", ref, err)
		}
	}
	web2, err := c.Target.Get(t.Context(), kube.Ref{Kind: "Deployment", Name: "web"})
	if err != nil {
		t.Fatal(err)
	}
	if n, _, _ := unstructured.NestedInt64(web2.Object, "spec", "replicas"); n != 1 {
		t.Errorf("the patch was made: %d replicas", n)
	}
}
