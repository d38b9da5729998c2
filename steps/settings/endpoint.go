package settings

import (
	"fmt"
	"maps"
	"slices"
)

// Endpoint is a server that is reached by HTTP.
type Endpoint struct {
	At      string // where it stands in the configuration: file:line:column
	URL     string // without a slash at its end
	Headers map[string]Value
	Bearer  Value // token; empty when none is given
	TLS     *TLS  // nil means the usual trust
	// RulesDir is the folder from which a Prometheus takes its rules, "" when it is not known.
	RulesDir string
}

// Headers returns the headers of every request to e, and which parts of them must be masked in everything that is
// written.
func (s *Settings) Headers(e *Endpoint) (headers map[string]string, secrets []string, err error) {
	headers = map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(e.Headers)) {
		value := e.Headers[name]
		if headers[name], err = s.Read(value); err != nil {
			return nil, nil, fmt.Errorf("header %s of %s (%s): %w", name, e.URL, e.At, err)
		}
		if value.Secret() {
			secrets = append(secrets, headers[name])
		}
	}
	if e.Bearer.IsZero() {
		return headers, secrets, nil
	}
	token, err := s.Read(e.Bearer)
	if err != nil {
		return nil, nil, fmt.Errorf("bearer token of %s (%s): %w", e.URL, e.At, err)
	}
	headers["Authorization"] = "Bearer " + token
	return headers, append(secrets, token), nil
}
