package litmus

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/litmuschaos/chaos-operator/api/litmuschaos/v1alpha1"
)

func indexed(path string, i int) string { return fmt.Sprintf("%s.%d", path, i) }

// kinds names what the probe looks at.
func (p Probe) kinds() []string {
	var out []string
	for _, kind := range []struct {
		name  string
		given bool
	}{{"http", p.HTTP != nil}, {"k8s", p.K8s != nil}, {"cmd", p.Cmd != nil}, {"prom", p.Prom != nil}} {
		if kind.given {
			out = append(out, kind.name)
		}
	}
	return out
}

func counted(kinds []string) string {
	if len(kinds) == 0 {
		return "none of them"
	}
	return strings.Join(kinds, " and ")
}

func (p Probe) times() map[string]time.Duration {
	return map[string]time.Duration{
		"timeout": p.Timeout, "interval": p.Interval, "pollingInterval": p.PollingInterval, "initialDelay": p.InitialDelay,
	}
}

// attributes returns the probe in Litmus's form.
func (p Probe) attributes(namespace string) v1alpha1.ProbeAttributes {
	out := v1alpha1.ProbeAttributes{Name: p.Name, Mode: p.Mode, RunProperties: v1alpha1.RunProperty{
		ProbeTimeout: or(p.Timeout, 5*time.Second).String(), Interval: or(p.Interval, time.Second).String(),
		Attempt: max(p.Attempts, 1), StopOnFailure: p.StopOnFailure,
	}}
	if slices.Contains([]string{"Continuous", "OnChaos"}, p.Mode) {
		out.RunProperties.ProbePollingInterval = or(p.PollingInterval, time.Second).String()
	}
	if p.InitialDelay > 0 {
		out.RunProperties.InitialDelay = p.InitialDelay.String()
	}
	switch {
	case p.HTTP != nil:
		out.Type, out.HTTPProbeInputs = "httpProbe", p.HTTP.inputs()
	case p.K8s != nil:
		out.Type, out.K8sProbeInputs = "k8sProbe", p.K8s.inputs(namespace)
	case p.Cmd != nil:
		out.Type, out.CmdProbeInputs = "cmdProbe", p.Cmd.inputs()
	case p.Prom != nil:
		out.Type = "promProbe"
		out.PromProbeInputs = &v1alpha1.PromProbeInputs{Endpoint: p.Prom.Endpoint, Query: p.Prom.Query, Comparator: p.Prom.Compare.info()}
		out.PromProbeInputs.Comparator.Type = "" // it is always a number, and the definition has no such field here
	}
	return out
}

func (h *HTTPProbe) inputs() *v1alpha1.HTTPProbeInputs {
	out := &v1alpha1.HTTPProbeInputs{URL: h.URL, InsecureSkipVerify: h.InsecureSkipVerify}
	status := h.Status
	if status == "" {
		status = "200"
	}
	if h.Body == "" {
		out.Method.Get = &v1alpha1.GetMethod{Criteria: "==", ResponseCode: status}
		return out
	}
	contentType := h.ContentType
	if contentType == "" {
		contentType = "application/json"
	}
	out.Method.Post = &v1alpha1.PostMethod{ContentType: contentType, Body: h.Body, Criteria: "==", ResponseCode: status}
	return out
}

func (k *K8sProbe) inputs(namespace string) *v1alpha1.K8sProbeInputs {
	out := &v1alpha1.K8sProbeInputs{
		Group: k.Group, Version: k.Version, Resource: k.Resource, ResourceNames: k.Names, Namespace: namespace,
		LabelSelector: k.LabelSelector, FieldSelector: k.FieldSelector, Operation: "present",
	}
	if k.Namespace != "" {
		out.Namespace = k.Namespace
	}
	if k.Operation != "" {
		out.Operation = k.Operation
	}
	return out
}

func (c *CmdProbe) inputs() *v1alpha1.CmdProbeInputs {
	out := &v1alpha1.CmdProbeInputs{Command: c.Command, Comparator: c.Compare.info()}
	if c.Image != "" {
		out.Source = &v1alpha1.SourceDetails{Image: c.Image}
	}
	return out
}

func (c Compare) info() v1alpha1.ComparatorInfo {
	kind := c.Type
	if kind == "" {
		kind = "string"
	}
	return v1alpha1.ComparatorInfo{Type: kind, Criteria: c.Criteria, Value: c.Value}
}

// inSeconds turns the times of a probe into the numbers that Litmus 2 has in their place.
func inSeconds(properties map[string]any) error {
	for _, name := range []string{"probeTimeout", "interval", "probePollingInterval", "initialDelay"} {
		text, ok := properties[name].(string)
		if !ok {
			continue
		}
		d, err := time.ParseDuration(text)
		if err != nil {
			return fmt.Errorf("%s of a probe: %w", name, err)
		}
		properties[name] = int64(d.Seconds())
	}
	if delay, ok := properties["initialDelay"]; ok {
		properties["initialDelaySeconds"] = delay
		delete(properties, "initialDelay")
	}
	if attempts, ok := properties["attempt"]; ok { // the first attempt is none of the retries there
		delete(properties, "attempt")
		n, _ := strconv.Atoi(fmt.Sprint(attempts))
		properties["retry"] = int64(max(n, 1))
	}
	return nil
}

func or(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}
