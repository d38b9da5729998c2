package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/run"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/shard"
	"github.com/scenario-runner/scenario-runner/engine/suite"
)

// greatestSeed keeps seeds that are drawn short enough to be typed.
const greatestSeed = 1_000_000

// applySuite gives the flags that neither the command line nor the environment sets the values of a suite.
func applySuite(cmd *cobra.Command, s *suite.Suite) error {
	var problem error
	set := func(flag, value string) {
		if !cmd.Flags().Changed(flag) {
			problem = errors.Join(problem, cmd.Flags().Set(flag, value))
		}
	}
	if s.Parallel > 0 {
		set("parallel", strconv.Itoa(s.Parallel))
	}
	if s.Repeat > 0 {
		set("repeat", strconv.Itoa(s.Repeat))
	}
	if s.Retries != nil {
		set("retries", strconv.Itoa(*s.Retries))
	}
	if s.FailFast != nil {
		set("fail-fast", strconv.FormatBool(*s.FailFast))
	}
	if s.Timeout > 0 {
		set("timeout", s.Timeout.String())
	}
	return problem
}

// arrange puts the scenarios of a suite into its order.
func (f *runFlags) arrange(cmd *cobra.Command, s streams, a *arguments, selected []*scenario.Scenario) ([]*scenario.Scenario, error) {
	random := a.suite != nil && a.suite.Order == suite.Random
	if cmd.Flags().Changed("seed") && !random {
		return nil, errors.New("--seed means nothing here; it belongs to a suite with order: random")
	}
	if a.suite == nil {
		return selected, nil
	}
	known, err := f.durationsFor(a.suite)
	if err != nil {
		return nil, err
	}
	seed := f.seed
	if random {
		switch {
		case cmd.Flags().Changed("seed"):
		case a.suite.Seed != nil:
			seed = a.suite.RandomSeed()
		default:
			seed = rand.Uint64N(greatestSeed) //nolint:gosec // an order is no secret
		}
		fmt.Fprintf(s.err, "random order, seed %d; --seed %d draws the same again\n", seed, seed)
	}
	return a.suite.Arrange(selected, known, seed), nil
}

// durationsFor returns how long scenarios took, when the order of a suite depends on it.
func (f *selectionFlags) durationsFor(s *suite.Suite) (shard.Durations, error) {
	known, err := f.known()
	if err == nil && len(known) == 0 && s.Order == suite.SlowestFirst {
		return pastDurations()
	}
	return known, err
}

// judge adds to the options of a run what a suite says of it. What a flag says of retries counts for all scenarios.
func (f *runFlags) judge(o *run.Options, a *arguments, selected []*scenario.Scenario) {
	s := a.suite
	if s == nil {
		return
	}
	o.Setup, o.Info.Suite = s.Setup, s.Name
	if !f.ownRetries {
		o.RetriesOf = s.RetriesOf
	}
	o.Judge = func(outcome run.Outcome) []journal.Threshold { return s.Judge(selected, outcome, f.failOnFlaky) }
}

// everything returns the scenarios with the setup around them, which uses clusters as they do.
func (a *arguments) everything(selected []*scenario.Scenario) []*scenario.Scenario {
	if a.suite == nil || a.suite.Setup == nil {
		return selected
	}
	return append([]*scenario.Scenario{a.suite.Setup}, selected...)
}
