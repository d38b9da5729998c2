package manifest

import (
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

func kustomizationFiles() []string {
	return []string{"kustomization.yaml", "kustomization.yml", "Kustomization"}
}

// CheckKustomization reports whether the folder can be a kustomization, without building it.
func CheckKustomization(dir, name string) error {
	root, err := open(dir, name)
	if err != nil {
		return err
	}
	defer root.Close()
	clean := path.Clean(filepath.ToSlash(name))
	info, err := fs.Stat(root.FS(), clean)
	if err != nil {
		return fmt.Errorf("no folder %q in the scenario's folder%s", name, near(root.FS(), clean))
	}
	if !info.IsDir() {
		return fmt.Errorf("%q is no folder; kustomize names the folder that holds a kustomization.yaml", name)
	}
	for _, file := range kustomizationFiles() {
		if _, err := fs.Stat(root.FS(), path.Join(clean, file)); err == nil {
			return nil
		}
	}
	return fmt.Errorf("folder %q holds no kustomization.yaml", name)
}

// Kustomize builds a kustomization and returns its objects. Everything that it refers to is inside dir.
func Kustomize(dir, name string) ([]Object, error) {
	if err := CheckKustomization(dir, name); err != nil {
		return nil, err
	}
	base, err := filepath.EvalSymlinks(dir)
	if err == nil {
		base, err = filepath.Abs(base)
	}
	if err != nil {
		return nil, fmt.Errorf("the scenario's folder: %w", err)
	}
	files := confined{FileSystem: filesys.MakeFsOnDisk(), base: base}
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(files, filepath.Join(base, filepath.FromSlash(name)))
	if err != nil {
		text := strings.ReplaceAll(err.Error(), base+string(filepath.Separator), "")
		return nil, fmt.Errorf("kustomize %s: %s", name, text)
	}
	return built(name, resources)
}

func built(name string, resources resmap.ResMap) ([]Object, error) {
	var out []Object
	for _, resource := range resources.Resources() {
		content, err := resource.Map()
		if err != nil {
			return nil, fmt.Errorf("kustomize %s: %s: %w", name, resource.CurId(), err)
		}
		value, err := Plain(content)
		if err != nil {
			return nil, fmt.Errorf("kustomize %s: %s: %w", name, resource.CurId(), err)
		}
		objects, errs := flatten("kustomize "+name, value)
		if len(errs) > 0 {
			return nil, errs[0]
		}
		out = append(out, objects...)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("kustomize %s gives no objects", name)
	}
	return out, nil
}

// confined is the disk as far as it lies below base.
type confined struct {
	filesys.FileSystem
	base string
}

// inside reports a path that leaves base, also through symbolic links.
func (c confined) inside(name string) error {
	real, err := filepath.EvalSymlinks(name)
	if err != nil {
		return err
	}
	if relative, err := filepath.Rel(c.base, real); err != nil || !filepath.IsLocal(relative) {
		return fmt.Errorf("%s leaves the scenario's folder; a kustomization uses only what is inside", name)
	}
	return nil
}

// ReadFile reads a file below base.
func (c confined) ReadFile(name string) ([]byte, error) {
	if err := c.inside(name); err != nil {
		return nil, err
	}
	return c.FileSystem.ReadFile(name)
}

// CleanedAbs resolves a path below base.
func (c confined) CleanedAbs(name string) (filesys.ConfirmedDir, string, error) {
	if err := c.inside(name); err != nil {
		return "", "", err
	}
	return c.FileSystem.CleanedAbs(name)
}
