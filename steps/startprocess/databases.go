package startprocess

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/postgres"
	"github.com/scenario-runner/scenario-runner/steps/process"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// surroundings are what a program may be given to reach.
type surroundings struct {
	cluster  process.Clusters
	settings *settings.Settings
}

// checkDatabases reports variables that can't be, and databases that nobody knows.
func checkDatabases(c *Config, known *settings.Settings, p *step.Problems) {
	for _, variable := range slices.Sorted(maps.Keys(c.Databases)) {
		path := "databases." + variable
		if !variableName.MatchString(variable) {
			p.AtKey(path, "invalid-name", "%q can't be an environment variable; use letters, digits and underscores", variable)
		}
		if p.Given("env." + variable) {
			p.At(path, "%s is given under env as well; write it once", variable)
		}
		connection := c.Databases[variable]
		connection.Check(path, p)
		connection.CheckSettings(path, known, p)
	}
}

// variables returns those of the cluster and of the databases. What a database refuses is told before the program starts.
func (s surroundings) variables(ctx context.Context, run *step.Run, c *Config) ([]string, error) {
	out, err := process.ClusterEnvironment(ctx, run, s.cluster, c.Kubeconfig)
	if err != nil {
		return nil, err
	}
	for _, variable := range slices.Sorted(maps.Keys(c.Databases)) {
		address, err := s.address(ctx, run, c.Databases[variable])
		if err != nil {
			return nil, fmt.Errorf("databases %s: %w", variable, err)
		}
		out = append(out, variable+"="+address)
	}
	return out, nil
}

// kubeconfigs returns the files of the clusters that a program needs beside that of its step, as expressions see them.
func (s surroundings) kubeconfigs(ctx context.Context, run *step.Run, clusters []string) (map[string]any, error) {
	out := make(map[string]any, len(clusters))
	for _, name := range clusters {
		files, err := s.cluster.Kubeconfig(ctx, run, name)
		if err != nil {
			return nil, fmt.Errorf("kubeconfigs: %w", err)
		}
		out[name] = files
	}
	return out, nil
}

func (s surroundings) address(ctx context.Context, run *step.Run, c postgres.Connection) (string, error) {
	target, err := c.Resolve(ctx, s.settings, run)
	if err != nil {
		return "", err
	}
	return target.Ready(ctx)
}
