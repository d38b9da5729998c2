package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
)

// listRow is one scenario of a list.
type listRow struct {
	Name        string            `json:"name"`
	File        string            `json:"file"`
	Description string            `json:"description,omitempty"`
	Labels      map[string]string `json:"labels"`
	Seconds     float64           `json:"seconds,omitempty"` // in the newest green run, when there is one
	Shard       int               `json:"-"`

	alone bool   // in its file
	suite string // file of the suite that it runs in; "" when there is none
}

// matrixEntry is one job of a matrix. File holds several files, quoted for a shell, when the entry is a part, and a
// --name beside the file when the entry is one of several scenarios in it.
type matrixEntry struct {
	Name  string `json:"name"`
	File  string `json:"file"`
	Shard int    `json:"shard"`
}

func writeList(w io.Writer, kind string, rows []listRow, shards int) error {
	switch kind {
	case "json":
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(map[string]any{"scenarios": rows})
	case "github":
		line, err := json.Marshal(map[string]any{"include": matrix(rows, shards)})
		if err == nil {
			_, err = fmt.Fprintln(w, string(line))
		}
		return err
	case "gitlab":
		return writeGitLab(w, matrix(rows, shards))
	}
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tFILE\tLABELS\tDESCRIPTION")
	for _, r := range rows {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", r.Name, r.File, labelText(r.Labels), strings.Join(strings.Fields(r.Description), " "))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(b.String()) {
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}

func labelText(labels map[string]string) string {
	var parts []string
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		parts = append(parts, key+"="+labels[key])
	}
	return strings.Join(parts, ",")
}

// matrix returns one entry for each scenario or, when parts are planned, one for each part.
func matrix(rows []listRow, shards int) []matrixEntry {
	var entries []matrixEntry
	if shards == 0 {
		for _, r := range rows {
			entries = append(entries, matrixEntry{Name: r.Name, File: r.words(), Shard: r.Shard})
		}
		return entries
	}
	for i := 1; i <= shards; i++ {
		if suite := rows[0].suite; suite != "" { // a part of a suite needs its setup and its vars
			entries = append(entries, matrixEntry{Name: fmt.Sprintf("%d/%d", i, shards), File: fmt.Sprintf("%s --shard %d/%d", shellWord(suite), i, shards), Shard: i})
			continue
		}
		var files []string
		for _, r := range rows {
			if word := shellWord(r.File); r.Shard == i && !slices.Contains(files, word) {
				files = append(files, word)
			}
		}
		entries = append(entries, matrixEntry{Name: fmt.Sprintf("%d/%d", i, shards), File: strings.Join(files, " "), Shard: i})
	}
	return entries
}

// words are the file and what else it takes to run this scenario alone, quoted for a shell.
func (r listRow) words() string {
	if r.alone && r.suite == "" {
		return shellWord(r.File)
	}
	return shellWord(cmp.Or(r.suite, r.File)) + " --name " + shellWord("^"+regexp.QuoteMeta(r.Name)+"$")
}

// writeGitLab writes a hidden job that a job of a child pipeline extends. JSON texts are YAML, too.
func writeGitLab(w io.Writer, entries []matrixEntry) error {
	var b strings.Builder
	b.WriteString(".scenarios:\n  parallel:\n    matrix:\n")
	for _, e := range entries {
		for i, field := range []struct{ name, value string }{{"NAME", e.Name}, {"FILE", e.File}, {"SHARD", fmt.Sprint(e.Shard)}} {
			lead := "        "
			if i == 0 {
				lead = "      - "
			}
			quoted, err := json.Marshal(field.value)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, "%s%s: %s\n", lead, field.name, quoted)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// shellWord quotes a file name for a POSIX shell when it has to be.
func shellWord(s string) string {
	if regexp.MustCompile(`^[A-Za-z0-9_./@%+=:,-]+$`).MatchString(s) && !strings.HasPrefix(s, "-") {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
