package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/scenario-runner/scenario-runner/sandbox/image"
	"github.com/scenario-runner/scenario-runner/sandbox/supervise"
)

func (p *program) loadImage() *cobra.Command {
	var name, reference, archive string
	var timeout time.Duration
	command := &cobra.Command{
		Use:   "load-image --image NAME PROGRAM...",
		Short: "Make an image of static programs and give it to the real node",
		Long: `Make an image of static programs of this machine, such as Go programs built with CGO_ENABLED=0, and give it to the real
node of a sandbox. The programs are in the root folder of the image; the first one is what a container runs. Pods use it
by its name with imagePullPolicy Never or IfNotPresent. With --archive an image that exists already, as "docker save"
writes it, is given to the node.`,
		Args: func(_ *cobra.Command, arguments []string) error { return checkImage(reference, archive, arguments) },
		RunE: func(command *cobra.Command, arguments []string) error {
			ctx, cancel := contextWithin(command.Context(), timeout)
			defer cancel()
			return p.runLoadImage(ctx, name, reference, archive, arguments)
		},
	}
	nameFlag(command, &name)
	command.Flags().StringVar(&reference, "image", "", "name of the image with a tag, such as localhost/app:1")
	command.Flags().StringVar(&archive, "archive", "", "file with an image to load instead")
	command.Flags().DurationVar(&timeout, "timeout", time.Minute, "how long to wait for it")
	return command
}

func checkImage(reference, archive string, programs []string) error {
	switch {
	case archive != "" && (reference != "" || len(programs) > 0):
		return usageError{errors.New("found --archive with --image or programs: an archive has a name and programs already")}
	case archive == "" && reference == "":
		return usageError{errors.New("found no name for the image, expected --image NAME such as localhost/app:1, or --archive FILE")}
	case archive == "" && len(programs) == 0:
		return usageError{errors.New("found no program for the image, expected at least one")}
	}
	return nil
}

func (p *program) runLoadImage(ctx context.Context, name, reference, archive string, programs []string) error {
	at, err := p.aliveAt(name)
	if err != nil {
		return err
	}
	client := supervise.NewClient(at)
	if archive != "" {
		if err := client.LoadImage(ctx, archive); err != nil {
			return err
		}
		_, err := fmt.Fprintf(p.streams.Out, "The node has the images of %s.\n", archive)
		return err
	}
	folder, err := os.MkdirTemp("", "scenario-runner-image-")
	if err != nil {
		return fmt.Errorf("make a folder for the image: %w", err)
	}
	made := filepath.Join(folder, "image.tar")
	err = image.WriteFile(made, reference, programs)
	if err == nil {
		err = client.LoadImage(ctx, made)
	}
	if err := errors.Join(err, os.RemoveAll(folder)); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.streams.Out, "The node has image %s with %s.\n", reference, strings.Join(programs, ", "))
	return err
}
