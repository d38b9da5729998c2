package journal

import (
	"time"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

// Summary is what a journal tells, event after event folded into it. Reports are made from it. Scenarios and steps stand
// in the order in which they started.
type Summary struct {
	Run         RunInfo
	Started     time.Time
	Last        time.Time // time of the last event
	Interrupted string    // why the run was stopped, or ""
	Scenarios   []*ScenarioSummary
	Result      *Result // of the run; nil while it goes on, and for ever when it was killed

	byKey map[string]*ScenarioSummary
}

// ScenarioSummary is one scenario of a run.
type ScenarioSummary struct {
	Key      string
	Info     ScenarioInfo
	Started  time.Time
	Steps    []*StepSummary
	Result   *Result   // nil while it goes on
	Cleaned  bool      // everything was taken back, or could not be
	Undos    int       // changes that are not taken back yet
	Attempts []Attempt // earlier attempts, when the scenario was run again

	byID map[string]*StepSummary
}

// Attempt is an attempt of a scenario after which it was run again.
type Attempt struct {
	Result *Result
	Steps  []*StepSummary
}

// StepSummary is one step of a scenario.
type StepSummary struct {
	ID       string
	Info     StepInfo
	Started  time.Time
	Attempt  int    // 1 at first
	LastSeen string // last progress
	Result   *Result
}

// Summarize folds all events.
func Summarize(events []Event) *Summary {
	s := &Summary{}
	for _, e := range events {
		s.Apply(e)
	}
	return s
}

// Apply folds the next event into s.
func (s *Summary) Apply(e Event) {
	s.Last = e.Time
	switch e.Kind {
	case RunStarted:
		s.Started = e.Time
		if e.Run != nil {
			s.Run = *e.Run
		}
	case RunInterrupted:
		s.Interrupted = e.Message
	case RunFinished:
		s.Result = orEmpty(e.Result)
	default:
		if e.Scenario != "" {
			s.scenario(e).apply(e)
		}
	}
}

// Scenario returns the scenario with this key, or nil.
func (s *Summary) Scenario(key string) *ScenarioSummary { return s.byKey[key] }

// Took returns how long the run took, or has taken so far.
func (s *Summary) Took() time.Duration {
	if s.Result != nil && s.Result.Took > 0 {
		return s.Result.Took
	}
	if s.Started.IsZero() {
		return 0
	}
	return s.Last.Sub(s.Started)
}

// Counts returns how many scenarios ended with each verdict. One that has not ended counts as errored.
func (s *Summary) Counts() map[step.Verdict]int {
	counts := map[step.Verdict]int{}
	for _, scenario := range s.Scenarios {
		counts[scenario.Verdict()]++
	}
	return counts
}

func (s *Summary) scenario(e Event) *ScenarioSummary {
	if found, ok := s.byKey[e.Scenario]; ok {
		return found
	}
	if s.byKey == nil {
		s.byKey = map[string]*ScenarioSummary{}
	}
	added := &ScenarioSummary{Key: e.Scenario, Info: ScenarioInfo{Name: e.Scenario}, Started: e.Time}
	s.byKey[e.Scenario] = added
	s.Scenarios = append(s.Scenarios, added)
	return added
}

// Verdict returns how the scenario ended: Errored when it has no end, because a run that was killed proves nothing.
func (s *ScenarioSummary) Verdict() step.Verdict { return verdictOf(s.Result) }

// Forget drops the steps of s, for reports that are done with them.
func (s *ScenarioSummary) Forget() { s.Steps, s.byID = nil, nil }

// Verdict returns how the step ended: Errored when it has no end.
func (s *StepSummary) Verdict() step.Verdict { return verdictOf(s.Result) }

func verdictOf(r *Result) step.Verdict {
	if r == nil || r.Verdict == "" {
		return step.Errored
	}
	return r.Verdict
}

func (s *ScenarioSummary) apply(e Event) {
	if e.Start != nil {
		s.Info = *e.Start
	}
	switch e.Kind {
	case ScenarioStarted:
		s.start(e)
	case ScenarioFinished:
		s.Result = orEmpty(e.Result)
	case ScenarioCleaned:
		s.Cleaned = true
	case UndoRecorded:
		s.Undos++
	case UndoFinished:
		s.Undos--
	case StepStarted, StepProgress, StepFinished:
		s.step(e).apply(e)
	}
}

// start opens the scenario, or its next attempt.
func (s *ScenarioSummary) start(e Event) {
	if len(s.Steps) > 0 || s.Result != nil {
		s.Attempts = append(s.Attempts, Attempt{Result: s.Result, Steps: s.Steps})
		s.Steps, s.Result, s.byID, s.Cleaned = nil, nil, nil, false
	}
	s.Started = e.Time
}

func (s *ScenarioSummary) step(e Event) *StepSummary {
	if found, ok := s.byID[e.Step]; ok {
		return found
	}
	if s.byID == nil {
		s.byID = map[string]*StepSummary{}
	}
	added := &StepSummary{ID: e.Step, Info: StepInfo{Title: e.Step}, Started: e.Time, Attempt: 1}
	s.byID[e.Step] = added
	s.Steps = append(s.Steps, added)
	return added
}

func (s *StepSummary) apply(e Event) {
	if e.StepInfo != nil {
		s.Info = *e.StepInfo
	}
	if e.Attempt > 0 {
		s.Attempt = e.Attempt
	}
	switch e.Kind {
	case StepStarted:
		if s.Result != nil { // once more, in a loop or after a failure
			s.Started, s.Result = e.Time, nil
		}
		s.LastSeen = ""
	case StepProgress:
		s.LastSeen = e.Message
	case StepFinished:
		s.Result = orEmpty(e.Result)
	}
}

func orEmpty(r *Result) *Result {
	if r == nil {
		return &Result{}
	}
	return r
}
