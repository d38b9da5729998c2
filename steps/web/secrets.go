package web

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
)

// Secrets returns what must never be shown of a request: passwords, tokens and keys in its headers and address.
func Secrets(headers map[string]string, address string) []string {
	var out []string
	for name, value := range headers {
		if sensitive(name) {
			out = append(out, credentials(value)...)
		}
	}
	if u, err := url.Parse(address); err == nil && u.User != nil {
		if password, ok := u.User.Password(); ok {
			out = append(out, password)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func sensitive(header string) bool {
	header = strings.ToLower(header)
	return slices.ContainsFunc([]string{"authorization", "cookie", "token", "secret", "password", "api-key", "apikey"}, func(word string) bool {
		return strings.Contains(header, word)
	})
}

// credentials returns the secret parts of a header value: what follows the scheme, and the password of Basic.
func credentials(value string) []string {
	scheme, rest, found := strings.Cut(value, " ")
	if !found {
		return []string{value}
	}
	out := []string{strings.TrimSpace(rest)}
	if strings.EqualFold(scheme, "basic") {
		if plain, err := base64.StdEncoding.DecodeString(out[0]); err == nil {
			if _, password, ok := strings.Cut(string(plain), ":"); ok {
				out = append(out, password)
			}
		}
	}
	return out
}
