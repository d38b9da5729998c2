// Command scenario-runner-sandbox is a Kubernetes cluster in one program: the real API server, controllers and scheduler
// with simulated nodes, on the loopback address, without root and without containers.
package main

import (
	"context"
	"os"
	// Schedules of cron jobs name time zones, which not every machine has.
	_ "time/tzdata"

	"github.com/scenario-runner/scenario-runner/sandbox/command"
	"github.com/scenario-runner/scenario-runner/sandbox/component"
)

func main() {
	ctx := context.Background()
	if len(os.Args) > 1 {
		if code, found := component.Run(ctx, os.Args[1], os.Args[2:]); found {
			os.Exit(code)
		}
	}
	os.Exit(command.Execute(ctx, command.ProcessStreams(), os.Args[1:]))
}
