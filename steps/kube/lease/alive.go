package lease

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"

	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/client"
)

// lately is how old the last renewal of a run may be that is taken to go on. It leaves room for clocks that differ.
const lately = 4 * DefaultDuration

// Alive returns the runs that renewed a Lease lately, with who runs them. A run that claims nothing is not among them.
func Alive(ctx context.Context, cluster *kube.Cluster) (map[string]string, error) {
	response, err := cluster.Do(ctx, client.Request{
		Method: http.MethodGet, Path: mapping.Path(kube.LocksNamespace, ""), Query: url.Values{"labelSelector": {kube.RunLabel}},
	})
	if err != nil {
		return nil, err
	}
	var found coordinationv1.LeaseList
	if err := json.Unmarshal(response.Body, &found); err != nil {
		return nil, fmt.Errorf("read the Leases: %w", err)
	}
	alive := map[string]string{}
	for _, l := range found.Items {
		if l.Spec.RenewTime != nil && time.Since(l.Spec.RenewTime.Time) < lately && l.Spec.HolderIdentity != nil {
			alive[l.Labels[kube.RunLabel]] = *l.Spec.HolderIdentity
		}
	}
	return alive, nil
}
