package journal

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestClockThatIsSetBackSilencesNoStep(t *testing.T) {
	c := newClock()
	w := create(t, Options{Clock: c.Now})
	progress := func(message string) {
		appendAll(t, w, Event{Kind: StepProgress, Scenario: "s", Step: "a", Message: message})
	}
	progress("before")
	c.advance(-time.Hour)
	progress("after")
	progress("at once")
	c.advance(time.Second)
	progress("later")
	var written []string
	for _, e := range closeAndRead(t, w) {
		written = append(written, e.Message)
	}
	if diff := cmp.Diff([]string{"before", "after", "later"}, written); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
}
