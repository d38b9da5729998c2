package lsp

import "strings"

// value reads what stands behind a colon or a dash.
func (o *outline) value(p, end int) {
	gap := p
	p = o.properties(o.skipSpaces(p), end)
	if p >= end || o.text[p] == '\r' || o.text[p] == '#' && p > gap {
		if o.inside(gap, min(max(p, gap), end)) {
			o.place = place{found: true, path: o.path(), from: o.cursor, to: o.cursor}
		}
		o.next(end)
		return
	}
	if o.inside(gap, p-1) {
		o.place = place{found: true, path: o.path(), from: o.cursor, to: o.cursor}
	}
	switch o.text[p] {
	case '|', '>':
		o.block(end)
	case '{', '[':
		o.flow(p)
		o.comment(o.at, o.endOfLine(o.at))
		o.next(o.endOfLine(o.at))
	case '"', '\'':
		to := o.quoted(p)
		o.scalar(p, to)
		o.comment(to+1, o.endOfLine(to))
		o.next(o.endOfLine(to))
	default:
		to := end
		if i := strings.Index(o.text[p:end], " #"); i >= 0 {
			to = p + i
		}
		to = p + len(strings.TrimRight(o.text[p:to], " \t\r"))
		o.filled(p)
		if o.cursor > to && o.cursor <= end && to == p+len(strings.TrimRight(o.text[p:end], " \t\r")) {
			to = o.cursor // blanks at the end belong to what is being typed
		}
		o.scalar(p, to)
		o.comment(to+1, end)
		o.next(end)
	}
}

// comment notes a cursor in what stands behind a value: there is nothing to say there.
func (o *outline) comment(from, to int) {
	if o.inside(from, to) {
		o.place = place{found: true}
	}
}

func (o *outline) filled(p int) {
	if top := o.top(); top != nil {
		top.filled, top.start = true, p
	}
}

func (o *outline) scalar(from, to int) {
	if o.inside(from, to) {
		o.place = place{found: true, path: o.path(), from: from, to: to}
	}
}

// properties moves past an anchor and a tag.
func (o *outline) properties(p, end int) int {
	for p < end && (o.text[p] == '&' || o.text[p] == '!') {
		for p < end && o.text[p] != ' ' {
			p++
		}
		p = o.skipSpaces(p)
	}
	return p
}

// block reads the lines of a | or > scalar: those that are blank or further in than what the scalar belongs to.
func (o *outline) block(end int) {
	parent := -1
	if top := o.top(); top != nil {
		parent = top.indent
	}
	start := min(end+1, len(o.text))
	p, last := start, start
	for p < len(o.text) {
		lineEnd := o.endOfLine(p)
		if text := o.skipSpaces(p); text < lineEnd && o.text[text] != '\r' {
			if text-p <= parent {
				break
			}
			last = lineEnd
		} else if o.inside(p, lineEnd) && o.cursor-p > parent {
			last = lineEnd
		}
		p = min(lineEnd+1, len(o.text))
		if lineEnd == len(o.text) {
			break
		}
	}
	if o.cursor >= start && (last > start || o.cursor == start) {
		o.scalar(start, last)
	}
	if last < start || last == start {
		o.next(end)
		return
	}
	o.next(last)
}

// quoted returns where a quoted scalar that begins at p ends. One that is never closed ends with its line.
func (o *outline) quoted(p int) int {
	q := o.text[p]
	for i := p + 1; i < len(o.text); i++ {
		switch {
		case o.text[i] == '\\' && q == '"':
			i++
		case o.text[i] == q && q == '\'' && i+1 < len(o.text) && o.text[i+1] == q:
			i++
		case o.text[i] == q:
			return i + 1
		}
	}
	return o.endOfLine(p)
}

// flow reads { } and [ ] until they close, or until a line that can't belong to them.
func (o *outline) flow(p int) {
	depth := len(o.stack)
	parent := -1
	if top := o.top(); top != nil {
		parent = top.indent
	}
	o.openFlow(p)
	p++
	expectKey := !o.top().list
	for len(o.stack) > depth {
		gap := p
		p = o.flowBlanks(p)
		if p >= len(o.text) || o.left(gap, p, parent) {
			o.gap(gap, min(p, o.endOfLine(gap)), expectKey)
			break
		}
		if strings.IndexByte(",]}", o.text[p]) < 0 {
			o.gap(gap, p-1, expectKey)
		} else {
			o.gap(gap, p, expectKey)
		}
		p, expectKey = o.flowToken(p, expectKey)
	}
	o.stack = o.stack[:min(depth, len(o.stack))]
	o.at = min(p, len(o.text))
}

func (o *outline) openFlow(p int) {
	c := &collection{indent: 1 << 30, list: o.text[p] == '['}
	if !c.list {
		c.keys = &[]string{}
	}
	o.stack = append(o.stack, c)
}

func (o *outline) flowBlanks(p int) int {
	for p < len(o.text) && strings.IndexByte(" \t\r\n", o.text[p]) >= 0 {
		p++
	}
	return p
}

// left reports whether the text at p begins a line that ends the block around the flow collection.
func (o *outline) left(gap, p, parent int) bool {
	i := strings.LastIndexByte(o.text[gap:p], '\n')
	return i >= 0 && p-(gap+i+1) <= parent && strings.IndexByte("]}", o.text[p]) < 0
}

// gap notes a cursor between tokens.
func (o *outline) gap(from, to int, key bool) {
	if !o.inside(from, to) {
		return
	}
	o.place = place{found: true, path: o.path(), key: key, from: o.cursor, to: o.cursor}
	if key {
		o.place.path = o.place.path[:len(o.stack)-1]
		o.place.siblings = o.top().keys
	}
}

// flowToken reads one token of a flow collection and says whether a key comes next.
func (o *outline) flowToken(p int, expectKey bool) (next int, key bool) {
	top := o.top()
	switch o.text[p] {
	case ',':
		top.index++
		return p + 1, !top.list
	case ']', '}':
		o.stack = o.stack[:len(o.stack)-1]
		return p + 1, false
	case '{', '[':
		o.openFlow(p)
		return p + 1, !o.top().list
	case ':':
		return p + 1, false
	}
	to := o.flowScalar(p)
	if expectKey && !top.list {
		top.key = strings.Trim(o.text[p:to], `"' `)
		*top.keys = append(*top.keys, top.key)
		if o.inside(p, to) {
			o.place = place{found: true, path: o.path()[:len(o.stack)-1], key: true, from: p, to: to, siblings: top.keys, name: top.key}
		}
		return to, false
	}
	o.scalar(p, to)
	return to, false
}

// flowScalar returns where the scalar at p ends. A ${{ }} in plain text is taken whole, though YAML wants quotes there.
func (o *outline) flowScalar(p int) int {
	if o.text[p] == '"' || o.text[p] == '\'' {
		return o.quoted(p)
	}
	end := o.endOfLine(p)
	for i := p; i < end; i++ {
		switch {
		case strings.HasPrefix(o.text[i:end], "${{"):
			if j := strings.Index(o.text[i:end], "}}"); j >= 0 {
				i += j + 1
			}
		case strings.IndexByte(",[]{}", o.text[i]) >= 0 && !(o.text[i] == '[' || o.text[i] == '{'):
			return p + len(strings.TrimRight(o.text[p:i], " "))
		case o.text[i] == ':' && i > p && (i+1 >= end || strings.IndexByte(" ,]}\r", o.text[i+1]) >= 0):
			return p + len(strings.TrimRight(o.text[p:i], " "))
		}
	}
	return p + max(len(strings.TrimRight(o.text[p:end], " \r")), 1)
}
