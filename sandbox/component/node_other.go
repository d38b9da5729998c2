//go:build !linux

package component

import "context"

// runNode finds nothing: there are no real nodes on this system.
func runNode(context.Context, string, []string) (code int, found bool) { return 0, false }
