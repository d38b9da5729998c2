package observe

import (
	"encoding/base64"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// secrets masks what the Secrets that a source sees hold, before anybody can write it anywhere. A nil one is that of a
// source of other objects and does nothing.
type secrets struct {
	host step.Host
	seen map[types.UID]string // resource version that was masked last
}

func secretsOf(run *step.Run, mapping kube.Mapping) *secrets {
	if mapping.Group != "" || mapping.Resource != "secrets" {
		return nil
	}
	return &secrets{host: run.Host, seen: map[types.UID]string{}}
}

func (s *secrets) hide(secret *unstructured.Unstructured) {
	if s == nil || s.seen[secret.GetUID()] == secret.GetResourceVersion() {
		return
	}
	s.seen[secret.GetUID()] = secret.GetResourceVersion()
	data, _, _ := unstructured.NestedStringMap(secret.Object, "data")
	for _, key := range slices.Sorted(maps.Keys(data)) {
		if plain, err := base64.StdEncoding.DecodeString(data[key]); err == nil {
			s.host.Mask(string(plain))
		}
		s.host.Mask(data[key])
	}
}
