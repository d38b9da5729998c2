package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/scenario-runner/scenario-runner/sandbox/place"
	"github.com/scenario-runner/scenario-runner/sandbox/supervise"
)

// followInterval is how often a log is looked at for new lines.
const followInterval = 200 * time.Millisecond

const defaultTail = 20

func (p *program) logs() *cobra.Command {
	var name string
	var lines int
	var follow bool
	command := &cobra.Command{
		Use:   "logs [COMPONENT]",
		Short: "Show the logs of the components",
		Long:  "Show the end of the log of one component or of all. The components are " + strings.Join(supervise.Components(), ", ") + ".",
		Args:  func(_ *cobra.Command, arguments []string) error { return atMostOneComponent(arguments) },
		RunE: func(command *cobra.Command, arguments []string) error {
			at, err := p.aliveAt(name)
			if err != nil {
				return err
			}
			components := arguments
			if len(components) == 0 {
				components = supervise.Components()
			}
			return p.runLogs(command.Context(), at, components, lines, follow)
		},
	}
	nameFlag(command, &name)
	command.Flags().IntVar(&lines, "tail", defaultTail, "number of lines of each log")
	command.Flags().BoolVarP(&follow, "follow", "f", false, "go on showing what is added")
	return command
}

func atMostOneComponent(arguments []string) error {
	if len(arguments) > 1 {
		return usageError{fmt.Errorf("found %d components, expected one or none for all", len(arguments))}
	}
	if len(arguments) == 1 && !slices.Contains(supervise.Components(), arguments[0]) {
		return usageError{supervise.CheckComponent(arguments[0])}
	}
	return nil
}

func (p *program) runLogs(ctx context.Context, at place.Place, components []string, lines int, follow bool) error {
	offsets := map[string]int64{}
	for _, component := range components {
		file := at.Log(component)
		info, err := os.Stat(file)
		if errors.Is(err, os.ErrNotExist) {
			// The component has not been started yet.
			continue
		}
		if err != nil {
			return fmt.Errorf("read the log of %s: %w", component, err)
		}
		offsets[component] = info.Size()
		text, err := supervise.Tail(file, lines)
		if err != nil {
			return err
		}
		if err := p.printLog(component, text+"\n", len(components) > 1); err != nil {
			return err
		}
	}
	if !follow {
		return nil
	}
	return p.followLogs(ctx, at, components, offsets)
}

func (p *program) followLogs(ctx context.Context, at place.Place, components []string, offsets map[string]int64) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	ticker := time.NewTicker(followInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		for _, component := range components {
			text, err := readFrom(at.Log(component), offsets[component])
			if errors.Is(err, os.ErrNotExist) {
				if alive, err := at.Alive(); err != nil || !alive {
					return err
				}
				continue
			}
			if err != nil {
				return fmt.Errorf("read the log of %s: %w", component, err)
			}
			offsets[component] += int64(len(text))
			if err := p.printLog(component, text, len(components) > 1); err != nil {
				return err
			}
		}
	}
}

func readFrom(path string, offset int64) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	if _, err := file.Seek(offset, io.SeekStart); err != nil {
		return "", err
	}
	content, err := io.ReadAll(file)
	return string(content), err
}

func (p *program) printLog(component, text string, withName bool) error {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	if withName {
		text = fmt.Sprintf("==> %s <==\n%s", component, text)
	}
	_, err := io.WriteString(p.streams.Out, text)
	return err
}
