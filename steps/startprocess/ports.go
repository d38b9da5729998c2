package startprocess

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

const loopback = "127.0.0.1"

// reserve finds a free port for every name, and makes sure that the fixed ones are free. All are held until the last
// one is found, so that no two names get the same. Then they are let go for the program: another program can take one
// in between, which the readiness check shows.
func reserve(ctx context.Context, wanted map[string]int) (map[string]int, error) {
	ports := make(map[string]int, len(wanted))
	var config net.ListenConfig
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		l, err := config.Listen(ctx, "tcp", net.JoinHostPort(loopback, strconv.Itoa(wanted[name])))
		if errors.Is(err, syscall.EADDRINUSE) {
			return nil, fmt.Errorf("port %d (%s) is taken by another program; give 0 for a free one", wanted[name], name)
		}
		if err != nil {
			return nil, fmt.Errorf("port %d (%s) can't be used: %w", wanted[name], name, err)
		}
		defer l.Close() //nolint:errcheck // it only held the port
		ports[name] = l.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}

// variables offers the ports to the program: api is API_PORT.
func variables(ports map[string]int) []string {
	var entries []string
	for _, name := range slices.Sorted(maps.Keys(ports)) {
		entries = append(entries, strings.ToUpper(name)+"_PORT="+strconv.Itoa(ports[name]))
	}
	return entries
}

// values are the ports as expressions see them.
func values(ports map[string]int) map[string]any {
	out := make(map[string]any, len(ports))
	for name, port := range ports {
		out[name] = port
	}
	return out
}
