// Package schema holds the JSON schema of scenario files, for editors and for programs that check files themselves. It
// is generated from the step declarations; a test proves that it is fresh.
package schema

import _ "embed"

// Scenario is the draft-07 JSON schema of scenario files.
//
//go:embed scenario.schema.json
var Scenario []byte
