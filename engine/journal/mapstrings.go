package journal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// MapStrings returns a copy of e in which every text that is meant for people went through f: messages, names, titles,
// facts, sections, outputs, descriptions of undos. Keys, ids, kinds, files, the data of an undo and the target of the run
// stay as they are, because others look things up by them. e itself is not changed.
func MapStrings(e Event, f func(string) string) Event {
	e.Message = f(e.Message)
	e.Run = mapRun(e.Run, f)
	e.Start = mapScenario(e.Start, f)
	if e.StepInfo != nil {
		info := *e.StepInfo
		info.Title = f(info.Title)
		e.StepInfo = &info
	}
	e.Result = mapResult(e.Result, f)
	if e.Undo != nil {
		undo := *e.Undo
		undo.Describe = f(undo.Describe)
		e.Undo = &undo
	}
	return e
}

func mapRun(r *RunInfo, f func(string) string) *RunInfo {
	if r == nil {
		return nil
	}
	out := *r
	out.Arguments = mapSlice(r.Arguments, f)
	out.Simulated = f(r.Simulated)
	return &out
}

func mapScenario(s *ScenarioInfo, f func(string) string) *ScenarioInfo {
	if s == nil {
		return nil
	}
	out := *s
	out.Name = f(s.Name)
	out.Description = f(s.Description)
	out.Labels = maps.Clone(s.Labels)
	for name, value := range out.Labels {
		out.Labels[name] = f(value)
	}
	return &out
}

func mapResult(r *Result, f func(string) string) *Result {
	if r == nil {
		return nil
	}
	out := *r
	out.Message = f(r.Message)
	out.Left = mapSlice(r.Left, f)
	out.Drift = slices.Clone(r.Drift)
	for i, d := range out.Drift {
		out.Drift[i].What, out.Drift[i].How, out.Drift[i].By = f(d.What), f(d.How), f(d.By)
	}
	out.Facts = slices.Clone(r.Facts)
	for i, fact := range out.Facts {
		out.Facts[i].Name, out.Facts[i].Value = f(fact.Name), f(fact.Value)
	}
	out.Sections = slices.Clone(r.Sections)
	for i, section := range out.Sections {
		out.Sections[i].Title, out.Sections[i].Lines = f(section.Title), mapSlice(section.Lines, f)
	}
	if r.Outputs != nil {
		out.Outputs = mapFields(r.Outputs, f)
	}
	return &out
}

func mapSlice(in []string, f func(string) string) []string {
	out := slices.Clone(in)
	for i, s := range out {
		out[i] = f(s)
	}
	return out
}

func mapFields(in map[string]any, f func(string) string) map[string]any {
	out := make(map[string]any, len(in))
	for _, name := range slices.Sorted(maps.Keys(in)) {
		out[f(name)] = mapValue(in[name], f)
	}
	return out
}

// mapValue walks the values that JSON knows. Others, such as structs, are first turned into those, as the file does.
func mapValue(v any, f func(string) string) any {
	switch v := v.(type) {
	case nil, bool, int, int64, float64, json.Number:
		return v
	case string:
		return f(v)
	case []string:
		return mapSlice(v, f)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = mapValue(v[i], f)
		}
		return out
	case map[string]any:
		return mapFields(v, f)
	}
	return mapOther(v, f)
}

func mapOther(v any, f func(string) string) any {
	data, err := json.Marshal(v)
	if err != nil {
		return f(fmt.Sprintf("can't be written as JSON: %v", err))
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var plain any
	if err := decoder.Decode(&plain); err != nil {
		return f(fmt.Sprintf("can't be read as JSON: %v", err))
	}
	return mapValue(plain, f)
}
