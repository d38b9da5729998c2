package builtin_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/steps/builtin"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// BenchmarkCheckWithManifests checks a small scenario with the manifest that it deploys: what most files of a project
// look like.
func BenchmarkCheckWithManifests(b *testing.B) {
	dir := b.TempDir()
	manifest := `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx, ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
`
	if err := os.WriteFile(filepath.Join(dir, "web.yaml"), []byte(manifest), 0o600); err != nil {
		b.Fatal(err)
	}
	l, err := scenario.NewLoader(builtin.New(kube.NewEnv(kube.Options{})), scenario.Options{})
	if err != nil {
		b.Fatal(err)
	}
	text := []byte(`apiVersion: scenario-runner/v1
kind: Scenario
metadata: {name: a}
steps:
  - deploy: {manifests: [web.yaml]}
  - waitFor: {object: deployment/web, until: object.status.availableReplicas == 3}
  - scale: {object: deployment/web, replicas: 2}
  - assert: {given: {web: deployment/web}, that: web.spec.replicas == 2}
`)
	b.ReportAllocs()
	for b.Loop() {
		if s, diags := l.Load(filepath.Join(dir, "a.scenario.yaml"), text); s == nil || len(diags) > 0 {
			b.Fatal(diags)
		}
	}
}
