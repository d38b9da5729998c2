package image

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// static is a program that is static for sure when the tests are built without cgo: this one.
func static(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "app")
	content, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(copied, content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return copied
}

func unpack(t *testing.T, archive []byte) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	reader := tar.NewReader(bytes.NewReader(archive))
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[header.Name], err = io.ReadAll(reader); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnImageRunsItsFirstProgram(t *testing.T) {
	app := static(t)
	var first, second bytes.Buffer
	for _, into := range []*bytes.Buffer{&first, &second} {
		if err := Write(into, "localhost/app:1", []string{app}); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("the same program has made two different images")
	}
	files := unpack(t, first.Bytes())
	var manifest []struct {
		Config           string
		RepoTags, Layers []string
	}
	if err := json.Unmarshal(files["manifest.json"], &manifest); err != nil || len(manifest) != 1 {
		t.Fatalf("found %s, %v", files["manifest.json"], err)
	}
	if difference := cmp.Diff([]string{"localhost/app:1"}, manifest[0].RepoTags); difference != "" {
		t.Error(difference)
	}
	layer := files[manifest[0].Layers[0]]
	var config struct {
		Config struct{ Entrypoint []string }
		RootFS struct {
			DiffIDs []string `json:"diff_ids"`
		} `json:"rootfs"`
	}
	if err := json.Unmarshal(files[manifest[0].Config], &config); err != nil {
		t.Fatal(err)
	}
	if difference := cmp.Diff([]string{"/app"}, config.Config.Entrypoint); difference != "" {
		t.Error(difference)
	}
	if difference := cmp.Diff([]string{"sha256:" + digest(layer)}, config.RootFS.DiffIDs); difference != "" {
		t.Error(difference)
	}
	content, err := os.ReadFile(app)
	if err != nil {
		t.Fatal(err)
	}
	if packed := unpack(t, layer); !bytes.Equal(packed["app"], content) || packed["tmp/"] == nil {
		t.Errorf("found %d bytes of the program, expected %d, and a folder for temporary files", len(packed["app"]), len(content))
	}
}

func TestMistakesInAnImage(t *testing.T) {
	app := static(t)
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("no program\n", 10)), 0o600); err != nil {
		t.Fatal(err)
	}
	other := static(t)
	for want, call := range map[string]struct {
		name     string
		programs []string
	}{
		`bad image name "localhost/app": expected a name in lower case with a tag, such as localhost/app:1`:                         {"localhost/app", []string{app}},
		`bad image name "App:1": expected a name in lower case with a tag, such as localhost/app:1`:                                 {"App:1", []string{app}},
		`bad image name "app:latest": kubelets look for the tag latest in a registry; give it another one, such as localhost/app:1`: {"app:latest", []string{app}},
		"found no program for the image, expected at least one":                                                                     {"app:1", nil},
		text + " is not a program for Linux: bad magic number '[110 111 32 112]' in record at byte 0x0":                             {"app:1", []string{text}},
		"both " + app + " and " + other + " would be /app in the image":                                                             {"app:1", []string{app, other}},
		"find a program for the image: open /nowhere/app: no such file or directory":                                                {"app:1", []string{"/nowhere/app"}},
		"/bin/sh needs shared libraries, which the image doesn't have; build it static, a Go program with CGO_ENABLED=0":            {"app:1", []string{"/bin/sh"}},
	} {
		if err := Write(io.Discard, call.name, call.programs); err == nil || err.Error() != want {
			t.Errorf("found %v, expected %s", err, want)
		}
	}
}
