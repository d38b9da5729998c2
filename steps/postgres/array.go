package postgres

import (
	"errors"
	"fmt"
	"strings"
)

var errArray = errors.New("is an array in a form that is not known here; write to_jsonb(…) in the query")

// decodeArray reads an array in the text form, as in {1,NULL,"a b"} or {{1,2},{3,4}}.
func (k kind) decodeArray(text string) (any, error) {
	if at := strings.IndexByte(text, '{'); strings.HasPrefix(text, "[") && at > 0 {
		text = text[at:] // the bounds of an array that does not begin at 1
	}
	p := &arrayReader{kind: k, text: text}
	out, err := p.list()
	if err == nil && p.at != len(text) {
		err = errArray
	}
	return out, err
}

type arrayReader struct {
	kind kind
	text string
	at   int
}

func (p *arrayReader) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

// list reads from an opening brace to the closing one.
func (p *arrayReader) list() ([]any, error) {
	if p.peek() != '{' {
		return nil, errArray
	}
	p.at++
	out := []any{}
	for p.peek() != '}' {
		item, err := p.item()
		if err != nil {
			return nil, err
		}
		out = append(out, item)
		switch p.peek() {
		case p.kind.delimiter:
			p.at++
		case '}':
		default:
			return nil, errArray
		}
	}
	p.at++
	return out, nil
}

func (p *arrayReader) item() (any, error) {
	switch p.peek() {
	case '{':
		return p.list()
	case '"':
		text, err := p.quoted()
		if err != nil {
			return nil, err
		}
		return p.kind.element.decode(text)
	}
	from := p.at
	for p.peek() != 0 && p.peek() != p.kind.delimiter && p.peek() != '}' {
		p.at++
	}
	if text := p.text[from:p.at]; text != "NULL" {
		return p.kind.element.decode(text)
	}
	return nil, nil
}

// quoted reads from a quotation mark to the next one that is not escaped.
func (p *arrayReader) quoted() (string, error) {
	var b strings.Builder
	for p.at++; p.peek() != '"'; p.at++ {
		if p.peek() == '\\' {
			p.at++
		}
		if p.at >= len(p.text) {
			return "", errArray
		}
		b.WriteByte(p.text[p.at])
	}
	p.at++
	return b.String(), nil
}

// encodeArray writes a list as the server reads arrays.
func (k kind) encodeArray(list []any) (string, error) {
	items := make([]string, len(list))
	for i, item := range list {
		switch item := item.(type) {
		case nil:
			items[i] = "NULL"
		case []any:
			inner, err := k.encodeArray(item)
			if err != nil {
				return "", err
			}
			items[i] = inner
		default:
			text, err := k.element.encode(item)
			if err != nil {
				return "", fmt.Errorf("item %d: %w", i+1, err)
			}
			items[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
		}
	}
	return "{" + strings.Join(items, string(k.delimiter)) + "}", nil
}
