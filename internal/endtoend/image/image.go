// Package image writes container images of static programs as archives that `ctr images import` and `docker load` read.
// It is test support: it knows no base images, no registries and one layer.
package image

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"
)

// Image is what an archive holds.
type Image struct {
	Name       string
	Programs   map[string]string // path in the image to file of this machine
	Links      map[string]string // path in the image to path in the image
	Entrypoint []string
	Folder     string // that programs start in
}

// Write writes the archive.
func (i Image) Write(out io.Writer) error {
	layer, err := i.layer()
	if err != nil {
		return fmt.Errorf("image %s: %w", i.Name, err)
	}
	settings, err := json.Marshal(i.settings(layer))
	if err != nil {
		return err
	}
	name := sum(settings) + ".json"
	manifest, err := json.Marshal([]map[string]any{{"Config": name, "RepoTags": []string{i.Name}, "Layers": []string{"layer.tar"}}})
	if err != nil {
		return err
	}
	archive := tar.NewWriter(out)
	return errors.Join(
		add(archive, name, settings, 0o644), add(archive, "layer.tar", layer, 0o644), add(archive, "manifest.json", manifest, 0o644),
		archive.Close(),
	)
}

func (i Image) settings(layer []byte) map[string]any {
	return map[string]any{
		"architecture": runtime.GOARCH, "os": "linux",
		"config": map[string]any{"Entrypoint": i.Entrypoint, "WorkingDir": i.Folder, "Env": []string{"PATH=/bin:" + i.Folder}},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + sum(layer)}},
	}
}

func (i Image) layer() ([]byte, error) {
	var buffer bytes.Buffer
	archive := tar.NewWriter(&buffer)
	for _, folder := range i.folders() {
		if err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: folder + "/", Mode: 0o777}); err != nil {
			return nil, err
		}
	}
	for _, name := range sorted(i.Programs) {
		content, err := os.ReadFile(i.Programs[name])
		if err != nil {
			return nil, err
		}
		if err := add(archive, strings.TrimPrefix(name, "/"), content, 0o755); err != nil {
			return nil, err
		}
	}
	for _, name := range sorted(i.Links) {
		link := &tar.Header{Typeflag: tar.TypeSymlink, Name: strings.TrimPrefix(name, "/"), Linkname: i.Links[name], Mode: 0o777}
		if err := archive.WriteHeader(link); err != nil {
			return nil, err
		}
	}
	return buffer.Bytes(), archive.Close()
}

// folders returns the folders of all that is in the image, parents first, and one for temporary files.
func (i Image) folders() []string {
	all := []string{"tmp"}
	for _, name := range slices.Concat(sorted(i.Programs), sorted(i.Links)) {
		for folder := path.Dir(strings.TrimPrefix(name, "/")); folder != "."; folder = path.Dir(folder) {
			all = append(all, folder)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func add(archive *tar.Writer, name string, content []byte, mode int64) error {
	if err := archive.WriteHeader(&tar.Header{Name: name, Mode: mode, Size: int64(len(content))}); err != nil {
		return err
	}
	_, err := archive.Write(content)
	return err
}

func sum(content []byte) string {
	digest := sha256.Sum256(content)
	return hex.EncodeToString(digest[:])
}

func sorted(m map[string]string) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
