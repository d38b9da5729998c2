package main

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

func TestDoctorAsksARealCluster(t *testing.T) {
	f := newFixture(t, kubetest.Kubeconfig(t))
	out, err := f.command("doctor", "--kubeconfig", f.kubeconfig).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		`(?m)^ok     cluster    https?://\S+ answers \(context ".*, Kubernetes v1\.`,
		`(?m)^ok     rights     you may create and delete namespaces$`,
		`(?m)^ok     locks      claims can be held against other runs$`,
	} {
		if !regexp.MustCompile(want).Match(out) {
			t.Errorf("%s is missing in\n%s", want, out)
		}
	}
}

func TestTemplatesPassOnARealCluster(t *testing.T) {
	f := newFixture(t, kubetest.Kubeconfig(t))
	for _, name := range templateNames() {
		if out, err := f.command("new", "from-"+name, "--template", name, "--dir", f.dir).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	out, err := f.command("run", "--kubeconfig", f.kubeconfig, f.dir).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "5 passed") {
		t.Errorf("%v\n%s", err, out)
	}
	if files, _ := filepath.Glob(filepath.Join(f.dir, "*.scenario.yaml")); len(files) != len(templateNames()) {
		t.Errorf("files %v", files)
	}
}
