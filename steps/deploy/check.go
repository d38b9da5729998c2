package deploy

import (
	"fmt"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube/manifest"
	"github.com/scenario-runner/scenario-runner/steps/readiness"
)

// check reads the manifests, so that a missing file or a mistake in one is found before a cluster is touched. Paths and
// values that hold ${{ }} are not known before the run; then Run reports what is wrong with them.
func (s steps) check(c *Config, p *step.Problems) {
	if !p.Given("manifests") && !p.Given("inline") && !p.Given("kustomize") {
		p.At("", "deploy needs one of manifests, inline, kustomize")
		return
	}
	if p.Given("template") {
		p.ReadsAnything()
	}
	if p.Given("template") && !p.Given("manifests") {
		p.At("template", "template is about manifest files, but there are none; inline objects are evaluated always")
	}
	c.unknown = p.Given("kustomize") || p.Given("manifests") && len(c.Manifests) == 0 || p.Given("inline") && len(c.Inline) == 0
	readiness.Check(c.Tolerate, p)
	checkRefused(p)
	if p.Place() != nil {
		s.inspection(c, p).all()
	}
	if c.Kustomize != "" && p.Literal("kustomize") {
		if err := manifest.CheckKustomization(p.Dir(), c.Kustomize); err != nil {
			p.At("kustomize", "%s", err)
		}
	}
}

// read returns all objects in the order in which they are written.
func read(c Config, run *step.Run) ([]manifest.Object, error) {
	var out []manifest.Object
	for _, name := range c.Manifests {
		objects, errs := manifest.Read(run.Folder(), name)
		if len(errs) > 0 {
			return nil, errs[0]
		}
		if c.Template {
			if err := evaluate(objects, run.Scope); err != nil {
				return nil, err
			}
		}
		out = append(out, objects...)
	}
	if c.Kustomize != "" {
		objects, err := manifest.Kustomize(run.Folder(), c.Kustomize)
		if err != nil {
			return nil, err
		}
		out = append(out, objects...)
	}
	objects, errs := manifest.Inline(c.Inline)
	if len(errs) > 0 {
		return nil, errs[0]
	}
	out = append(out, objects...)
	if len(out) == 0 {
		return nil, fmt.Errorf("there is no object to apply")
	}
	return out, unique(out)
}

// unique reports an object that is written twice: the later one would silently win.
func unique(objects []manifest.Object) error {
	type key struct{ apiVersion, kind, namespace, name string }
	seen := map[key]string{}
	for _, o := range objects {
		k := key{o.GetAPIVersion(), o.GetKind(), o.GetNamespace(), o.GetName()}
		if first, ok := seen[k]; ok && o.GetName() != "" {
			return fmt.Errorf("%s is there twice: it was in %s before", o, first)
		}
		seen[k] = o.Place
	}
	return nil
}
