package lsptest

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Item is something that a server proposes to write.
type Item struct {
	Label    string `json:"label"`
	Detail   string `json:"detail"`
	TextEdit struct {
		Range   Range  `json:"range"`
		NewText string `json:"newText"`
	} `json:"textEdit"`
	Format int `json:"insertTextFormat"`
}

// Author writes a document as somebody does who knows no word of the language: words come from what the server proposes,
// keys only move around and set punctuation.
type Author struct {
	client  *Client
	uri     string
	version int
	text    string
	cursor  int
	stops   [][2]int // places of snippets that are still to be filled, the next one first
}

// NewAuthor opens an empty document.
func NewAuthor(c *Client, uri string) (*Author, error) {
	return &Author{client: c, uri: uri, version: 1}, c.Open(uri, 1, "")
}

// Text returns what is written so far.
func (a *Author) Text() string { return a.text }

// Version returns the version of the document that the server has.
func (a *Author) Version() int { return a.version }

// Proposals returns what the server proposes at the cursor.
func (a *Author) Proposals() ([]Item, error) {
	_, at := Split(a.text[:a.cursor]+"‸", "‸")
	var list struct {
		Items []Item `json:"items"`
	}
	err := a.client.Request("textDocument/completion", At(a.uri, at), &list)
	return list.Items, err
}

// Choose takes the proposal with a label.
func (a *Author) Choose(label string) error {
	items, err := a.Proposals()
	if err != nil {
		return err
	}
	i := slices.IndexFunc(items, func(i Item) bool { return i.Label == label })
	if i < 0 {
		labels := make([]string, len(items))
		for k, item := range items {
			labels[k] = item.Label
		}
		return fmt.Errorf("%q is not among the proposals %q behind\n%s", label, labels, a.text[:a.cursor])
	}
	edit := items[i].TextEdit
	text, stops := edit.NewText, [][2]int(nil)
	from, to := Offset(a.text, edit.Range.Start), Offset(a.text, edit.Range.End)
	line := a.text[strings.LastIndexByte(a.text[:from], '\n')+1:]
	text = strings.ReplaceAll(text, "\n", "\n"+line[:len(line)-len(strings.TrimLeft(line, " "))])
	if items[i].Format == 2 {
		text, stops = snippet(text)
	}
	if err := a.replace(from, to, text); err != nil {
		return err
	}
	for k := range stops {
		stops[k] = [2]int{from + stops[k][0], from + stops[k][1]}
	}
	a.stops = append(stops, a.stops...)
	if len(stops) > 0 {
		a.Next()
	}
	return nil
}

// Next moves to the next place of a snippet, as the tabulator key does.
func (a *Author) Next() {
	if len(a.stops) > 0 {
		a.cursor = a.stops[0][1]
		a.stops = a.stops[1:]
	}
}

// End moves to the end of the text.
func (a *Author) End() { a.cursor, a.stops = len(a.text), nil }

// Enter begins a line that is indented as the one before, and then as many levels further in or, below 0, further out.
func (a *Author) Enter(levels int) error {
	line := a.text[strings.LastIndexByte(a.text[:a.cursor], '\n')+1 : a.cursor]
	indent := len(line) - len(strings.TrimLeft(line, " ")) + 2*levels
	return a.replace(a.cursor, a.cursor, "\n"+strings.Repeat(" ", max(indent, 0)))
}

// Press types punctuation. It refuses letters and digits.
func (a *Author) Press(keys string) error {
	if strings.ContainsFunc(keys, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
		return fmt.Errorf("%q has letters or digits, which are to come from a proposal", keys)
	}
	return a.replace(a.cursor, a.cursor, keys)
}

func (a *Author) replace(from, to int, text string) error {
	a.text = a.text[:from] + text + a.text[to:]
	a.cursor = from + len(text)
	for i, s := range a.stops {
		if s[0] >= to {
			a.stops[i] = [2]int{s[0] + len(text) - (to - from), s[1] + len(text) - (to - from)}
		}
	}
	a.version++
	return a.client.Change(a.uri, a.version, a.text)
}

var place = regexp.MustCompile(`\$\{(\d+):((?:\\.|[^}\\])*)\}|\$(\d+)|\\([$}\\])`)

// snippet returns what a snippet writes and where its places are, the last one at the end.
func snippet(body string) (text string, stops [][2]int) {
	type stop struct{ number, from, to int }
	var found []stop
	var out strings.Builder
	at := 0
	for _, m := range place.FindAllStringSubmatchIndex(body, -1) {
		out.WriteString(body[at:m[0]])
		at = m[1]
		from := out.Len()
		switch {
		case m[8] >= 0:
			out.WriteString(body[m[8]:m[9]])
			continue
		case m[2] >= 0:
			inner, _ := snippet(body[m[4]:m[5]])
			out.WriteString(inner)
			number, _ := strconv.Atoi(body[m[2]:m[3]])
			found = append(found, stop{number, from, out.Len()})
		default:
			number, _ := strconv.Atoi(body[m[6]:m[7]])
			found = append(found, stop{number, from, from})
		}
	}
	out.WriteString(body[at:])
	slices.SortStableFunc(found, func(a, b stop) int {
		return cmp.Or(cmp.Compare(btoi(a.number == 0), btoi(b.number == 0)), cmp.Compare(a.number, b.number))
	})
	for _, s := range found {
		stops = append(stops, [2]int{s.from, s.to})
	}
	return out.String(), stops
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Offset returns the byte offset of a position in a text, the end when there is no such place.
func Offset(text string, p Position) int {
	line, units := 0, 0
	for i, c := range text {
		if line == p.Line && units == p.Character {
			return i
		}
		switch {
		case c == '\n':
			line, units = line+1, 0
		case c > 0xffff:
			units += 2
		default:
			units++
		}
	}
	return len(text)
}
