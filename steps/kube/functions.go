package kube

import (
	"fmt"
	"math/big"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/scenario-runner/scenario-runner/engine/eval"
)

// Functions returns what expressions can call because there is Kubernetes.
func Functions() []eval.Function {
	return []eval.Function{{
		Name:  "quantity",
		Doc:   `quantity("512Mi") is a Kubernetes quantity as a number, so that quantity("1Gi") > quantity("512Mi") and quantity("250m") == 0.25.`,
		Func:  func(args ...any) (any, error) { return quantity(args[0]) },
		Types: []any{new(func(string) float64), new(func(int) float64), new(func(float64) float64)},
	}}
}

// quantity reads what manifests accept for a quantity: text, or a plain number.
func quantity(value any) (float64, error) {
	var text string
	switch v := value.(type) {
	case string:
		text = v
	case int, int64, float64:
		text = fmt.Sprint(v)
	case nil:
		return 0, fmt.Errorf("quantity(nil): the field is not set")
	default:
		return 0, fmt.Errorf("quantity of a %T: expected text such as \"512Mi\"", value)
	}
	parsed, err := resource.ParseQuantity(text)
	if err != nil {
		return 0, fmt.Errorf("quantity(%q): not a quantity such as 500m, 1.5 or 2Gi", text)
	}
	// AsApproximateFloat64 multiplies powers of ten and is off by a hair; a rational is rounded once.
	exact, ok := new(big.Rat).SetString(parsed.AsDec().String())
	if !ok {
		return 0, fmt.Errorf("quantity(%q): not a number", text)
	}
	number, _ := exact.Float64()
	return number, nil
}
