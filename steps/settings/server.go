package settings

import (
	"context"
	"fmt"
)

// Server is the name of a server that the configuration can give, and that the cluster in the box can bring.
type Server string

// The servers of metrics and alerts.
const (
	Prometheus   Server = "prometheus"
	Alertmanager Server = "alertmanager"
)

// Addons brings servers that the configuration does not name.
type Addons interface {
	// Start brings a server up, or finds it running, and says how it is reached.
	Start(ctx context.Context, server Server) (*Endpoint, error)
	// Database brings a PostgreSQL up, or finds it running, and says how its superuser logs in.
	Database(ctx context.Context) (Connection, error)
}

// Named returns what the configuration says of a server, nil when it says nothing.
func (s *Settings) Named(server Server) *Endpoint {
	if server == Prometheus {
		return s.Prometheus
	}
	return s.Alertmanager
}

// Has reports whether a server is named, or may be brought when it is needed.
func (s *Settings) Has(server Server) bool { return s.Named(server) != nil || s.Addons != nil }

// Reach returns how a server is reached, and starts one that the cluster in the box brings.
func (s *Settings) Reach(ctx context.Context, server Server) (*Endpoint, error) {
	if named := s.Named(server); named != nil {
		return named, nil
	}
	if s.Addons == nil {
		return nil, fmt.Errorf("%s", s.Missing(server))
	}
	return s.Addons.Start(ctx, server)
}

// Missing says that nobody names a server, and what to do about it.
func (*Settings) Missing(server Server) string {
	return fmt.Sprintf("no %s is known: name its address here, or under %s in scenario-runner.yaml, or use --sandbox, which brings one", server.Title(), server)
}

// Title returns the name of the server as its makers write it.
func (n Server) Title() string {
	if n == Prometheus {
		return "Prometheus"
	}
	return "Alertmanager"
}
