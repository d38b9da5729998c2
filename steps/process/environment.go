package process

import (
	"maps"
	"os"
	"slices"
	"strings"
)

// inherited are the variables that a program gets from the runner. Everything else of the runner's environment is kept
// from it: a scenario that works only with the author's shell settings would fail in CI, and tokens would leak.
var inherited = []string{
	"PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "LANG", "LC_ALL", "TZ",
	"SSL_CERT_FILE", "SSL_CERT_DIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
	"SystemRoot", "ComSpec", "PATHEXT", "TEMP", "TMP", "USERPROFILE", "APPDATA", "LOCALAPPDATA",
}

// Environment returns the environment of a program: what every program gets, then the extra "NAME=value" entries, then
// the variables that the author gave. A later value replaces an earlier one.
func Environment(extra []string, given map[string]string) []string {
	values := map[string]string{}
	for _, name := range inherited {
		if v, ok := os.LookupEnv(name); ok {
			values[name] = v
		}
	}
	for _, folder := range ownFolder() {
		values["PATH"] = strings.TrimPrefix(values["PATH"]+string(os.PathListSeparator)+folder, string(os.PathListSeparator))
	}
	for _, entry := range extra {
		if name, v, ok := strings.Cut(entry, "="); ok {
			values[name] = v
		}
	}
	maps.Copy(values, given)
	env := make([]string, 0, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		env = append(env, name+"="+values[name])
	}
	return env
}
