//go:build e2e

package endtoend

import "github.com/scenario-runner/scenario-runner/internal/endtoend/image"

// withShell is the workload in an image that has a shell and what the builtin driver needs beside it to put a load into the
// container: a static BusyBox, with a link for each of its programs.
func withShell(workload, busybox string) image.Image {
	out := image.Image{
		Name: "localhost/workload-with-shell:1", Folder: "/", Entrypoint: []string{"/workload"}, Links: map[string]string{},
		Programs: map[string]string{"/workload": workload, "/bin/busybox": busybox},
	}
	for _, name := range []string{"sh", "cat", "df", "head", "ls", "nc", "nslookup", "rm", "sleep", "tail", "timeout"} {
		out.Links["/bin/"+name] = "busybox"
	}
	return out
}
