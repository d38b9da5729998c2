package supervise

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// fleet is the set of running components.
type fleet struct {
	layout
	starter *starter
	// crashed receives every process that has ended without being told to.
	crashed chan *process

	mu        sync.Mutex
	processes map[string]*process
	waiters   sync.WaitGroup
}

func newFleet(layout layout, starter *starter) *fleet {
	return &fleet{
		layout: layout, starter: starter,
		crashed:   make(chan *process, len(Components())+len(Addons())),
		processes: map[string]*process{},
	}
}

// start starts the named components.
func (f *fleet) start(components ...string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, component := range components {
		started, err := f.starter.start(component, f.arguments(component), f.at)
		if err != nil {
			return err
		}
		f.processes[component] = started
		f.waiters.Go(func() { f.watch(started) })
	}
	return nil
}

// startProgram starts another program as an add-on. Its end is not told to anybody before guard is called.
func (f *fleet) startProgram(name string, how launch) (*process, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	started, err := f.starter.startProgram(name, how, f.at)
	if err != nil {
		return nil, err
	}
	started.expected = true
	f.processes[name] = started
	f.waiters.Go(func() { f.watch(started) })
	return started, nil
}

// guard makes the end of an add-on a crash from now on.
func (f *fleet) guard(running *process) {
	f.mu.Lock()
	defer f.mu.Unlock()
	running.expected = false
}

// names lists the components that are processes of this one, and the add-ons that were started, in the order in which they
// start.
func (f *fleet) names() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	own := slices.DeleteFunc(Components(), func(name string) bool { return isPart(name) || (name == Node && f.real == nil) })
	return append(own, slices.DeleteFunc(Addons(), func(name string) bool { return f.processes[name] == nil })...)
}

func (f *fleet) watch(started *process) {
	started.wait()
	f.mu.Lock()
	expected := started.expected
	f.mu.Unlock()
	if expected {
		return
	}
	select {
	case f.crashed <- started:
	default:
		// Nobody listens any more and the channel holds one end of each component: the first ones tell enough.
	}
}

// stop ends a component and waits until it is gone.
func (f *fleet) stop(component string) error {
	f.mu.Lock()
	running := f.processes[component]
	if running != nil {
		running.expected = true
	}
	f.mu.Unlock()
	if running == nil {
		return nil
	}
	err := running.kill()
	<-running.done
	return err
}

// stopAll ends all components, all at once: their order doesn't matter, since what they know is thrown away.
func (f *fleet) stopAll() error {
	var failures []error
	f.mu.Lock()
	for _, running := range f.processes {
		running.expected = true
		failures = append(failures, running.kill())
	}
	f.mu.Unlock()
	f.waiters.Wait()
	return errors.Join(failures...)
}

// restart ends a component as a crash would, leaves it down for the pause and starts it again on the same port.
func (f *fleet) restart(ctx context.Context, component string, pause time.Duration) error {
	if err := f.stop(component); err != nil {
		return err
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return fmt.Errorf("restart %s: it is down and stays down: %w", component, context.Cause(ctx))
	case <-timer.C:
	}
	return f.start(component)
}

// get returns the latest process of a component, or nil.
func (f *fleet) get(component string) *process {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.processes[component]
}
