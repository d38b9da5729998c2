package driver_test

import (
	"testing"

	"github.com/scenario-runner/scenario-runner/steps/injectchaos/catalogue"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/driver"
)

func TestNumber(t *testing.T) {
	one := catalogue.Experiment{One: true}
	all := catalogue.Experiment{}
	tests := []struct {
		selection  driver.Selection
		experiment catalogue.Experiment
		candidates int
		want       int
	}{
		{driver.Selection{}, one, 5, 1},
		{driver.Selection{}, one, 0, 0},
		{driver.Selection{}, all, 5, 5},
		{driver.Selection{Count: 2}, all, 5, 2},
		{driver.Selection{Count: 9}, one, 5, 5},
		{driver.Selection{Percent: 50}, one, 5, 3},
		{driver.Selection{Percent: 1}, all, 5, 1},
		{driver.Selection{Percent: 100}, one, 5, 5},
		{driver.Selection{Percent: 50}, all, 0, 0},
	}
	for _, tt := range tests {
		if got := tt.selection.Number(tt.experiment, tt.candidates); got != tt.want {
			t.Errorf("%+v of %d gives %d, expected %d", tt.selection, tt.candidates, got, tt.want)
		}
	}
}
