package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// pod is what a drain needs to know of a pod.
type pod struct {
	Metadata struct {
		Name, Namespace string
		OwnerReferences []struct{ Kind string }
	}
}

// drain evicts all pods of a node but those of daemon sets, and waits until they are gone.
func (s apiServer) drain(node string, args []string) error {
	flags := flag.NewFlagSet("drain", flag.ContinueOnError)
	for _, name := range []string{"ignore-daemonsets", "delete-emptydir-data", "force"} {
		_ = flags.Bool(name, false, "always so here")
	}
	limit := flags.Duration("timeout", 0, "how long")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := s.cordon(node, true); err != nil {
		return err
	}
	end := time.Now().Add(*limit)
	ticker := time.NewTicker(500 * time.Millisecond)
	defer ticker.Stop()
	for time.Now().Before(end) {
		left, err := s.evict(node)
		if err != nil || left == 0 {
			return err
		}
		<-ticker.C
	}
	return fmt.Errorf("node %s still has pods after %s", node, *limit)
}

// evict asks all pods of a node to go and returns how many are still there.
func (s apiServer) evict(node string) (int, error) {
	answer, err := s.call(http.MethodGet, "/api/v1/pods?fieldSelector=spec.nodeName="+node, nil)
	if err != nil {
		return 0, err
	}
	var list struct{ Items []pod }
	if err := json.Unmarshal(answer, &list); err != nil {
		return 0, err
	}
	left := slices.DeleteFunc(list.Items, func(p pod) bool {
		owners := p.Metadata.OwnerReferences
		return len(owners) > 0 && owners[0].Kind == "DaemonSet"
	})
	for _, p := range left {
		body := fmt.Appendf(nil, `{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":%q,"namespace":%q}}`, p.Metadata.Name, p.Metadata.Namespace)
		_, err := s.call(http.MethodPost, "/api/v1/namespaces/"+p.Metadata.Namespace+"/pods/"+p.Metadata.Name+"/eviction", body)
		refused, ok := errors.AsType[*statusError](err)
		// A pod that is gone by now is fine, and a disruption budget may allow it later.
		if ok && (refused.code == http.StatusNotFound || refused.code == http.StatusTooManyRequests) {
			continue
		}
		if err != nil {
			return 0, err
		}
	}
	return len(left), nil
}
