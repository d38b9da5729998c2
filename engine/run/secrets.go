package run

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/scenario"
)

// secrets looks up the secrets of the scenario. Each is masked before anybody can use it.
func (x *execution) secrets() (map[string]any, error) {
	values := make(map[string]any, len(x.scenario.Secrets))
	for _, s := range x.scenario.Secrets {
		value, err := x.secret(s)
		if err != nil {
			return nil, fmt.Errorf("secrets.%s: %w", s.Name, err)
		}
		x.run.options.Journal.Mask(value)
		values[s.Name] = value
	}
	return values, nil
}

// secret looks up one secret. A file's last line end is not a part of it.
func (x *execution) secret(s scenario.Secret) (string, error) {
	if s.File == "" {
		if lookup := x.run.options.LookupEnv; lookup != nil {
			if value, ok := lookup(s.Env); ok && value != "" {
				return value, nil
			}
		}
		return "", fmt.Errorf("the environment variable %s is not set; set it before the run", s.Env)
	}
	path := s.File
	if !filepath.IsAbs(path) {
		path = filepath.Join(x.info.Dir, path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	value := strings.TrimRight(string(data), "\r\n")
	if value == "" {
		return "", fmt.Errorf("the file %s is empty", path)
	}
	return value, nil
}
