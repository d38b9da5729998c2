package evaluate

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/web"
)

// maxData bounds a data file: it is kept in memory.
const maxData = 16 << 20

// dataSet is a data file that was read.
type dataSet struct {
	rows    []any
	row     eval.Type // what is known of all rows
	problem *problem
}

// problem is a mistake in the name or the content of a data file.
type problem struct{ check, text string }

func (p *problem) Error() string { return p.text }

func wrong(format string, args ...any) *problem {
	return &problem{check: "invalid-value", text: fmt.Sprintf(format, args...)}
}

type cacheKey struct{}

// dataOf reads a file once for all that ask while a scenario is checked.
func dataOf(in *step.Place, name string) *dataSet {
	cache, _ := in.Shared(cacheKey{}, func() any { return map[string]*dataSet{} }).(map[string]*dataSet)
	if cache[name] == nil {
		cache[name] = read(in.Dir, name)
	}
	return cache[name]
}

// read reads a data file of a scenario's folder.
func read(dir, name string) *dataSet {
	set := &dataSet{}
	rows, err := load(dir, name)
	if err != nil {
		set.problem = err
		return set
	}
	if len(rows) == 0 {
		set.problem = wrong("%s has no row, so nothing would be evaluated", name)
	}
	set.rows, set.row = rows, rowType(rows)
	return set
}

func load(dir, name string) ([]any, *problem) {
	if !filepath.IsLocal(name) {
		return nil, &problem{"outside-folder", fmt.Sprintf("%q is outside the scenario's folder; paths in a scenario stay inside it", name)}
	}
	path := filepath.Join(dir, name)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, wrong("no file %q in the scenario's folder%s", name, near(dir, name))
	case err != nil:
		return nil, wrong("%s", err)
	case info.Size() > maxData:
		return nil, wrong("%s has %d bytes; a data set has at most %d", name, info.Size(), maxData)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, wrong("%s", err)
	}
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	switch filepath.Ext(name) {
	case ".csv":
		return fromCSV(name, data)
	case ".jsonl", ".ndjson":
		return fromLines(name, data)
	case ".yaml", ".yml", ".json":
		return fromYAML(name, data)
	}
	return nil, wrong("%q: a data set is a .yaml, .json, .jsonl or .csv file", name)
}

// near proposes a file of the same folder.
func near(dir, name string) string {
	entries, err := os.ReadDir(filepath.Join(dir, filepath.Dir(name)))
	if err != nil {
		return ""
	}
	var names []string
	for _, e := range entries {
		names = append(names, filepath.ToSlash(filepath.Join(filepath.Dir(name), e.Name())))
	}
	if s := diag.Suggest(name, names); s != "" {
		return fmt.Sprintf("; did you mean %q?", s)
	}
	return ""
}

// fromYAML reads a list of rows. JSON is YAML.
func fromYAML(name string, data []byte) ([]any, *problem) {
	file, diags := source.Parse(name, data)
	if file.Root == nil || diags.HasErrors() {
		if len(diags) > 0 {
			return nil, wrong("%s:%s: %s", name, diags[0].Range.Start, diags[0].Message)
		}
		return nil, nil
	}
	root := source.Follow(file.Root)
	if root.Kind != yaml.SequenceNode {
		return nil, wrong("%s:%s: a data set is a list of rows", name, file.Range(root).Start)
	}
	rows, _ := field.Value(root).([]any)
	return rows, nil
}

func fromLines(name string, data []byte) ([]any, *problem) {
	var rows []any
	for i, line := range bytes.Split(data, []byte("\n")) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var row any
		d := json.NewDecoder(bytes.NewReader(line))
		d.UseNumber()
		if err := d.Decode(&row); err != nil {
			return nil, wrong("%s:%d: not JSON: %s", name, i+1, err)
		}
		rows = append(rows, web.Plain(row))
	}
	return rows, nil
}

// fromCSV reads a table whose first line names the columns. A column is of numbers, or of true and false, when all of
// its values are.
func fromCSV(name string, data []byte) ([]any, *problem) {
	records, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		if at, ok := errors.AsType[*csv.ParseError](err); ok {
			return nil, wrong("%s:%d:%d: %s", name, at.Line, at.Column, at.Err)
		}
		return nil, wrong("%s: %s", name, err)
	}
	if len(records) == 0 {
		return nil, nil
	}
	rows := make([]any, len(records)-1)
	for i := range rows {
		rows[i] = map[string]any{}
	}
	for column, title := range records[0] {
		convert := converter(records[1:], column)
		for i, record := range records[1:] {
			rows[i].(map[string]any)[strings.TrimSpace(title)] = convert(record[column])
		}
	}
	return rows, nil
}

// converter returns what makes values of the texts of a column.
func converter(records [][]string, column int) func(string) any {
	for _, convert := range []func(string) (any, error){
		func(s string) (any, error) { return strconv.Atoi(s) },
		func(s string) (any, error) { return strconv.ParseFloat(s, 64) },
		func(s string) (any, error) {
			if s != "true" && s != "false" {
				return nil, errors.New("neither true nor false")
			}
			return s == "true", nil
		},
	} {
		all := len(records) > 0
		for _, record := range records {
			_, err := convert(record[column])
			all = all && err == nil
		}
		if all {
			return func(s string) any {
				v, _ := convert(s)
				return v
			}
		}
	}
	return func(s string) any { return s }
}

// rowType is what is known of every row: the type of a field that all rows have alike. A field that only some rows have
// is of any type.
func rowType(rows []any) eval.Type {
	var t eval.Type
	for i, row := range rows {
		one := eval.TypeOfValue(row)
		switch {
		case one.Kind != eval.Object:
			if i > 0 && t.Kind != one.Kind {
				return eval.AnyType
			}
			t = eval.Type{Kind: one.Kind}
		case i == 0:
			t = one
		case t.Kind != eval.Object:
			return eval.AnyType
		default:
			t = merged(t, one)
		}
	}
	return t
}

func merged(a, b eval.Type) eval.Type {
	for _, f := range b.Fields {
		has, ok := a.Field(f.Name)
		if !ok || has.Type.Kind != f.Type.Kind {
			a = a.With(f.Name, "", eval.AnyType)
		}
	}
	for _, f := range a.Fields {
		if _, ok := b.Field(f.Name); !ok {
			a = a.With(f.Name, "", eval.AnyType)
		}
	}
	return a
}
