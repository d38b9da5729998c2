package command

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// partsShown are the modules whose versions a user may want to know.
func partsShown() []struct{ label, module string } {
	return []struct{ label, module string }{
		{"kubernetes", "k8s.io/kubernetes"},
		{"etcd", "go.etcd.io/etcd/server/v3"},
		{"kwok", "sigs.k8s.io/kwok"},
	}
}

func (p *program) version() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the versions of what is in the box",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			info, found := debug.ReadBuildInfo()
			if !found {
				return fmt.Errorf("this program was built without information about its modules")
			}
			versions := map[string]string{}
			for _, module := range info.Deps {
				versions[module.Path] = module.Version
			}
			for _, part := range partsShown() {
				if _, err := fmt.Fprintf(p.streams.Out, "%-11s %s\n", part.label, versions[part.module]); err != nil {
					return err
				}
			}
			_, err := fmt.Fprintf(p.streams.Out, "%-11s %s %s/%s\n", "go", runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}
