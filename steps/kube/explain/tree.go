package explain

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/steps/kube/client"
	"github.com/scenario-runner/scenario-runner/steps/kube/ready"
)

// nameLimit is how many pods of a group are named.
const nameLimit = 3

// tree draws the family, the newest and sickest first.
func (f *family) tree(ctx context.Context) []string {
	lines := f.draw(ctx, f.root, 0)
	return append(lines, f.troubles...)
}

func (f *family) draw(ctx context.Context, object *unstructured.Unstructured, depth int) []string {
	if object.GetKind() == "Pod" {
		return f.drawPods(ctx, []*unstructured.Unstructured{object}, depth)
	}
	lines := []string{indent(depth, fmt.Sprintf("%s %s: %s", object.GetKind(), object.GetName(), standing(object)))}
	children := f.relevant(object)
	if len(children) == 1 && children[0].GetKind() == "ReplicaSet" && f.sameStanding(object, children[0]) {
		children = f.relevant(children[0])
	}
	var pods []*unstructured.Unstructured
	for _, child := range children {
		if child.GetKind() == "Pod" {
			pods = append(pods, child)
			continue
		}
		lines = append(lines, f.draw(ctx, child, depth+1)...)
	}
	shown := 0
	for i, group := range f.alike(pods) {
		if i == podLimit {
			return append(lines, indent(depth+1, fmt.Sprintf("and %d more pods", len(pods)-shown)))
		}
		shown += len(group)
		lines = append(lines, f.drawPods(ctx, group, depth+1)...)
	}
	return lines
}

// sameStanding reports whether of two objects the same is to be said.
func (f *family) sameStanding(a, b *unstructured.Unstructured) bool {
	return f.unnamed(standing(a)) == f.unnamed(standing(b))
}

// alike puts pods together of which the same is to be said, in their order.
func (f *family) alike(pods []*unstructured.Unstructured) [][]*unstructured.Unstructured {
	var groups [][]*unstructured.Unstructured
	places := map[string]int{}
	for _, pod := range pods {
		key := f.unnamed(counts.ReplaceAllString(strings.Join(append(containerLines(pod), standing(pod)), "\n"), ""))
		at, known := places[key]
		if !known {
			at = len(groups)
			places[key] = at
			groups = append(groups, nil)
		}
		groups[at] = append(groups[at], pod)
	}
	return groups
}

// counts are what differs between pods that have the same trouble.
var counts = regexp.MustCompile(`; \d+ restarts?|back-off \S+`)

// drawPods draws pods that are alike, with the containers of the first one.
func (f *family) drawPods(ctx context.Context, pods []*unstructured.Unstructured, depth int) []string {
	first := pods[0]
	head := "Pod " + first.GetName()
	if len(pods) > 1 {
		var names []string
		for _, pod := range pods[:min(nameLimit, len(pods))] {
			names = append(names, pod.GetName())
		}
		head = fmt.Sprintf("%d pods (%s", len(pods), strings.Join(names, ", "))
		if hidden := len(pods) - len(names); hidden > 0 {
			head += fmt.Sprintf(" and %d more", hidden)
		}
		head += ")"
	}
	lines := []string{indent(depth, head+": "+standing(first))}
	for _, c := range troubled(first) {
		lines = append(lines, indent(depth+1, tidy(c.String())))
		if !hasEnded(c) && c.State != "running" {
			continue
		}
		if line := f.lastWords(ctx, first, c); line != "" {
			of := ""
			if len(pods) > 1 {
				of = " of " + first.GetName()
			}
			lines = append(lines, indent(depth+2, clip("last log line"+of+": "+line)))
		}
	}
	return lines
}

func containerLines(pod *unstructured.Unstructured) []string {
	var lines []string
	for _, c := range troubled(pod) {
		lines = append(lines, tidy(c.String()))
	}
	return lines
}

// troubled returns the containers of a pod that something is to be said of: all that have not done their work when the
// pod is not ready, and those that ended before.
func troubled(pod *unstructured.Unstructured) []ready.Container {
	isReady := ready.Of(pod).Ready
	var out []ready.Container
	for _, c := range ready.Containers(pod) {
		done := c.State == "terminated" && c.ExitCode == 0
		if hasEnded(c) || !isReady && !done {
			out = append(out, c)
		}
	}
	return out
}

// cause is what is seen of the sickest pod.
func (f *family) cause() string {
	for _, object := range f.sickestFirst(f.root) {
		judged := ready.Of(object)
		if object.GetKind() != "Pod" || judged.Ready {
			continue
		}
		if containers := troubled(object); len(containers) > 0 {
			c := containers[0]
			if c.Restarts = 0; c.Last != nil {
				c.Message = "" // how it ended says more than how long the kubelet waits
			}
			return tidy(c.String())
		}
		return tidy(judged.Message)
	}
	return ""
}

// sickestFirst returns an object and everything below it in the order of the tree.
func (f *family) sickestFirst(object *unstructured.Unstructured) []*unstructured.Unstructured {
	out := []*unstructured.Unstructured{object}
	for _, child := range f.relevant(object) {
		out = append(out, f.sickestFirst(child)...)
	}
	return out
}

// simulated begins the line that a sandbox puts before a log; where it is the last line, the container wrote nothing.
const simulated = "[simulated] container "

// lastWords returns the last line of a container's log: that of the run that ended when there is one.
func (f *family) lastWords(ctx context.Context, pod *unstructured.Unstructured, c ready.Container) string {
	query := url.Values{"container": {c.Name}, "tailLines": {"1"}, "limitBytes": {"2000"}}
	if c.State == "waiting" && c.Last != nil {
		query.Set("previous", "true")
	}
	response, err := f.target.Cluster.Do(ctx, client.Request{
		Method: http.MethodGet, Path: podMapping.Path(pod.GetNamespace(), pod.GetName(), "log"), Query: query, Accept: "*/*",
	})
	if err != nil {
		return "" // a container without a log is no news
	}
	line := strings.TrimSpace(string(response.Body))
	if strings.HasPrefix(line, simulated) {
		return ""
	}
	return line
}
