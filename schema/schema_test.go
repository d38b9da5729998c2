package schema_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/config"
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/suite"
	"github.com/scenario-runner/scenario-runner/schema"
	"github.com/scenario-runner/scenario-runner/steps/builtin"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

var update = flag.Bool("update", false, "write the schemas anew")

// TestSchemaIsFresh proves that the committed schemas are what the declarations give.
func TestSchemaIsFresh(t *testing.T) {
	env := kube.NewEnv(kube.Options{})
	defer env.Close()
	for _, test := range []struct {
		file      string
		made      *field.Schema
		committed []byte
	}{
		{"scenario.schema.json", scenario.Schema(builtin.New(env)), schema.Scenario},
		{"config.schema.json", config.Schema(), schema.Config},
		{"template.schema.json", scenario.TemplateSchema(builtin.New(env)), schema.Template},
		{"suite.schema.json", suite.Schema(builtin.New(env)), schema.Suite},
	} {
		t.Run(test.file, func(t *testing.T) {
			fresh(t, test.file, test.made, test.committed)
		})
	}
}

func fresh(t *testing.T, file string, made *field.Schema, committed []byte) {
	t.Helper()
	data, err := json.Marshal(made)
	if err != nil {
		t.Fatal(err)
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, data, "", "  "); err != nil {
		t.Fatal(err)
	}
	pretty.WriteByte('\n')
	if *update {
		if err := os.WriteFile(file, pretty.Bytes(), 0o644); err != nil { //nolint:gosec // it is published
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(string(committed), pretty.String()); d != "" {
		t.Errorf("the schema is not fresh; run make generate:\n%s", d)
	}
}
