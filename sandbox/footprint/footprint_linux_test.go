package footprint

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestParseMapping(t *testing.T) {
	const program = "/opt/program"
	for line, want := range map[string]struct {
		region mapping
		begins bool
	}{
		"00400000-04319000 r-xp 00000000 fe:00 9986910   /opt/program":      {mapping{0x400000, 0x4319000}, true},
		"04319000-08c11000 r--p 03f19000 fe:00 9986910   /opt/program":      {mapping{0x4319000, 0x8c11000}, true},
		"08c11000-08d10000 rw-p 08811000 fe:00 9986910   /opt/program":      {mapping{}, true},
		"7f0000000000-7f0000001000 r--p 00000000 fe:00 1 /usr/lib/other.so": {mapping{}, true},
		"7f0000000000-7f0000001000 r--s 00000000 fe:00 1 /opt/program":      {mapping{}, true},
		"Rss:                7040 kB":                                       {mapping{}, false},
	} {
		region, begins := parseMapping(line, program)
		if region != want.region || begins != want.begins {
			t.Errorf("%s: found %+v, %v", line, region, begins)
		}
	}
}

func TestReleaseCodeLeavesTheProgramRunning(t *testing.T) {
	for range 3 {
		if err := ReleaseCode(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWatchEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		began := time.Now()
		Watch(ctx, []time.Duration{time.Second, 3 * time.Second})
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("it ended after %s, expected the context's 5s", took)
		}
	})
}
