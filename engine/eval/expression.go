package eval

import "fmt"

// Expr is a config field that holds an expression which the step evaluates itself, as often as it likes, with names of
// its own beside those of the scope. T is bool, string, float64 or any and restricts the result.
type Expr[T any] struct {
	program *Program
}

// Deferred is what the decoder sees of an Expr.
type Deferred interface {
	Want() Kind
	SetProgram(*Program)
}

// Want returns the kind of result that T stands for.
func (x *Expr[T]) Want() Kind {
	var zero T
	switch any(zero).(type) {
	case bool:
		return Bool
	case string:
		return String
	case float64:
		return Float
	}
	return Any
}

// SetProgram is called by the decoder.
func (x *Expr[T]) SetProgram(p *Program) { x.program = p }

// IsSet reports whether the author gave an expression.
func (x Expr[T]) IsSet() bool { return x.program != nil }

// Source returns the text of the expression.
func (x Expr[T]) Source() string {
	if x.program == nil {
		return ""
	}
	return x.program.Source
}

// Program returns the compiled expression, nil when it is not set.
func (x Expr[T]) Program() *Program { return x.program }

// Explain returns the operands with their values; see Program.Explain.
func (x Expr[T]) Explain(scope Scope) []Operand {
	if x.program == nil {
		return nil
	}
	return x.program.Explain(scope)
}

// Eval evaluates the expression. A result of another type than T is an error.
func (x Expr[T]) Eval(scope Scope) (T, error) {
	var zero T
	if x.program == nil {
		return zero, nil
	}
	v, err := x.program.Eval(scope)
	if err != nil {
		return zero, err
	}
	if t, ok := v.(T); ok {
		return t, nil
	}
	if x.Want() == Float {
		if f, ok := number(v); ok {
			return any(f).(T), nil
		}
	}
	if x.Want() == Any && v == nil {
		return zero, nil
	}
	return zero, fmt.Errorf("%s gave %s, not %s", x.program.Source, Format(v), x.Want())
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}
