// Package image makes container images from static programs of this machine, as archives that `docker load` and
// `ctr images import` take. It builds no layers from instructions and knows no registry.
package image

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

const (
	programMode = 0o755
	fileMode    = 0o644
)

// archived is the time of everything in an image, so that the same programs make the same image.
func archived() time.Time { return time.Unix(0, 0) }

// WriteFile writes an image of the given name to a file.
func WriteFile(path, name string, programs []string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write image %q: %w", name, err)
	}
	return errors.Join(Write(file, name, programs), file.Close())
}

// Write writes an image with the given programs in its root folder; the first one is what a container runs.
func Write(to io.Writer, name string, programs []string) error {
	if err := checkName(name); err != nil {
		return err
	}
	layer, err := packLayer(programs)
	if err != nil {
		return err
	}
	config, err := json.Marshal(configuration(layer, "/"+filepath.Base(programs[0])))
	if err != nil {
		return fmt.Errorf("encode the configuration of image %q: %w", name, err)
	}
	manifest, err := json.Marshal([]map[string]any{{
		"Config": digest(config) + ".json", "RepoTags": []string{name}, "Layers": []string{digest(layer) + "/layer.tar"},
	}})
	if err != nil {
		return fmt.Errorf("encode the manifest of image %q: %w", name, err)
	}
	archive := tar.NewWriter(to)
	err = errors.Join(
		add(archive, digest(config)+".json", fileMode, config),
		add(archive, digest(layer)+"/layer.tar", fileMode, layer),
		add(archive, "manifest.json", fileMode, manifest),
		archive.Close(),
	)
	if err != nil {
		return fmt.Errorf("write image %q: %w", name, err)
	}
	return nil
}

// checkName demands a tag: what runs an image asks a registry for one that is called latest.
func checkName(name string) error {
	last := name[strings.LastIndex(name, "/")+1:]
	repository, tag, found := strings.Cut(last, ":")
	if !found || repository == "" || tag == "" || strings.ContainsAny(name, " @\t\n") || name != strings.ToLower(name) {
		return fmt.Errorf("bad image name %q: expected a name in lower case with a tag, such as localhost/app:1", name)
	}
	if tag == "latest" {
		return fmt.Errorf("bad image name %q: kubelets look for the tag latest in a registry; give it another one, such as localhost/app:1", name)
	}
	return nil
}

func packLayer(programs []string) ([]byte, error) {
	if len(programs) == 0 {
		return nil, errors.New("found no program for the image, expected at least one")
	}
	var layer bytes.Buffer
	archive := tar.NewWriter(&layer)
	// Programs write their temporary files there.
	err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: "tmp/", Mode: 0o1777, ModTime: archived(), Format: tar.FormatPAX})
	if err != nil {
		return nil, fmt.Errorf("pack a layer: %w", err)
	}
	seen := map[string]string{}
	for _, path := range programs {
		base := filepath.Base(path)
		if other, twice := seen[base]; twice {
			return nil, fmt.Errorf("both %s and %s would be /%s in the image", other, path, base)
		}
		seen[base] = path
		if err := checkStatic(path); err != nil {
			return nil, err
		}
		content, err := os.ReadFile(path)
		if err == nil {
			err = add(archive, base, programMode, content)
		}
		if err != nil {
			return nil, fmt.Errorf("pack %s: %w", path, err)
		}
	}
	if err := archive.Close(); err != nil {
		return nil, fmt.Errorf("pack a layer: %w", err)
	}
	return layer.Bytes(), nil
}

// checkStatic refuses what can't run where there is nothing else: in the image there are no libraries and no shell.
func checkStatic(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("find a program for the image: %w", err)
	}
	defer file.Close()
	program, err := elf.NewFile(file)
	if err != nil {
		return fmt.Errorf("%s is not a program for Linux: %w", path, err)
	}
	for _, segment := range program.Progs {
		if segment.Type == elf.PT_INTERP {
			return fmt.Errorf("%s needs shared libraries, which the image doesn't have; build it static, a Go program with CGO_ENABLED=0", path)
		}
	}
	return nil
}

func configuration(layer []byte, entrypoint string) map[string]any {
	return map[string]any{
		"architecture": runtime.GOARCH,
		"os":           "linux",
		"created":      archived().UTC().Format(time.RFC3339),
		"config": map[string]any{
			"Entrypoint": []string{entrypoint},
			"Env":        []string{"PATH=/"},
			"WorkingDir": "/",
		},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + digest(layer)}},
	}
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

func add(archive *tar.Writer, name string, mode int64, content []byte) error {
	header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: int64(len(content)), ModTime: archived(), Format: tar.FormatPAX}
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	_, err := archive.Write(content)
	return err
}
