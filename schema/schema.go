// Package schema holds the JSON schemas of our files, for editors and for programs that check files themselves. They are
// generated from the declarations of the language and of the steps; a test proves that they are fresh.
package schema

import _ "embed"

// Scenario is the draft-07 JSON schema of scenario files.
//
//go:embed scenario.schema.json
var Scenario []byte

// Config is the draft-07 JSON schema of scenario-runner.yaml.
//
//go:embed config.schema.json
var Config []byte

// Suite is the draft-07 JSON schema of suite files.
//
//go:embed suite.schema.json
var Suite []byte

// Template is the draft-07 JSON schema of template files.
//
//go:embed template.schema.json
var Template []byte
