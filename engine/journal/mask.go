package journal

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

const (
	// shortestSecret is the length below which hiding a secret would riddle every text with stars and hide nothing: a
	// value of three characters is guessed at once.
	shortestSecret = 4
	// shortestLine is the length from which a line of a secret of several lines is hidden on its own as well. Logs are
	// cut into lines, so a key in PEM form would show otherwise; shorter lines ("type: user") are too common.
	shortestLine = 16
	// shortestCore is the length from which the inside of a base64 text is telling enough to be hidden.
	shortestCore = 6

	masked = "***"
)

// Masker hides secrets in texts. It finds a secret as it is and as base64, URL and JSON write it; the lines of a secret
// of several lines are found alone when they have 16 characters or more. A secret of fewer than 4 characters is ignored.
// What was written before a secret was added stays as it is. The zero value, and nil, hide nothing.
type Masker struct {
	mu       sync.Mutex
	forms    map[string]bool
	replacer atomic.Pointer[strings.Replacer]
}

// Add hides secret from now on.
func (m *Masker) Add(secret string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before := len(m.forms)
	if m.forms == nil {
		m.forms = map[string]bool{}
	}
	for _, form := range secretForms(secret) {
		m.forms[form] = true
	}
	if len(m.forms) == before {
		return
	}
	m.replacer.Store(strings.NewReplacer(replacements(m.forms)...))
}

// Mask returns text with every secret replaced by three stars.
func (m *Masker) Mask(text string) string {
	if !m.active() {
		return text
	}
	return m.replacer.Load().Replace(text)
}

func (m *Masker) active() bool { return m != nil && m.replacer.Load() != nil }

// replacements orders the forms by falling length, because a Replacer takes the first that fits: a padded base64 text
// must win over its unpadded beginning.
func replacements(forms map[string]bool) []string {
	sorted := make([]string, 0, len(forms))
	for form := range forms {
		sorted = append(sorted, form)
	}
	slices.SortFunc(sorted, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b))
	})
	pairs := make([]string, 0, 2*len(sorted))
	for _, form := range sorted {
		pairs = append(pairs, form, masked)
	}
	return pairs
}

// secretForms lists how a secret may appear in a text.
func secretForms(secret string) []string {
	var forms []string
	add := func(form string) {
		if len(form) >= shortestSecret {
			forms = append(forms, form)
		}
	}
	for _, s := range wordings(secret) {
		add(s)
		add(url.QueryEscape(s))
		add(url.PathEscape(s))
		add(jsonEscaped(s, true))
		add(jsonEscaped(s, false))
		forms = append(forms, base64Forms(s)...)
	}
	return forms
}

// wordings returns the secret, the secret without the line end that files add to it, and its long lines.
func wordings(secret string) []string {
	trimmed := strings.TrimSpace(secret)
	if len(trimmed) < shortestSecret {
		return nil
	}
	out := []string{secret, trimmed}
	if !strings.Contains(trimmed, "\n") {
		return out
	}
	for line := range strings.Lines(trimmed) {
		if line = strings.TrimSpace(line); len(line) >= shortestLine {
			out = append(out, line)
		}
	}
	return out
}

func jsonEscaped(s string, html bool) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(html)
	if err := encoder.Encode(s); err != nil {
		return s
	}
	return strings.Trim(strings.TrimSuffix(b.String(), "\n"), `"`)
}

// base64Forms returns the encodings of s alone, and what stays the same of it inside the encoding of a longer text, such
// as the "user:password" of basic authentication: that depends on where in a group of three bytes s starts.
func base64Forms(s string) []string {
	var forms []string
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		forms = append(forms, encoding.EncodeToString([]byte(s)), encoding.WithPadding(base64.NoPadding).EncodeToString([]byte(s)))
		for shift := range 3 {
			if core := base64Core(encoding, s, shift); len(core) >= shortestCore {
				forms = append(forms, core)
			}
		}
	}
	return forms
}

func base64Core(encoding *base64.Encoding, s string, shift int) string {
	data := append(make([]byte, shift), s...)
	whole := len(data) * 8 / 6 // characters whose six bits are all known at the end
	first := (shift*8 + 5) / 6 // first character that no byte before s has a part in
	text := encoding.WithPadding(base64.NoPadding).EncodeToString(data)
	if whole <= first {
		return ""
	}
	return text[first:whole]
}
