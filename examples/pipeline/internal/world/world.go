// Package world plays operators that are not there, by rule: it looks again and again and does what the rule says. It knows
// no operator.
package world

import (
	"context"
	"log/slog"
	"time"

	"github.com/scenario-runner/scenario-runner/examples/pipeline/internal/cluster"
	"github.com/scenario-runner/scenario-runner/examples/pipeline/internal/rule"
	"github.com/scenario-runner/scenario-runner/examples/pipeline/internal/text"
)

// interval is how often a player looks.
const interval = 200 * time.Millisecond

// Play plays one part in a namespace until the context ends.
func Play(ctx context.Context, on *cluster.Cluster, player rule.Player, namespace string, log *slog.Logger) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	said := ""
	for {
		err := once(ctx, on, player, namespace)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			said = ""
		case err.Error() != said: // what it depends on may not be there yet
			said = err.Error()
			log.Warn("a player could not act", "player", player.Name, "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// once looks and acts.
func once(ctx context.Context, on *cluster.Cluster, player rule.Player, namespace string) error {
	scope, err := on.Snapshot().Gather(ctx, text.Scope{"namespace": namespace}, player.Look, player.Let, namespace)
	if err != nil {
		return err
	}
	return on.Do(ctx, scope, namespace, player.Do)
}
