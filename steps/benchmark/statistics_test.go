package benchmark

import (
	"math"
	"testing"
)

// The expected chances were computed apart from this code, from U as the number of pairs in which the value is larger.
func TestLarger(t *testing.T) {
	for name, one := range map[string]struct {
		values, base []float64
		want         float64
	}{
		"apart":   {[]float64{6, 7, 8, 9, 10}, []float64{1, 2, 3, 4, 5}, 0.006093},
		"same":    {[]float64{1, 2, 3, 4, 5}, []float64{1, 2, 3, 4, 5}, 0.542235},
		"smaller": {[]float64{1, 2, 3}, []float64{4, 5, 6}, 0.985452},
		"ties":    {[]float64{2, 2, 3, 3, 4}, []float64{1, 2, 2, 2, 3}, 0.087575},
		"equal":   {[]float64{1, 1, 1}, []float64{1, 1, 1}, 1},
	} {
		if got := larger(one.values, one.base); math.Abs(got-one.want) > 0.000001 {
			t.Errorf("%s: %.6f, want %.6f", name, got, one.want)
		}
	}
}

func TestPercentilesAreMeasurements(t *testing.T) {
	values := make([]float64, 20)
	for i := range values {
		values[i] = float64(20 - i)
	}
	out := summary(values)
	if out.P50 != 10 || out.P90 != 18 || out.P95 != 19 || out.P99 != 20 || out.Min != 1 || out.Max != 20 || out.Mean != 10.5 {
		t.Errorf("%+v", out)
	}
}
