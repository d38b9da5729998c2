package command

import (
	"errors"
	"testing"

	"github.com/spf13/cobra"
)

func parseNodes(t *testing.T, arguments ...string) nodeOptions {
	t.Helper()
	var o nodeOptions
	command := &cobra.Command{}
	nodesFlags(command, &o)
	if err := command.ParseFlags(arguments); err != nil {
		t.Fatal(err)
	}
	return o
}

func TestSimulatedNodesBesideARealOneAreThereOnlyWhenAskedFor(t *testing.T) {
	for want, arguments := range map[string][]string{
		"5 simulated nodes":                 nil,
		"2 simulated nodes":                 {"--nodes", "2"},
		"a real node":                       {"--node", "real"},
		"a real node and 5 simulated ones":  {"--node", "real", "--nodes", "5"},
		"3 simulated nodes":                 {"--node", "simulated", "--nodes", "3"},
		"a real node and 10 simulated ones": {"--nodes=10", "--node=real"},
	} {
		if found := parseNodes(t, arguments...).String(); found != want {
			t.Errorf("%q: found %q, expected %q", arguments, found, want)
		}
	}
}

func TestMistakesAboutNodes(t *testing.T) {
	for want, arguments := range map[string][]string{
		`bad kind of node "virtual": expected simulated or real`: {"--node", "virtual"},
		"bad number of nodes 0: expected 1 to 1000":              {"--nodes", "0"},
		"bad number of nodes -1: expected 0 to 1000":             {"--node", "real", "--nodes", "-1"},
		"bad number of nodes 1001: expected 1 to 1000":           {"--nodes", "1001"},
	} {
		err := parseNodes(t, arguments...).check()
		var usage usageError
		if !errors.As(err, &usage) || err.Error() != want {
			t.Errorf("%q: found %v, expected %s", arguments, err, want)
		}
	}
}

func TestMistakesAboutImages(t *testing.T) {
	for _, test := range []struct {
		reference, archive string
		programs           []string
		want               string
	}{
		{"", "", []string{"app"}, "found no name for the image, expected --image NAME such as localhost/app:1, or --archive FILE"},
		{"app:1", "", nil, "found no program for the image, expected at least one"},
		{"app:1", "image.tar", nil, "found --archive with --image or programs: an archive has a name and programs already"},
		{"", "image.tar", []string{"app"}, "found --archive with --image or programs: an archive has a name and programs already"},
		{"app:1", "", []string{"app"}, ""},
		{"", "image.tar", nil, ""},
	} {
		found := ""
		if err := checkImage(test.reference, test.archive, test.programs); err != nil {
			found = err.Error()
		}
		if found != test.want {
			t.Errorf("%+v: found %q", test, found)
		}
	}
}
