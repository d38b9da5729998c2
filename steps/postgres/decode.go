package postgres

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/steps/web"
)

// decode reads a value of a kind. Its errors complete a sentence that begins with the name of the column.
func (k kind) decode(text string) (any, error) {
	if k.element != nil {
		return k.decodeArray(text)
	}
	switch {
	case k.form == decimal && k.declared == Text:
		return text, nil
	case k.form == decimal && k.declared == Integer:
		return decodeWhole(text)
	case k.form == integer && k.declared == Number:
		return decodeDecimal(text)
	}
	switch k.form {
	case boolean:
		return text == "t", nil
	case integer:
		n, err := strconv.ParseInt(text, 10, 64)
		return int(n), err
	case double, single: // the server writes the shortest decimal that means the value, so that a real of 0.1 is 0.1
		return strconv.ParseFloat(text, 64)
	case decimal:
		return decodeDecimal(text)
	case document:
		v, ok := web.Value([]byte(text))
		if !ok {
			return nil, fmt.Errorf("is no JSON: %q", text)
		}
		return v, nil
	case moment, wall:
		return decodeTime(text)
	case interval:
		return decodeInterval(text)
	}
	return text, nil
}

// decodeDecimal reads a numeric as a number. Beyond 2^53 not every whole number is one, and a comparison could be wrong
// without anybody noticing; what stands behind the decimal point is rounded to some 15 digits.
func decodeDecimal(text string) (float64, error) {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, fmt.Errorf("is %s, which is too large for a number; %s", text, exactly)
	}
	if math.IsNaN(f) || math.IsInf(f, 0) || math.Abs(f) < 1<<53 {
		return f, nil
	}
	exact, ok := new(big.Rat).SetString(text)
	if !ok || exact.Cmp(new(big.Rat).SetFloat64(f)) != 0 {
		return 0, fmt.Errorf("is %s, which has more digits than a number keeps; %s", text, exactly)
	}
	return f, nil
}

// decodeWhole reads a numeric that is declared as a whole number.
func decodeWhole(text string) (any, error) {
	exact, ok := new(big.Rat).SetString(text)
	if !ok || !exact.IsInt() || !exact.Num().IsInt64() {
		return nil, fmt.Errorf("is %s, which is no whole number that fits; declare it as number or text", text)
	}
	return int(exact.Num().Int64()), nil
}

// exactly says how to get all digits.
const exactly = "declare it as text under columns to have every digit"

// decodeTime reads a time in the ISO form. One without a zone counts as UTC.
func decodeTime(text string) (time.Time, error) {
	if strings.HasSuffix(text, "infinity") {
		return time.Time{}, fmt.Errorf("is %s, which is no time; write nullif(…, '%s') in the query", text, text)
	}
	if strings.HasSuffix(text, " BC") {
		return time.Time{}, fmt.Errorf("is %s, which is before all times that are known here; write it as text in the query, as in …::text", text)
	}
	layouts := []string{"2006-01-02 15:04:05.999999999Z07", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999Z07:00:00", "2006-01-02 15:04:05.999999999", "2006-01-02"}
	for _, layout := range layouts {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("is %s, which is no time that is known here; write it as text in the query, as in …::text", text)
}

// decodeInterval reads an interval in the ISO 8601 form, as in P1DT2H3M4.5S. A day is 24 hours; a month has no length.
func decodeInterval(text string) (time.Duration, error) {
	unknown := fmt.Errorf("is an interval of %s, which has no fixed length; write extract(epoch from …) in the query", text)
	date, clock, _ := strings.Cut(strings.TrimPrefix(text, "P"), "T")
	total := new(big.Rat)
	for _, part := range []struct {
		text, units string
	}{{date, "D"}, {clock, "HMS"}} {
		for rest := part.text; rest != ""; {
			end := strings.IndexFunc(rest, func(r rune) bool { return r >= 'A' && r <= 'Z' })
			if end < 0 || !strings.ContainsRune(part.units, rune(rest[end])) {
				return 0, unknown
			}
			amount, ok := new(big.Rat).SetString(rest[:end])
			if !ok {
				return 0, unknown
			}
			unit := map[byte]time.Duration{'D': 24 * time.Hour, 'H': time.Hour, 'M': time.Minute, 'S': time.Second}[rest[end]]
			total.Add(total, amount.Mul(amount, new(big.Rat).SetInt64(int64(unit))))
			rest = rest[end+1:]
		}
	}
	if whole := new(big.Int).Quo(total.Num(), total.Denom()); whole.IsInt64() {
		return time.Duration(whole.Int64()), nil
	}
	return 0, fmt.Errorf("is an interval of %s, which is longer than a duration can be; write extract(epoch from …) in the query", text)
}
