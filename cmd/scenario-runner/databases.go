package main

import (
	"context"
	"sync"

	"github.com/scenario-runner/scenario-runner/steps/postgres"
)

// databases logs in to the databases of the configuration, to all at once.
func databases(ctx context.Context, p *project) []finding {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	known := p.settings()
	names := known.ConnectionNames()
	found := make([]finding, len(names))
	var probes sync.WaitGroup
	for i, name := range names {
		probes.Go(func() {
			found[i] = finding{Level: levelOK, Topic: "database"}
			if c := known.Connections[name]; c.Sandbox && !c.Addressed() {
				found[i].Text = name + ": run --sandbox brings it"
				return
			}
			text, err := postgres.Probe(ctx, &known, name)
			if err != nil {
				found[i].Level, found[i].Text = levelError, err.Error()
				found[i].Cure = "look at " + known.Connections[name].At
				return
			}
			found[i].Text = name + ": " + text
		})
	}
	probes.Wait()
	return found
}
