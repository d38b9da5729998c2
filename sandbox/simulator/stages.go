package simulator

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"

	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/kwok/pkg/apis/internalversion"
	"sigs.k8s.io/kwok/pkg/apis/v1alpha1"
)

//go:embed stages/*.yaml
var stageFiles embed.FS

// loadStages reads the stages that are part of the program.
func loadStages() ([]*internalversion.Stage, error) {
	var stages []*internalversion.Stage
	for _, file := range []string{"stages/node.yaml", "stages/pod.yaml"} {
		content, err := stageFiles.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read the stages: %w", err)
		}
		parsed, err := parseStages(content)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", file, err)
		}
		stages = append(stages, parsed...)
	}
	return stages, nil
}

func parseStages(content []byte) ([]*internalversion.Stage, error) {
	var stages []*internalversion.Stage
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(content), len(content))
	for {
		var stage v1alpha1.Stage
		err := decoder.Decode(&stage)
		if errors.Is(err, io.EOF) {
			return stages, nil
		}
		if err != nil {
			return nil, fmt.Errorf("decode a stage: %w", err)
		}
		internal, err := internalversion.ConvertToInternalStage(&stage)
		if err != nil {
			return nil, fmt.Errorf("convert stage %q: %w", stage.Name, err)
		}
		stages = append(stages, internal)
	}
}
