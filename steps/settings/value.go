package settings

import (
	"fmt"
	"os"
	"strings"
)

// Value is a text that stands in the configuration or, when it is a secret, outside of it. The zero Value is empty.
type Value struct {
	Text string // as it is, or
	Env  string // environment variable that holds it, or
	File string // absolute path of a file that holds it
}

// IsZero reports whether nothing is given.
func (v Value) IsZero() bool { return v == Value{} }

// Secret reports whether the text must never be shown: what was kept out of the configuration has a reason to be.
func (v Value) Secret() bool { return v.Env != "" || v.File != "" }

// read returns the text. Line ends at the end of a file are not part of it, because editors put them there.
func (v Value) read(lookup func(string) (string, bool)) (string, error) {
	switch {
	case v.Env != "":
		if lookup == nil {
			lookup = os.LookupEnv
		}
		text, ok := lookup(v.Env)
		if !ok {
			return "", fmt.Errorf("the environment variable %s is not set", v.Env)
		}
		return text, nil
	case v.File != "":
		data, err := os.ReadFile(v.File)
		if err != nil {
			return "", fmt.Errorf("read a secret: %w", err)
		}
		return strings.TrimRight(string(data), "\r\n"), nil
	}
	return v.Text, nil
}
