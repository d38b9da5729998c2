package kinds

import (
	"fmt"
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/diag"
)

// Identify finds the kind of a manifest, which is written in full there. A mistake is what is certainly wrong with the
// two: a kind that no server has under that version. Without either, the kind is one of which nothing is known. field is
// what is to be changed: "apiVersion" or "kind".
func (d *Definitions) Identify(apiVersion, kind string) (found *Kind, field, mistake string) {
	if k, ok := d.Find(apiVersion, kind); ok && k.Name == kind && k.APIVersion() == apiVersion {
		return k, "", ""
	}
	if instead, since, removed := Removed(apiVersion, kind); removed {
		cure := "; nothing took its place"
		if instead != "" {
			cure = "; write apiVersion: " + instead
		}
		return nil, "apiVersion", fmt.Sprintf("%s of %s was removed in Kubernetes %s%s", kind, apiVersion, since, cure)
	}
	versions := d.versionsOf(kind)
	group, version, qualified := strings.Cut(apiVersion, "/")
	if !qualified {
		group, version = "", apiVersion
	}
	names := d.kindsOf(apiVersion)
	switch {
	case len(names) > 0:
		return nil, "kind", misnamed(apiVersion, kind, names, versions)
	case changing(version) && slices.Contains(d.groups(), group):
		return nil, "", "" // alpha and beta versions come and go; what is not known is not checked
	case len(versions) > 0 && !custom(group):
		return nil, "apiVersion", fmt.Sprintf("there is no %s of %s; write apiVersion: %s", kind, apiVersion, strings.Join(versions, " or "))
	case !custom(group) || slices.Contains(d.groups(), group):
		if near := diag.Suggest(apiVersion, d.apiVersions()); near != "" {
			return nil, "apiVersion", fmt.Sprintf("there is no API version %q; did you mean %q?", apiVersion, near)
		}
	default:
		if near := diag.Suggest(apiVersion, d.apiVersions()); near != "" && len(versions) > 0 && slices.Contains(versions, near) {
			return nil, "apiVersion", fmt.Sprintf("there is no %s of %s; did you mean %q?", kind, apiVersion, near)
		}
	}
	return nil, "", ""
}

// misnamed says what is wrong with a kind that its API version, of which all kinds are known, does not have. A newer
// server may have more, so a kind that looks like no other is not called wrong.
func misnamed(apiVersion, kind string, names, versions []string) string {
	if len(versions) > 0 {
		return fmt.Sprintf("there is no %s of %s; write apiVersion: %s", kind, apiVersion, strings.Join(versions, " or "))
	}
	for _, name := range names {
		if strings.EqualFold(name, kind) || strings.EqualFold(name+"s", kind) {
			return fmt.Sprintf("unknown kind %q of %s; did you mean %q?", kind, apiVersion, name)
		}
	}
	if near := diag.Suggest(kind, names); near != "" {
		return fmt.Sprintf("unknown kind %q of %s; did you mean %q?", kind, apiVersion, near)
	}
	return ""
}

// custom reports whether a group is one of custom kinds: those have a dot.
func custom(group string) bool { return strings.Contains(group, ".") }

// changing reports whether a version is in alpha or beta.
func changing(version string) bool {
	return strings.Contains(version, "alpha") || strings.Contains(version, "beta")
}

// each calls f with every kind that is known so far.
func (d *Definitions) each(f func(*Kind)) {
	for _, k := range d.builtin.All() {
		f(k)
	}
	for _, k := range d.learned {
		f(k)
	}
}

func (d *Definitions) collect(choose func(*Kind) (string, bool)) []string {
	var out []string
	d.each(func(k *Kind) {
		if text, ok := choose(k); ok && !slices.Contains(out, text) {
			out = append(out, text)
		}
	})
	return out
}

// versionsOf lists the API versions that have a kind.
func (d *Definitions) versionsOf(kind string) []string {
	return d.collect(func(k *Kind) (string, bool) { return k.APIVersion(), k.Name == kind })
}

// kindsOf lists the kinds of an API version.
func (d *Definitions) kindsOf(apiVersion string) []string {
	return d.collect(func(k *Kind) (string, bool) { return k.Name, k.APIVersion() == apiVersion })
}

func (d *Definitions) apiVersions() []string {
	return d.collect(func(k *Kind) (string, bool) { return k.APIVersion(), true })
}

func (d *Definitions) groups() []string {
	return d.collect(func(k *Kind) (string, bool) { return k.Group, true })
}

// Absent says what is wrong with a kind that neither the scenario brings nor the cluster which was asked has, nil when
// all is well or no cluster was asked.
func (d *Definitions) Absent(apiVersion, name string) error {
	if d.builtin.Served == nil || name == "" || len(d.index.find(apiVersion, name)) > 0 {
		return nil
	}
	return d.builtin.Served(apiVersion, name)
}
