package main

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

func client(box *sandbox) (*kubernetes.Clientset, error) {
	config, err := clientcmd.BuildConfigFromFlags("", box.Kubeconfig)
	if err != nil {
		return nil, err
	}
	return kubernetes.NewForConfig(config)
}

// ours says whether a request is of a sort that only the measured programs send. The API server's counter knows no users,
// and the controllers' own requests vary by thousands with the load of the machine.
func ours(verb, resource, scope string) bool {
	kinds := []string{"namespaces", "configmaps", "deployments", "replicasets", "pods", "events"}
	if !slices.Contains(kinds, resource) {
		return false
	}
	switch verb {
	case "LIST", "WATCH":
		return scope == "cluster"
	case "GET":
		return resource != "namespaces" // the namespace controller reads them all the time
	case "POST":
		return resource == "namespaces"
	case "PATCH", "APPLY":
		return true
	case "DELETE":
		return resource != "pods" && resource != "replicasets"
	}
	return false
}

// requests reads how many requests of the measured programs the API server has answered.
func requests(ctx context.Context, box *sandbox) (int, error) {
	c, err := client(box)
	if err != nil {
		return 0, err
	}
	data, err := c.RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		return 0, err
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(data))
	if err != nil {
		return 0, err
	}
	family := families["apiserver_request_total"]
	if family == nil {
		return 0, errors.New("the API server counts no requests")
	}
	total := 0.0
	for _, m := range family.GetMetric() {
		labels := map[string]string{}
		for _, l := range m.GetLabel() {
			labels[l.GetName()] = l.GetValue()
		}
		if labels["subresource"] == "" && ours(labels["verb"], labels["resource"], labels["scope"]) {
			total += m.GetCounter().GetValue()
		}
	}
	return int(total), nil
}
