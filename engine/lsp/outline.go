package lsp

import (
	"slices"
	"strconv"
	"strings"
)

// place is where a cursor stands in the outline of a YAML text, which may be broken because it is being typed.
type place struct {
	found    bool
	path     []string // keys and list positions: of the mapping when a key is typed, else of the value
	key      bool     // the cursor stands on a key
	open     bool     // the cursor stands where a block mapping could begin
	from, to int      // byte offsets of the key or the value
	siblings *[]string
	name     string // the whole key, when it is one
}

// collection is a mapping or a list that the outline is inside of.
type collection struct {
	indent int
	list   bool
	index  int
	key    string
	keys   *[]string
	filled bool // the current key or item has a scalar value
	start  int  // of that value
}

func (c *collection) segment() string {
	if c.list {
		return strconv.Itoa(c.index)
	}
	return c.key
}

// outline reads a YAML text line by line, as tolerantly as an editor has to, and remembers what stands at the cursor.
type outline struct {
	text   string
	cursor int
	at     int
	stack  []*collection
	place  place
	// What endOfLine found last: a flow collection asks at every token, and may stand on one line of megabytes.
	lineFrom, lineTo int
}

// placeAt finds the place of a byte offset.
func placeAt(text string, cursor int) place {
	o := &outline{text: text, cursor: cursor}
	for o.at < len(o.text) || o.at == 0 {
		before := o.at
		o.line()
		if o.at == before {
			break
		}
	}
	if !o.place.found && o.cursor == len(text) {
		o.blank(len(o.text)-len(o.text[strings.LastIndexByte(o.text, '\n')+1:]), len(o.text))
	}
	if o.place.siblings == nil {
		o.place.siblings = &[]string{}
	}
	return o.place
}

func (o *outline) top() *collection {
	if len(o.stack) == 0 {
		return nil
	}
	return o.stack[len(o.stack)-1]
}

func (o *outline) path() []string {
	out := make([]string, len(o.stack))
	for i, c := range o.stack {
		out[i] = c.segment()
	}
	return out
}

// endOfLine returns the offset of the line break that ends the line of p.
func (o *outline) endOfLine(p int) int {
	if p >= o.lineFrom && p <= o.lineTo && o.lineTo > 0 {
		return o.lineTo
	}
	o.lineFrom, o.lineTo = p, len(o.text)
	if i := strings.IndexByte(o.text[p:], '\n'); i >= 0 {
		o.lineTo = p + i
	}
	return o.lineTo
}

func (o *outline) skipSpaces(p int) int {
	for p < len(o.text) && (o.text[p] == ' ' || o.text[p] == '\t') {
		p++
	}
	return p
}

func (o *outline) inside(from, to int) bool {
	return !o.place.found && o.cursor >= from && o.cursor <= to
}

// line reads one line, or more when a value goes on.
func (o *outline) line() {
	start, end := o.at, o.endOfLine(o.at)
	p := o.skipSpaces(start)
	text := strings.TrimRight(o.text[p:end], " \t\r")
	switch {
	case text == "" || text[0] == '#':
		if text == "" && o.inside(start, end) {
			o.blank(start, end)
		} else if o.inside(start, end) {
			o.place.found = true // in a comment
		}
		o.next(end)
		return
	case strings.HasPrefix(text, "---"), strings.HasPrefix(text, "%"):
		o.stack = nil
		o.next(end)
		return
	}
	if o.inside(start, p-1) {
		o.blank(start, o.cursor)
	}
	o.items(start, p, end)
}

func (o *outline) next(end int) { o.at = min(end+1, len(o.text)) }

// blank notes a cursor on a line that holds nothing yet: its column says what it belongs to.
func (o *outline) blank(start, end int) {
	column := min(o.cursor, end) - start
	saved := slices.Clone(o.stack)
	o.pop(column, false)
	o.note(column, o.cursor, o.cursor, "")
	o.stack = saved
}

// note keeps a word, or nothing, that stands at a column of its own line: a key of the mapping of that column, or what the
// key above it begins with.
func (o *outline) note(column, from, to int, name string) {
	top := o.top()
	o.place = place{found: true, from: from, to: to, name: name}
	if top == nil || !top.list && top.indent == column {
		if top != nil {
			o.place.siblings = top.keys
			o.place.path = o.path()[:len(o.stack)-1]
		}
		o.place.key = true
		return
	}
	o.place.path, o.place.open = o.path(), true
}

// pop leaves the collections that a line at this column ends.
func (o *outline) pop(column int, dash bool) {
	for top := o.top(); top != nil; top = o.top() {
		if top.indent < column || top.indent == column && (dash || !top.list) {
			return
		}
		o.stack = o.stack[:len(o.stack)-1]
	}
}

// items reads what stands behind the indent: dashes, then a key or a scalar.
func (o *outline) items(start, p, end int) {
	for o.text[p] == '-' && (p+1 >= end || o.text[p+1] == ' ' || o.text[p+1] == '\r') {
		o.dash(p - start)
		after := o.skipSpaces(p + 1)
		if after >= end || o.text[after] == '\r' || o.text[after] == '#' {
			if o.inside(p+1, end) {
				o.place = place{found: true, path: o.path(), open: true, from: o.cursor, to: o.cursor}
			}
			o.next(end)
			return
		}
		if o.inside(p+1, after-1) {
			o.place = place{found: true, path: o.path(), open: true, from: o.cursor, to: o.cursor}
		}
		p = after
	}
	if keyEnd, colon := o.keyAt(p, end); colon >= 0 {
		o.entry(start, p, keyEnd, colon, end)
		return
	}
	o.loose(start, p, end)
}

func (o *outline) dash(column int) {
	o.pop(column, true)
	if top := o.top(); top != nil && top.list && top.indent == column {
		top.index++
		top.filled = false
		return
	}
	o.stack = append(o.stack, &collection{indent: column, list: true})
}

// keyAt finds a key that begins at p: where its text ends and where its colon is, -1 when there is none.
func (o *outline) keyAt(p, end int) (keyEnd, colon int) {
	if q := o.text[p]; q == '"' || q == '\'' {
		i := strings.IndexByte(o.text[p+1:end], q)
		if i < 0 {
			return 0, -1
		}
		keyEnd = p + 1 + i + 1
		colon = o.skipSpaces(keyEnd)
		if colon < end && o.text[colon] == ':' && colonEnds(o.text, colon, end) {
			return keyEnd, colon
		}
		return 0, -1
	}
	if strings.IndexByte("{[|>!&*#@`", o.text[p]) >= 0 {
		return 0, -1
	}
	for i := p; i < end; i++ {
		switch {
		case o.text[i] == ':' && colonEnds(o.text, i, end):
			return p + len(strings.TrimRight(o.text[p:i], " ")), i
		case o.text[i] == '#' && i > p && o.text[i-1] == ' ':
			return 0, -1
		}
	}
	return 0, -1
}

func colonEnds(text string, colon, end int) bool {
	return colon+1 >= end || strings.IndexByte(" \t\r", text[colon+1]) >= 0
}

// entry reads a key and what stands behind it.
func (o *outline) entry(start, p, keyEnd, colon, end int) {
	column := p - start
	o.pop(column, false)
	top := o.top()
	if top == nil || top.list || top.indent != column {
		top = &collection{indent: column, keys: &[]string{}}
		o.stack = append(o.stack, top)
	}
	top.key = strings.Trim(o.text[p:keyEnd], `"'`)
	top.filled = false
	*top.keys = append(*top.keys, top.key)
	if o.inside(p, colon) {
		path := o.path()
		o.place = place{found: true, path: path[:len(path)-1], key: true, from: p, to: keyEnd, siblings: top.keys, name: top.key}
	}
	o.value(colon+1, end)
}

// loose reads a line that is no key: a word being typed, an item of a list, or more of a plain scalar.
func (o *outline) loose(start, p, end int) {
	column := p - start
	top := o.top()
	if top != nil && top.filled && column > top.indent {
		if o.inside(p, end) {
			o.place = place{found: true, path: o.path(), from: top.start, to: end}
		}
		o.next(end)
		return
	}
	if top != nil && top.list && o.text[start:p] != strings.Repeat(" ", column) { // behind a dash
		word := plainWord(o.text[p:end])
		if o.inside(p, end) && word {
			o.place = place{found: true, path: o.path(), open: true, from: p, to: end, name: strings.TrimSpace(o.text[p:end])}
		}
		o.value(p, end)
		return
	}
	if strings.IndexByte("{[|>\"'&*!", o.text[p]) >= 0 && top != nil && column > top.indent {
		o.value(p, end)
		return
	}
	o.pop(column, false)
	if o.inside(p, end) {
		o.note(column, p, p+len(strings.TrimRight(o.text[p:end], " \r")), strings.TrimSpace(o.text[p:end]))
	}
	o.next(end)
}

func plainWord(s string) bool {
	return strings.IndexFunc(strings.TrimSpace(s), func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-')
	}) < 0
}
