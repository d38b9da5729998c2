package run

import "maps"

// finishedSteps is what expressions see as steps: the outputs of the steps that have finished. A running step keeps the
// map that it was started with, which nobody changes until the step has ended. Copying an ever longer map for every
// step would be most of the work in a scenario of many steps, so a map that no running step holds any more is brought
// up to date instead. The scheduling goroutine owns all of it.
type finishedSteps struct {
	log         []finishedStep
	generations []*generation // those that can be brought up to date with the log
}

// generation is the map of steps as it was when the log had a certain length.
type generation struct {
	steps   map[string]any
	holders int // running steps that read it
	length  int // of the log that is in it
}

type finishedStep struct {
	id     string
	values map[string]any
}

// The log and the generations are cut when they become longer than this.
const (
	maxLog         = 4096
	maxGenerations = 64
)

func newFinishedSteps() *finishedSteps {
	return &finishedSteps{generations: []*generation{{steps: map[string]any{}}}}
}

// add makes the outputs of a step visible for the steps that start from now on.
func (f *finishedSteps) add(id string, values map[string]any) {
	f.log = append(f.log, finishedStep{id, values})
}

// hold returns the present state, which stays as it is until it is released.
func (f *finishedSteps) hold() *generation {
	g := f.present()
	g.holders++
	return g
}

// release gives back what hold returned.
func (f *finishedSteps) release(g *generation) { g.holders-- }

// copied returns a copy of the present state that is the caller's own.
func (f *finishedSteps) copied() map[string]any { return maps.Clone(f.present().steps) }

// present returns a generation that holds the whole log: one that does, else the newest that is free, brought up to
// date, else a copy.
func (f *finishedSteps) present() *generation {
	var free, newest *generation
	for _, g := range f.generations {
		if newest == nil || g.length > newest.length {
			newest = g
		}
		if g.holders == 0 && (free == nil || g.length > free.length) {
			free = g
		}
	}
	if newest.length == len(f.log) {
		return newest
	}
	if free == nil {
		free = &generation{steps: maps.Clone(newest.steps), length: newest.length}
		f.generations = append(f.generations, free)
	}
	for _, e := range f.log[free.length:] {
		free.steps[e.id] = e.values
	}
	free.length = len(f.log)
	f.cut(free)
	return free
}

// cut forgets the log and all generations but the one that is up to date once there are too many. Steps that still read
// a forgotten one just keep it.
func (f *finishedSteps) cut(current *generation) {
	if len(f.log) < maxLog && len(f.generations) < maxGenerations {
		return
	}
	f.log = nil
	current.length = 0
	f.generations = []*generation{current}
}
