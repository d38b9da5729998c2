package config_test

import (
	"os"
	"strings"
	"testing"

	"github.com/scenario-runner/scenario-runner/engine/config"
	"github.com/scenario-runner/scenario-runner/engine/field"
)

// TestEveryKeyIsDescribed compares the page for readers with the declaration.
func TestEveryKeyIsDescribed(t *testing.T) {
	page, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]bool{}
	collect(config.Schema(), keys)
	if len(keys) < 40 {
		t.Errorf("only %d keys were found", len(keys))
	}
	for key := range keys {
		if key == "apiVersion" || key == "kind" || key == "value" || key == "env" || key == "file" { // shown in use
			continue
		}
		if !strings.Contains(string(page), "`"+key+"`") && !strings.Contains(string(page), "`"+key+".<name>`") && !strings.Contains(string(page), "`"+key+": ") {
			t.Errorf("docs/configuration.md says nothing of %s", key)
		}
	}
}

// collect gathers the keys of all mappings of a schema.
func collect(v any, keys map[string]bool) {
	switch v := v.(type) {
	case *field.Schema:
		if properties, ok := v.Get("properties").(*field.Schema); ok {
			for _, key := range properties.Keys() {
				keys[key] = true
			}
		}
		for _, key := range v.Keys() {
			collect(v.Get(key), keys)
		}
	case []any:
		for _, item := range v {
			collect(item, keys)
		}
	}
}
