package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"strings"
)

// kubectl knows `annotate chaosresult NAME -n NAMESPACE KEY=VALUE --overwrite`, `drain NODE ...` and `uncordon NODE`.
func kubectl(args []string) error {
	server, err := inCluster()
	if err != nil {
		return err
	}
	switch {
	case len(args) >= 3 && args[0] == "annotate" && args[1] == "chaosresult":
		return server.annotate(args[2], args[3:])
	case len(args) >= 2 && args[0] == "drain":
		return server.drain(args[1], args[2:])
	case len(args) == 2 && args[0] == "uncordon":
		return server.cordon(args[1], false)
	}
	return fmt.Errorf("kubectl: %q is not known here", args)
}

func (s apiServer) annotate(result string, args []string) error {
	flags := flag.NewFlagSet("annotate", flag.ContinueOnError)
	namespace := flags.String("n", "", "namespace")
	if err := flags.Parse(args); err != nil {
		return err
	}
	key, value, _ := strings.Cut(flags.Arg(0), "=")
	body, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]string{key: value}}})
	if err != nil {
		return err
	}
	_, err = s.call(http.MethodPatch, "/apis/litmuschaos.io/v1alpha1/namespaces/"+*namespace+"/chaosresults/"+result, body)
	return err
}

func (s apiServer) cordon(node string, on bool) error {
	_, err := s.call(http.MethodPatch, "/api/v1/nodes/"+node, fmt.Appendf(nil, `{"spec":{"unschedulable":%t}}`, on))
	return err
}
