package run

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/journal"
)

func TestRecover(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		entry := func(id int, undo, what string) journal.OpenUndo {
			data, err := json.Marshal(what)
			if err != nil {
				t.Fatal(err)
			}
			return journal.OpenUndo{Scenario: "x", Step: "a", UndoInfo: journal.UndoInfo{ID: id, Name: undo, Describe: "delete " + what, Data: data}}
		}
		entries := []journal.OpenUndo{
			entry(5, "slow", "namespace"), entry(4, "gone", "thing"), entry(3, "broken", "silence"), entry(2, "stuck", "node"), entry(1, "quick", "rule"),
		}
		recovered := Recover(t.Context(), entries, b.desk.undos(), b.journal, time.Minute)
		var errs []string
		for i, r := range recovered {
			if r.Entry.ID != entries[i].ID {
				t.Errorf("entry %d is number %d", i, r.Entry.ID)
			}
			if r.Err != nil {
				errs = append(errs, r.Entry.Describe+": "+r.Err.Error())
			}
		}
		expect(t, "errors", errs,
			`delete thing: this version knows no undo "gone"; use the version that made the change`,
			"delete silence: forbidden",
			"delete node: timed out after 1m",
		)
		expect(t, "undone", b.desk.done, "start namespace", "start silence", "start node", "start rule", "gone namespace")
		expect(t, "journal", b.journal.lines(),
			"0s undo.finished a #5 delete namespace",
			`0s undo.failed a #4 delete thing | this version knows no undo "gone"; use the version that made the change`,
			"0s undo.failed a #3 delete silence | forbidden",
			"1m undo.failed a #2 delete node | timed out after 1m",
			"1m undo.finished a #1 delete rule",
		)
	})
}
