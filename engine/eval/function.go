package eval

import (
	"fmt"
	"time"

	"github.com/Masterminds/semver/v3"
)

// Function is a name that expressions can call. Types lists the signatures, each as a nil function of that type:
// `new(func(string) float64)`.
type Function struct {
	Name string
	Doc  string
	Func func(args ...any) (any, error)
	// Types are the signatures.
	Types []any
}

// Builtins are the functions that every scenario has beside those of expr itself (now, len, all, any, count, …).
func Builtins() []Function {
	return []Function{
		{
			Name:  "duration",
			Doc:   `duration("1m30s") is a length of time; compare it with other durations.`,
			Types: []any{new(func(string) time.Duration), new(func(time.Duration) time.Duration)},
			Func: func(args ...any) (any, error) {
				if d, ok := args[0].(time.Duration); ok {
					return d, nil
				}
				text := fmt.Sprint(args[0])
				d, err := time.ParseDuration(text)
				if err != nil {
					return nil, fmt.Errorf("duration(%q): write a number and a unit, as in 30s, 5m, 1h30m", text)
				}
				return d, nil
			},
		},
		{
			Name:  "semver",
			Doc:   `semver("1.31.2", ">= 1.30") is true when the version satisfies the constraint.`,
			Types: []any{new(func(string, string) bool)},
			Func: func(args ...any) (any, error) {
				version, err := semver.NewVersion(fmt.Sprint(args[0]))
				if err != nil {
					return nil, fmt.Errorf("semver(%q, …): not a version such as 1.2.3", args[0])
				}
				constraint, err := semver.NewConstraint(fmt.Sprint(args[1]))
				if err != nil {
					return nil, fmt.Errorf("semver(…, %q): not a constraint such as \">= 1.2\"", args[1])
				}
				return constraint.Check(version), nil
			},
		},
	}
}
