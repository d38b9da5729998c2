package realnode

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// imageNamespace is where the kubelet's containers and images are in containerd.
const imageNamespace = "k8s.io"

// Import gives an archive with images to the node whose sockets are in a folder.
func Import(ctx context.Context, sockets, archive string) error {
	socket := Config{Sockets: sockets}.ContainerdSocket()
	output, err := exec.CommandContext(ctx, program("ctr"), importArguments(socket, archive)...).CombinedOutput() //nolint:gosec // a program of the machine
	if err != nil {
		return fmt.Errorf("give %s to containerd: %w: %s", archive, err, strings.TrimSpace(string(output)))
	}
	return nil
}

func importArguments(socket, archive string) []string {
	return []string{"--address", socket, "--namespace", imageNamespace, "images", "import", archive}
}
