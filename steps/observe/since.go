package observe

import (
	"fmt"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

// sinceStart is the value of since that leaves out what was there before the step.
const sinceStart = "step-start"

func checkSince(since, path string, p *step.Problems) {
	if _, err := parseSince(since); err != nil {
		p.At(path+".since", "%s", err)
	}
}

// parseSince returns how far back a value of since reaches, 0 for all and for step-start.
func parseSince(since string) (time.Duration, error) {
	if since == "" || since == sinceStart {
		return 0, nil
	}
	back, err := time.ParseDuration(since)
	if err != nil || back <= 0 {
		return 0, fmt.Errorf("since: expected step-start or a duration such as 5m, found %q", since)
	}
	return back, nil
}
