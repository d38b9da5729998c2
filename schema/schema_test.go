package schema_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/schema"
	"github.com/scenario-runner/scenario-runner/steps/builtin"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

var update = flag.Bool("update", false, "write scenario.schema.json anew")

// TestSchemaIsFresh proves that the committed schema is what the step declarations give.
func TestSchemaIsFresh(t *testing.T) {
	env := kube.NewEnv(kube.Options{})
	defer env.Close()
	data, err := json.Marshal(scenario.Schema(builtin.New(env)))
	if err != nil {
		t.Fatal(err)
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, data, "", "  "); err != nil {
		t.Fatal(err)
	}
	pretty.WriteByte('\n')
	if *update {
		if err := os.WriteFile("scenario.schema.json", pretty.Bytes(), 0o644); err != nil { //nolint:gosec // it is published
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(string(schema.Scenario), pretty.String()); d != "" {
		t.Errorf("the schema is not fresh; run make generate:\n%s", d)
	}
}
