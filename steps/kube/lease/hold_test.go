package lease

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// diary is what happened when.
type diary struct {
	t     *testing.T
	start time.Time
	mu    sync.Mutex
	lines []string
}

func (d *diary) note(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, fmt.Sprintf("%s %s", time.Since(d.start).Round(time.Millisecond), fmt.Sprintf(format, args...)))
}

func (d *diary) expect(lines ...string) {
	d.t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	slices.Sort(lines) // what happens at the same time has no order
	slices.Sort(d.lines)
	if diff := cmp.Diff(lines, d.lines); diff != "" {
		d.t.Error(diff)
	}
}

// inTime runs a test by a clock of its own.
func inTime(t *testing.T, f func(t *testing.T, server *memory, d *diary)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, newMemory(), &diary{t: t, start: time.Now()}) })
}

// claim begins a hold and waits for its turn.
func (d *diary) claim(ctx context.Context, s store, r record) *hold {
	h, err := begin(ctx, s, r, func(why string) { d.note("%s lost it: %s", r.owner, why) })
	if err != nil {
		d.t.Error(err)
		return nil
	}
	err = h.turn(ctx, step.Claim{Waits: func(text string) { d.note("%s %s", r.owner, text) }})
	if err != nil {
		d.note("%s gave up: %s", r.owner, err)
		return h
	}
	d.note("%s has it", r.owner)
	return h
}

func (d *diary) release(h *hold) {
	if err := h.release(context.Background()); err != nil {
		d.t.Error(err)
	}
}

func pause(d time.Duration) { <-time.After(d) }

func TestClaimsWaitForEarlierOnes(t *testing.T) {
	inTime(t, func(t *testing.T, server *memory, d *diary) {
		a := d.claim(t.Context(), &line{memory: server}, want("a", "node/*", "alert/Down"))
		other := d.claim(t.Context(), &line{memory: server}, want("other", "namespace/shop"))
		var group sync.WaitGroup
		group.Go(func() {
			b := d.claim(t.Context(), &line{memory: server}, want("b", "node/1"))
			pause(20 * time.Second)
			d.release(b)
		})
		synctest.Wait()
		group.Go(func() { d.release(d.claim(t.Context(), &line{memory: server}, want("c", "node/1", "namespace/x"))) })
		pause(time.Minute)
		d.release(a)
		group.Wait()
		d.release(other)
		d.expect(
			"0s a has it", "0s other has it",
			"0s b waits for lock node/1 held by run of a, scenario a",
			"0s c waits for lock node/1 held by run of a, scenario a",
			"1m0s b has it",
			"1m0s c waits for lock node/1 held by run of b, scenario b",
			"1m20s c has it",
		)
		if len(server.table) > 0 {
			t.Errorf("left: %v", server.table)
		}
	})
}

func TestAKilledRunBlocksNobodyForLong(t *testing.T) {
	inTime(t, func(t *testing.T, server *memory, d *diary) {
		killed, err := (&line{memory: server}).create(t.Context(), want("killed", "node/*")) // nobody renews it
		if err != nil {
			t.Fatal(err)
		}
		pause(time.Hour) // how old it is by its own clock does not count
		d.start = time.Now()
		h := d.claim(t.Context(), &line{memory: server}, want("a", "node/1"))
		d.release(h)
		d.expect("0s a waits for lock node/1 held by run of killed, scenario killed", "15s a has it")
		if _, there := server.table.find(killed); there {
			t.Error("the dead claim is still there")
		}
	})
}

func TestALiveRunIsNeverRobbed(t *testing.T) {
	inTime(t, func(t *testing.T, server *memory, d *diary) {
		server.blind = true
		a := d.claim(t.Context(), &line{memory: server}, want("a", "node/1"))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		b := d.claim(ctx, &line{memory: server}, want("b", "node/1"))
		d.expect("0s a has it", "0s b waits for lock node/1 held by run of a, scenario a", "10m0s b gave up: context deadline exceeded")
		d.release(a)
		d.release(b)
	})
}

// TestAPartitionedHolderGivesUpBeforeOthersGoOn is the fence: at no time do two believe that they hold the same.
func TestAPartitionedHolderGivesUpBeforeOthersGoOn(t *testing.T) {
	inTime(t, func(t *testing.T, server *memory, d *diary) {
		mine := &line{memory: server}
		a := d.claim(t.Context(), mine, want("a", "node/1"))
		pause(7 * time.Second) // the last renewal was at 5 s
		var group sync.WaitGroup
		group.Go(func() { d.release(d.claim(t.Context(), &line{memory: server}, want("b", "node/1"))) })
		synctest.Wait()
		mine.sever()
		group.Wait()
		a.end(context.Canceled)
		a.done.Wait()
		d.expect(
			"0s a has it",
			"7s b waits for lock node/1 held by run of a, scenario a",
			"15s a lost it: its lease was not renewed for 10s: connection refused",
			"22s b has it",
		)
	})
}

func TestALeaseThatIsTakenAwayIsLost(t *testing.T) {
	inTime(t, func(t *testing.T, server *memory, d *diary) {
		a := d.claim(t.Context(), &line{memory: server}, want("a", "node/1"))
		if err := (&line{memory: server}).remove(t.Context(), a.record, ""); err != nil {
			t.Fatal(err)
		}
		pause(6 * time.Second)
		d.release(a)
		d.expect("0s a has it", "5s a lost it: its lease was taken away")
	})
}

func TestWaitingThatWouldNeverEndIsRefused(t *testing.T) {
	inTime(t, func(t *testing.T, server *memory, d *diary) {
		ctx, cancel := context.WithCancel(t.Context())
		a1 := d.claim(ctx, &line{memory: server}, want("a", "node/1"))
		b1 := d.claim(ctx, &line{memory: server}, want("b", "node/2"))
		var group sync.WaitGroup
		var a2 *hold
		group.Go(func() { a2 = d.claim(ctx, &line{memory: server}, want("a", "node/2")) })
		synctest.Wait()
		b2 := d.claim(ctx, &line{memory: server}, want("b", "node/1"))
		d.release(b2)
		d.release(b1)
		group.Wait()
		cancel()
		d.release(a2)
		d.release(a1)
		d.expect(
			"0s a has it", "0s b has it",
			"0s a waits for lock node/2 held by run of b, scenario b",
			"0s b gave up: waiting for lock node/1 would never end: scenario a of run of a holds it and waits for what this one holds; name both under locks: in both scenarios, which are then taken together",
			"0s a has it",
		)
	})
}

func TestClaimsAreDividedByCluster(t *testing.T) {
	parts := divide(step.Claim{
		Scenario: step.Scenario{Namespace: "sr-own-1", Owned: true},
		Names:    []string{"node/b", "cluster/east/node/a", "namespace/sr-own-1/pod/x", "cluster/east/namespace/sr-own-1", "node/a", "cluster/east"},
	})
	want := []part{{"", []string{"cluster/east", "node/a", "node/b"}}, {"east", []string{"node/a"}}}
	if d := cmp.Diff(want, parts, cmp.AllowUnexported(part{})); d != "" {
		t.Error(d)
	}
}
