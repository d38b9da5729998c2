package image

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// files reads an archive: what is in each file, "-> target" for links and "folder" for folders.
func files(t *testing.T, archive io.Reader) map[string]string {
	t.Helper()
	out := map[string]string{}
	for reader := tar.NewReader(archive); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(reader)
		if err != nil {
			t.Fatal(err)
		}
		switch header.Typeflag {
		case tar.TypeSymlink:
			out[header.Name] = "-> " + header.Linkname
		case tar.TypeDir:
			out[header.Name] = "folder"
		default:
			out[header.Name] = string(content)
		}
	}
}

func write(t *testing.T, i Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := i.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestWritesProgramsLinksAndSettings(t *testing.T) {
	program := filepath.Join(t.TempDir(), "built")
	if err := os.WriteFile(program, []byte("a program"), 0o600); err != nil {
		t.Fatal(err)
	}
	i := Image{
		Name: "localhost/tools:1", Folder: "/opt", Entrypoint: []string{"/opt/tool"},
		Programs: map[string]string{"/opt/tool": program}, Links: map[string]string{"/usr/bin/other": "/opt/tool"},
	}
	archive := files(t, bytes.NewReader(write(t, i)))
	var manifest []struct {
		Config           string
		RepoTags, Layers []string
	}
	if err := json.Unmarshal([]byte(archive["manifest.json"]), &manifest); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"localhost/tools:1"}, manifest[0].RepoTags); diff != "" {
		t.Error(diff)
	}
	layer := archive[manifest[0].Layers[0]]
	want := map[string]string{
		"tmp/": "folder", "usr/": "folder", "usr/bin/": "folder", "opt/": "folder", "opt/tool": "a program", "usr/bin/other": "-> /opt/tool",
	}
	if diff := cmp.Diff(want, files(t, bytes.NewReader([]byte(layer)))); diff != "" {
		t.Error(diff)
	}
	var settings struct {
		Config struct {
			Entrypoint []string
			WorkingDir string
		}
		Rootfs struct {
			Digests []string `json:"diff_ids"`
		}
	}
	if err := json.Unmarshal([]byte(archive[manifest[0].Config]), &settings); err != nil {
		t.Fatal(err)
	}
	if settings.Config.WorkingDir != "/opt" || settings.Config.Entrypoint[0] != "/opt/tool" || settings.Rootfs.Digests[0] != "sha256:"+sum([]byte(layer)) {
		t.Errorf("the settings are %+v", settings)
	}
	if !bytes.Equal(write(t, i), write(t, i)) {
		t.Error("two archives of one image differ")
	}
}

func TestMissingProgramIsNamed(t *testing.T) {
	i := Image{Name: "localhost/tools:1", Programs: map[string]string{"/tool": "/nowhere/tool"}}
	want := "image localhost/tools:1: open /nowhere/tool: no such file or directory"
	if err := i.Write(io.Discard); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
