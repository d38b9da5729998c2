package postgres_test

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/scenario-runner/scenario-runner/steps/postgres"
)

func TestValues(t *testing.T) {
	d := server.NewDatabase(t)
	d.Exec(t, `create type mood as enum ('sad', 'ok'); create domain percent as int check (value between 0 and 100);
 create type place as (x int, y text); create domain tags as text[]`)
	noon := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	tests := map[string]any{
		"true": true, "false": false, "null::int": nil, "1::smallint": 1, "(-2147483648)::int": -2147483648, "9223372036854775807": math.MaxInt64,
		"count(*)": 1, "sum(7)": 7, "sum(7::bigint)": 7.0, "0.1::real": 0.1, "1e300::float8": 1e300, "'NaN'::float8": math.NaN(), "'-infinity'::numeric": math.Inf(-1),
		"12.50": 12.5, "9007199254740993::numeric - 1": 9007199254740992.0, "1/3::numeric": 0.3333333333333333,
		"'a''b'": "a'b", "'x'::varchar(3)": "x", "'x'::char(3)": "x  ", "'sad'::mood": "sad", "7::percent": 7, "'0b4c9a7e-0000-4000-8000-000000000001'::uuid": "0b4c9a7e-0000-4000-8000-000000000001",
		`'\xdeadbeef'::bytea`: `\xdeadbeef`, "'10.0.0.0/8'::cidr": "10.0.0.0/8", "row(1, 'a')::place": "(1,a)", "int4range(1, 3)": "[1,3)", "'12:30'::time": "12:30:00",
		"'2026-11-24 13:00+01'::timestamptz": noon, "'2026-11-24 12:00'::timestamp": noon, "'2026-11-24'::date": noon.Add(-12 * time.Hour),
		"'2026-11-24 12:00:00.123456'::timestamp": noon.Add(123456 * time.Microsecond),
		"interval '1 day 2:03:04.5'":              26*time.Hour + 3*time.Minute + 4500*time.Millisecond, "interval '-1 hour -0.000001 seconds'": -time.Hour - time.Microsecond,
		"interval '0'": time.Duration(0),
		`'{"a": [1, 2.5, null, {"b": true}]}'::jsonb`: map[string]any{"a": []any{1, 2.5, nil, map[string]any{"b": true}}}, "'3'::json": 3, "'null'::jsonb": nil,
		`array[1, null, 3]`: []any{1, nil, 3}, `'{}'::int[]`: []any{}, `array[[1, 2], [3, 4]]`: []any{[]any{1, 2}, []any{3, 4}}, `'[2:3]={5,6}'::int[]`: []any{5, 6},
		`array['a "b"', 'c,d', 'NULL', '', 'e\f', null]`: []any{`a "b"`, "c,d", "NULL", "", `e\f`, nil}, "array['sad', 'ok']::mood[]": []any{"sad", "ok"},
		"array[true]": []any{true}, `array['{"a": 1}'::jsonb]`: []any{map[string]any{"a": 1}}, "'{a,b}'::tags": []any{"a", "b"}, "array['(1,2),(0,0)'::box, null]": []any{"(1,2),(0,0)", nil},
		"array[7::percent]": []any{7}, "array['2026-11-24 12:00+00'::timestamptz]": []any{noon}, "now() - now()": time.Duration(0),
	}
	for expression, want := range tests {
		result, err := ask(t, d, "select "+expression+" as value", nil)
		if err != nil {
			t.Errorf("%s: %v", expression, err)
			continue
		}
		if diff := cmp.Diff(want, result.Rows[0]["value"], cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("%s: -want +got\n%s", expression, diff)
		}
	}
}

func TestValuesThatHaveNoPlace(t *testing.T) {
	d := server.NewDatabase(t)
	for expression, want := range map[string]string{
		"9007199254740993::numeric":  `history: row 1: column "value" is 9007199254740993, which has more digits than a number keeps; declare it as text under columns to have every digit`,
		"1e400::numeric":             `history: row 1: column "value" is 1` + zeros(400) + `, which is too large for a number; declare it as text under columns to have every digit`,
		"interval '1 mon'":           `history: row 1: column "value" is an interval of P1M, which has no fixed length; write extract(epoch from …) in the query`,
		"interval '1 year 2 days'":   `history: row 1: column "value" is an interval of P1Y2D, which has no fixed length; write extract(epoch from …) in the query`,
		"interval '200000 days'":     `history: row 1: column "value" is an interval of P200000D, which is longer than a duration can be; write extract(epoch from …) in the query`,
		"'infinity'::timestamptz":    `history: row 1: column "value" is infinity, which is no time; write nullif(…, 'infinity') in the query`,
		"'0044-03-15 BC'::date":      `history: row 1: column "value" is 0044-03-15 BC, which is before all times that are known here; write it as text in the query, as in …::text`,
		"'12345-01-01'::timestamptz": `history: row 1: column "value" is 12345-01-01 00:00:00+00, which is no time that is known here; write it as text in the query, as in …::text`,
	} {
		_, err := ask(t, d, "select "+expression+" as value", nil)
		expect(t, err, want)
	}
}

func zeros(n int) string {
	out := make([]byte, n)
	for i := range out {
		out[i] = '0'
	}
	return string(out)
}

func TestParameters(t *testing.T) {
	d := server.NewDatabase(t)
	d.Exec(t, "create type mood as enum ('sad', 'ok')")
	at := time.Date(2026, 11, 24, 12, 0, 0, 5000, time.UTC)
	for expression, c := range map[string]struct{ in, want any }{
		"$1::text":        {"'; drop table x; --", "'; drop table x; --"},
		"$1::text ":       {3, "3"},
		"$1::int":         {"42", 42},
		"$1::bigint":      {7, 7},
		"$1::int + 1":     {nil, nil},
		"$1::numeric":     {2.5, 2.5},
		"$1::boolean":     {true, true},
		"$1::timestamptz": {at, at},
		"$1::interval":    {90 * time.Second, 90 * time.Second},
		"$1::text  ":      {90 * time.Second, "1m30s"},
		"$1::jsonb":       {map[string]any{"a": []any{1, nil}}, map[string]any{"a": []any{1, nil}}},
		"$1::jsonb ":      {`{"a": 1}`, map[string]any{"a": 1}},
		"$1::jsonb  ":     {[]any{1, "x"}, []any{1, "x"}},
		"$1::text[]":      {[]any{`a "b" \ {,}`, nil, "NULL"}, []any{`a "b" \ {,}`, nil, "NULL"}},
		"$1::int[]":       {[]any{[]any{1, 2}, []any{3, 4}}, []any{[]any{1, 2}, []any{3, 4}}},
		"$1::mood[]":      {[]any{"sad", "ok"}, []any{"sad", "ok"}},
	} {
		result, err := ask(t, d, "select "+expression+" as value", nil, c.in)
		if err != nil {
			t.Errorf("%s: %v", expression, err)
			continue
		}
		if diff := cmp.Diff(c.want, result.Rows[0]["value"]); diff != "" {
			t.Errorf("%s: -want +got\n%s", expression, diff)
		}
	}
	for sql, c := range map[string]struct {
		params []any
		want   string
	}{
		"select $1::int":            {[]any{"many"}, `history: invalid input syntax for type integer: "many" (SQLSTATE 22P02)`},
		"select $1::int, $2::int":   {[]any{1}, "history: the statement has 2 parameters, and params gives 1"},
		"select 1":                  {[]any{1, 2}, "history: the statement has 0 parameters, and params gives 2"},
		"select $1::text":           {[]any{[]any{1}}, "history: parameter $1: the statement wants text, and the value is a list or an object; give $n::jsonb or an array in the statement"},
		"select $1::mood":           {[]any{map[string]any{}}, "history: parameter $1: the statement wants mood, and the value is a list or an object; give $n::jsonb or an array in the statement"},
		"select $1::int[]":          {[]any{[]any{1, map[string]any{}}}, "history: parameter $1: item 2: the statement wants integer, and the value is a list or an object; give $n::jsonb or an array in the statement"},
		"select 1 where $1 = 'a'  ": {[]any{struct{}{}}, "history: parameter $1: the statement wants text, and the value is of a type that can't be sent"},
	} {
		_, err := ask(t, d, sql, nil, c.params...)
		expect(t, err, c.want)
	}
}

func TestDeclaredColumns(t *testing.T) {
	d := server.NewDatabase(t)
	columns := postgres.Columns{
		"exact": postgres.Text, "total": postgres.Integer, "share": postgres.Number, "on": postgres.Boolean, "at": postgres.Time,
		"age": postgres.Duration, "data": postgres.Anything, "tags": "text[]", "sums": "integer[]", "n": postgres.Integer, "absent": postgres.Text,
	}
	result, err := ask(t, d, `select 12345678901234567.891 as exact, sum(2::bigint) as total, 3 as share, true as on, '2026-11-24'::date as at,
 interval '1s' as age, '{}'::jsonb as data, array['a'] as tags, array[1.0, 2] as sums, 4 as n, null::text as absent, 'more' as undeclared`, columns)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"exact": "12345678901234567.891", "total": 2, "share": 3.0, "on": true, "at": time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC),
		"age": time.Second, "data": map[string]any{}, "tags": []any{"a"}, "sums": []any{1, 2}, "n": 4, "absent": nil, "undeclared": "more",
	}
	if diff := cmp.Diff(want, result.Rows[0]); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	for sql, c := range map[string]struct {
		columns postgres.Columns
		want    string
	}{
		"select 1 as action_type, 2 as id where false": {postgres.Columns{"action_typ": postgres.Integer}, `history: the query gives no column "action_typ"; it gives action_type, id; did you mean "action_type"?`},
		"select 1 as a, 2 as a":                        {nil, `history: two columns of the query are called "a"; give one another name with as`},
		"select 1 as n":                                {postgres.Columns{"n": postgres.Text}, `history: column "n" is of type integer, and columns declares text; declare integer, or convert it in the query`},
		"select '1'::text as n":                        {postgres.Columns{"n": postgres.Integer}, `history: column "n" is of type text, and columns declares integer; declare text, or convert it in the query`},
		"select array[1] as n":                         {postgres.Columns{"n": postgres.Integer}, `history: column "n" is of type integer[], and columns declares integer; declare integer[], or convert it in the query`},
		"select 1.5 as n":                              {postgres.Columns{"n": postgres.Integer}, `history: row 1: column "n" is 1.5, which is no whole number that fits; declare it as number or text`},
		"select now() as n":                            {postgres.Columns{"n": "number[]"}, `history: column "n" is of type timestamp with time zone, and columns declares number[]; declare time, or convert it in the query`},
	} {
		_, err := ask(t, d, sql, c.columns)
		expect(t, err, c.want)
	}
}
