package firealert

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/prometheus/common/model"
)

// arrange puts the alerts into the order in which they are sent.
func (c *Config) arrange(alerts []alert) {
	switch c.Order {
	case "reversed":
		slices.Reverse(alerts)
	case "random":
		const seed = 1                                                                                                         // a run can be repeated
		rand.New(rand.NewPCG(seed, seed)).Shuffle(len(alerts), func(i, j int) { alerts[i], alerts[j] = alerts[j], alerts[i] }) //nolint:gosec // no secret
	}
}

// flap resolves the alerts and fires them again. They fire when it returns.
func (s *storm) flap(ctx context.Context) error {
	return flap(ctx, s.config.Flap, func(i int) { s.run.Progress("flapping, %d of %d", i, s.config.Flap.Times) }, func(off bool) error {
		alerts, status := s.alerts, model.AlertFiring
		if off {
			alerts, status = ended(s.alerts), model.AlertResolved
		} else {
			now := time.Now().UTC()
			for i := range alerts {
				alerts[i].StartsAt = now // it is another incident
			}
		}
		_, err := s.sendAs(ctx, alerts, status)
		return err
	})
}

// flap turns something off and on again, as often and as long as f says.
func flap(ctx context.Context, f *Flap, progress func(int), turn func(off bool) error) error {
	if f == nil {
		return nil
	}
	for i := range f.Times {
		progress(i + 1)
		if err := pause(ctx, f.Firing); err != nil {
			return err
		}
		if err := turn(true); err != nil {
			return err
		}
		if err := pause(ctx, f.Resolved); err != nil {
			return err
		}
		if err := turn(false); err != nil {
			return err
		}
	}
	return nil
}

// pause waits unless ctx ends first.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
