package deploy

import "testing"

func TestTitleNamesWhatIsApplied(t *testing.T) {
	object := func(kind, name string) any {
		return map[string]any{"kind": kind, "metadata": map[string]any{"name": name}}
	}
	tests := []struct {
		want   string
		config Config
	}{
		{"manifests/web.yaml", Config{Manifests: []string{"manifests/web.yaml"}}},
		{"Deployment web", Config{Inline: []any{object("Deployment", "web")}}},
		{"Deployment web, Service web", Config{Inline: []any{object("Deployment", "web"), object("Service", "web")}}},
		{"3 objects", Config{Inline: []any{object("Deployment", "web"), object("Service", "web"), object("Secret", "web")}}},
		{"1 object", Config{Inline: []any{"kind: Secret"}}},
		{"a.yaml, overlays/test, 2 objects", Config{Manifests: []string{"a.yaml"}, Kustomize: "overlays/test", Inline: []any{"kind: Secret", object("Secret", "web")}}},
	}
	for _, test := range tests {
		if got := title(&test.config); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}
