package command

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/scenario-runner/scenario-runner/sandbox/place"
)

func (p *program) kubeconfig() *cobra.Command {
	var name string
	var raw bool
	command := &cobra.Command{
		Use:   "kubeconfig",
		Short: "Print the path of a sandbox's kubeconfig",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			at, err := p.aliveAt(name)
			if err != nil {
				return err
			}
			if !raw {
				_, err := fmt.Fprintln(p.streams.Out, at.Kubeconfig())
				return err
			}
			content, err := os.ReadFile(at.Kubeconfig())
			if err != nil {
				return fmt.Errorf("read the kubeconfig of sandbox %q: %w", name, err)
			}
			_, err = p.streams.Out.Write(content)
			return err
		},
	}
	nameFlag(command, &name)
	command.Flags().BoolVar(&raw, "raw", false, "print the content, which holds the administrator's key")
	return command
}

// aliveAt returns the place of a sandbox that is up or starting.
func (p *program) aliveAt(name string) (place.Place, error) {
	at, err := placeOf(name)
	if err != nil {
		return place.Place{}, err
	}
	alive, err := at.Alive()
	if err != nil {
		return place.Place{}, err
	}
	if !alive {
		return place.Place{}, fmt.Errorf("sandbox %q is not up; bring it up with %q", name, p.name+" up --name "+name)
	}
	return at, nil
}
