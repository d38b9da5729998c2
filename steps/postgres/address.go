package postgres

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// address is a URL taken apart.
type address struct {
	host, database, user, password string
	port                           int
	secure                         bool // sslmode asks for TLS
	anybody                        bool // sslmode=require: encrypted, whoever the server is
}

var errAddress = errors.New("expected an address such as postgres://user@host:5432/database")

// parseURL takes an address apart. Its errors never repeat it: a mistyped address may hold a password anywhere.
func parseURL(text string) (address, error) {
	u, err := url.Parse(text)
	if err != nil {
		return address{}, errAddress
	}
	if u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return address{}, fmt.Errorf("%w; it starts with postgres:// or postgresql://", errAddress)
	}
	a := address{host: u.Hostname(), database: strings.TrimPrefix(u.Path, "/"), port: usualPort}
	if u.User != nil {
		a.user = u.User.Username()
		a.password, _ = u.User.Password()
	}
	if port := u.Port(); port != "" {
		if a.port, err = strconv.Atoi(port); err != nil || a.port < 1 || a.port > 65535 {
			return address{}, fmt.Errorf("%w; the port is a number from 1 to 65535", errAddress)
		}
	}
	for _, part := range []struct{ name, value string }{{"host", a.host}, {"user", a.user}, {"database", a.database}} {
		if part.value == "" {
			return address{}, fmt.Errorf("%w; the %s is missing", errAddress, part.name)
		}
	}
	return a, a.options(u.Query())
}

// options reads what stands behind the ? of an address.
func (a *address) options(query url.Values) error {
	names := make([]string, 0, len(query))
	for name := range query {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if name != "sslmode" {
			return fmt.Errorf("the address has the option %q; known is sslmode, and everything else is a field beside url", name)
		}
	}
	switch mode := query.Get("sslmode"); mode {
	case "", "disable":
	case "verify-full":
		a.secure = true
	case "require":
		a.secure, a.anybody = true, true
	default:
		return fmt.Errorf("sslmode=%s: expected disable, require or verify-full; anything in between leaves it to the network whether the connection is safe", mode)
	}
	return nil
}
