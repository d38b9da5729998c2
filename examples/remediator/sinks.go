package main

import (
	"context"
	"errors"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/audit"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/database"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/history"
)

// openSinks opens every record that the flags ask for, and returns how to close them, and what earlier processes have
// left there.
func openSinks(ctx context.Context, opts options) (sinks history.Sinks, earlier []history.Entry, closeAll func() error, err error) {
	var closers []func() error
	closeAll = func() error {
		var failures []error
		for _, shut := range closers {
			failures = append(failures, shut())
		}
		return errors.Join(failures...)
	}
	if opts.history != "" {
		file, err := history.OpenFile(opts.history)
		if err != nil {
			return nil, nil, nil, err
		}
		sinks, closers = append(sinks, file), append(closers, file.Close)
	}
	if opts.audit != "" {
		log, err := audit.Open(opts.audit)
		if err != nil {
			return nil, nil, nil, errors.Join(err, closeAll())
		}
		sinks, closers = append(sinks, log), append(closers, log.Close)
	}
	if opts.database != "" {
		store, err := database.Open(ctx, opts.database)
		if err != nil {
			return nil, nil, nil, errors.Join(err, closeAll())
		}
		sinks, closers = append(sinks, store), append(closers, store.Close)
		if earlier, err = store.Restore(ctx, historyCapacity); err != nil {
			return nil, nil, nil, errors.Join(err, closeAll())
		}
	}
	return sinks, earlier, closeAll, nil
}
