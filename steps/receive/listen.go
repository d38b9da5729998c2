package receive

import (
	"cmp"
	"context"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/inbox"
)

// listen opens a sink that lives until the scenario ends.
func listen(ctx context.Context, run *step.Run, l *Listen, sinks *inbox.Registry[inbox.Box]) (Outputs, error) {
	config := *l
	config.Host = cmp.Or(config.Host, inbox.Loopback)
	config.Keep = cmp.Or(config.Keep, defaultKeep)
	config.Response.Status = cmp.Or(config.Response.Status, defaultStatus)
	s, err := newSink(run.ID, config, run.Host.Mask)
	if err != nil {
		return Outputs{}, err
	}
	listener, place, err := inbox.Listen(ctx, config.Host, config.Port)
	if err != nil {
		return Outputs{}, err
	}
	remove := sinks.Put(run, s.box)
	run.Host.Service("sink "+run.ID, func(ctx context.Context) error {
		defer remove()
		defer attach(run, s.box)
		return inbox.Serve(ctx, listener, s)
	})
	return Outputs{Name: run.ID, Address: place.Address, Port: place.Port, URL: "http://" + place.Address + config.Path}, nil
}

// attach keeps what arrived as evidence.
func attach(run *step.Run, box *inbox.Box) {
	if data := box.Evidence(); data != nil {
		run.Host.Attach(box.Name()+".json", data)
	}
}
