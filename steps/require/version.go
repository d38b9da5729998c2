package require

import (
	"fmt"

	"github.com/Masterminds/semver/v3"
)

// versions are the versions of Kubernetes that will do.
type versions struct {
	text        string
	constraints *semver.Constraints
}

func parseVersions(text string) (versions, error) {
	constraints, err := semver.NewConstraint(text)
	if err != nil {
		return versions{}, fmt.Errorf("%q names no versions; write them as in >= 1.30, < 2", text)
	}
	return versions{text, constraints}, nil
}

// meets returns an *unmet unless a version is among them. What a vendor puts behind the number does not count.
func (v versions) meets(found string) error {
	version, err := semver.NewVersion(found)
	if err != nil {
		return fmt.Errorf("the server calls its version %q, which can't be compared with %s", found, v.text)
	}
	plain := semver.New(version.Major(), version.Minor(), version.Patch(), "", "")
	if !v.constraints.Check(plain) {
		return &unmet{fmt.Sprintf("Kubernetes %s is needed, found %s", v.text, found)}
	}
	return nil
}
