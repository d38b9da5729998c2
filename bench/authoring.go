package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"
)

const (
	runner = "bin/scenario-runner"
	// best is how often each command is run: the best run is the one that the machine disturbed least.
	best = 5
	// goalFiles is how many files of the reference job one core must check in a second.
	goalFiles = 5000
	// floorFiles is where the measurement fails. What counts is the CPU time of the best of several runs, to which six busy
	// programs on a machine with two cores were seen to add a quarter: half of the goal is more than noise.
	floorFiles = goalFiles / 2
)

// authoring measures what needs no cluster.
func authoring(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "bench-files")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	slow := checking(ctx, dir)
	return errors.Join(slow, starting(ctx), answering(ctx, dir))
}

// checking measures validate on one core and on two.
func checking(ctx context.Context, dir string) error {
	jobs, shipped := filepath.Join(dir, "jobs"), filepath.Join(dir, "shipped")
	if err := os.Mkdir(jobs, 0o700); err != nil {
		return err
	}
	if err := writeScenarios(jobs, *files); err != nil {
		return err
	}
	count, err := copyShipped(shipped)
	if err != nil {
		return err
	}
	fmt.Printf("validate: files of the reference job (%d lines, 4 steps, 2 expressions each), and copies of the shipped\n"+
		"examples and stories with their manifests; best of %d\n", strings.Count(scenarioText, "\n"), best)
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\tfiles\tcores\twall\tcpu\tmemory\tfiles/s\tfiles/s per core\tgoal\t")
	reached := 0.0
	for _, cores := range []string{"1", "2"} {
		f, err := bestOf(ctx, cores, "validate", "--output", "quiet", jobs)
		if err != nil {
			return err
		}
		perCore := float64(*files) / f.cpu.Seconds()
		reached = max(reached, perCore)
		printFiles(table, "reference job", cores, *files, f, fmt.Sprint(goalFiles))
		if f, err = bestOf(ctx, cores, "validate", "--output", "quiet", "--config", filepath.Join(shipped, "scenario-runner.yaml"), shipped); err != nil {
			return err
		}
		printFiles(table, "shipped", cores, count, f, "")
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if reached < floorFiles {
		return fmt.Errorf("validate checks %.0f files a second on one core; the goal is %d, and less than %d is a mistake", reached, goalFiles, floorFiles)
	}
	return nil
}

func printFiles(table *tabwriter.Writer, what, cores string, files int, f figures, goal string) {
	fmt.Fprintf(table, "%s\t%d\t%s\t%.2fs\t%.2fs\t%d MB\t%.0f\t%.0f\t%s\t\n", what, files, cores, f.wall.Seconds(), f.cpu.Seconds(), f.memory>>20,
		float64(files)/f.wall.Seconds(), float64(files)/f.cpu.Seconds(), goal)
}

// copies is how often the shipped files are checked, to have a number that can be measured.
const copies = 20

// copyShipped copies the shipped scenarios with what they refer to and returns how many there are.
func copyShipped(dir string) (int, error) {
	count := 0
	for i := range copies {
		for _, folder := range []string{"examples", "scenarios"} {
			if err := copyFolder(filepath.Join(dir, fmt.Sprint(i), folder), folder, &count); err != nil {
				return 0, err
			}
		}
	}
	// The folder of the configuration is the project, inside which templates may be named.
	config := "apiVersion: scenario-runner/v1\nkind: Config\nlibrary: 0/scenarios/library\ncrds: 0/scenarios/library/crds\n"
	return count, os.WriteFile(filepath.Join(dir, "scenario-runner.yaml"), []byte(config), 0o600)
}

// copyFolder copies files, except programs and what is wrong on purpose.
func copyFolder(to, from string, count *int) error {
	return filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "failing" || d.Name() == "testdata"):
			return filepath.SkipDir
		case d.IsDir() || filepath.Ext(path) == ".go":
			return nil
		}
		if strings.HasSuffix(path, ".scenario.yaml") {
			*count++
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(to, relative)), 0o700); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, relative), data, 0o600)
	})
}

// bestOf runs the runner several times and returns the figures of the run that took the least CPU time.
func bestOf(ctx context.Context, cores string, args ...string) (figures, error) {
	var least figures
	for i := range best {
		f, err := execute(ctx, []string{"GOMAXPROCS=" + cores}, runner, args...)
		if err != nil {
			return figures{}, err
		}
		if i == 0 || f.cpu < least.cpu {
			least = f
		}
	}
	return least, nil
}

// starting measures commands that do next to nothing.
func starting(ctx context.Context) error {
	fmt.Printf("\nstart of the program, best of %d\n", best)
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\twall\tcpu\tgoal\t")
	for _, c := range []struct {
		args []string
		goal time.Duration
	}{
		{[]string{"version"}, 50 * time.Millisecond},
		{[]string{"validate", "--output", "quiet", "examples/01-deploy.scenario.yaml"}, 100 * time.Millisecond},
	} {
		f, err := bestOf(ctx, "2", c.args...)
		if err != nil {
			return err
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t\n", c.args[0], f.wall.Round(time.Millisecond), f.cpu.Round(time.Millisecond), c.goal)
	}
	return table.Flush()
}
