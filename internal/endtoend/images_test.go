//go:build e2e

package endtoend

import (
	"path/filepath"

	"github.com/scenario-runner/scenario-runner/internal/endtoend/image"
)

// images are those that stories and LitmusChaos's operator name, made of the programs in a folder.
func images(folder string) []image.Image {
	program := func(name string) string { return filepath.Join(folder, name) }
	experiments := image.Image{
		Name: "localhost/go-runner:1", Folder: "/litmus", Links: map[string]string{},
		Programs: map[string]string{
			"/litmus/experiments": program("litmus-experiment"), "/litmus/helpers": program("litmus-helper"), "/bin/gorunner": program("gorunner"),
		},
	}
	for _, name := range []string{"bash", "sh", "sudo", "pause", "nsutil", "nsenter", "crictl", "kubectl", "stress-ng", "tc"} {
		experiments.Links["/bin/"+name] = "gorunner"
	}
	single := func(image_, name string) image.Image {
		return image.Image{Name: image_, Programs: map[string]string{"/" + name: program(name)}, Entrypoint: []string{"/" + name}, Folder: "/"}
	}
	return []image.Image{
		experiments,
		single("registry.example/chaos-runner:1", "chaos-runner"), // the name that testparts.ChaosOperator gives to its operator
		single("localhost/workload:1", "workload"),
		withShell(program("workload"), program("busybox")),
	}
}
