package examples_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

// catalogueStories is how many stories the catalogue has.
const catalogueStories = 30

// TestCatalogueIsNotVacuous takes the fault out of every story of the catalogue, which then must fail: a story that passes
// without its fault proves nothing.
func TestCatalogueIsNotVacuous(t *testing.T) {
	files, err := filepath.Glob("../scenarios/catalogue/*" + suffix)
	if err != nil || len(files) != catalogueStories {
		t.Fatalf("found %d stories (%v), want %d", len(files), err, catalogueStories)
	}
	args := append([]string{"run", "--kubeconfig", kubetest.Kubeconfig(t), "--parallel", "8", "--without", "fault"}, files...)
	output, code := runner(t, args...)
	if want := fmt.Sprintf("negative control: %d scenarios failed without fault, as it must be", catalogueStories); code != 0 || !strings.Contains(output, want) {
		t.Errorf("exit code %d, want 0 and %q:\n%s", code, want, output)
	}
}
