package main

import (
	"fmt"
	"testing"

	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/steps/builtin"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// BenchmarkLoad checks one file of the reference job after the other, as validate does on one core.
func BenchmarkLoad(b *testing.B) {
	env := kube.NewEnv(kube.Options{})
	b.Cleanup(env.Close)
	loader, err := scenario.NewLoader(builtin.New(env), scenario.Options{})
	if err != nil {
		b.Fatal(err)
	}
	text := fmt.Appendf(nil, scenarioText, 1)
	b.ReportAllocs()
	for b.Loop() {
		if s, diags := loader.Load("job.scenario.yaml", text); s == nil {
			b.Fatal(diags)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "files/s")
}

// BenchmarkNewLoader is what every command pays once before the first file.
func BenchmarkNewLoader(b *testing.B) {
	env := kube.NewEnv(kube.Options{})
	b.Cleanup(env.Close)
	for b.Loop() {
		if _, err := scenario.NewLoader(builtin.New(env), scenario.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
