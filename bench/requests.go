package main

import (
	"bytes"
	"context"
	"errors"

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

// requests reads how many requests the API server has answered.
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
		total += m.GetCounter().GetValue()
	}
	return int(total), nil
}
