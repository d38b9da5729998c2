package capture

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/client"
	"github.com/scenario-runner/scenario-runner/steps/kube/pods"
)

// logFile is the log of one life of one container.
type logFile struct {
	namespace, pod, container string
	previous                  bool

	content []byte
	cut     bool
	gone    bool
	err     error
}

func (l *logFile) name() string {
	if l.previous {
		return l.pod + "." + l.container + ".previous.log"
	}
	return l.pod + "." + l.container + ".log"
}

// mostStreams is how many logs are read at the same time.
const mostStreams = 8

// logs keeps the logs of all containers that have one, in the order of pods and containers.
func (k *capture) logs(ctx context.Context) {
	ref := k.config.Of
	if ref.Kind == "" {
		ref = kube.Ref{APIVersion: "v1", Kind: "Pod"}
	}
	found, err := pods.List(ctx, k.place, ref)
	if err != nil {
		k.try(ctx, "logs", err)
		return
	}
	var files []*logFile
	for _, pod := range found {
		files = append(files, logFiles(pod)...)
	}
	var group sync.WaitGroup
	slots := make(chan struct{}, mostStreams)
	for _, file := range files {
		group.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			k.read(ctx, file)
		})
	}
	group.Wait()
	for _, file := range files {
		err := file.err
		if err == nil && !file.gone {
			err = k.keep(file.name(), file.content, 0, file.cut)
		}
		k.try(ctx, "log of container "+file.container+" of pod "+file.pod, err)
	}
}

// logFiles lists the logs that a pod has: of containers that run or have run, and of their previous lives.
func logFiles(pod *unstructured.Unstructured) []*logFile {
	var out []*logFile
	for _, list := range []string{"initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"} {
		statuses, _, _ := unstructured.NestedSlice(pod.Object, "status", list)
		for _, raw := range statuses {
			status, _ := raw.(map[string]any)
			name, _ := status["name"].(string)
			state, _ := status["state"].(map[string]any)
			last, _ := status["lastState"].(map[string]any)
			file := logFile{namespace: pod.GetNamespace(), pod: pod.GetName(), container: name}
			before, begun := last["terminated"] != nil, state["running"] != nil || state["terminated"] != nil
			if !begun && !before {
				continue // it has no log yet
			}
			out = append(out, &file)
			if before && begun { // while it waits to be restarted, its log is that of the previous life
				previous := file
				previous.previous = true
				out = append(out, &previous)
			}
		}
	}
	return out
}

// read reads the end of a log. A pod that went in the meantime has none.
func (k *capture) read(ctx context.Context, file *logFile) {
	query := url.Values{"container": {file.container}, "tailLines": {strconv.Itoa(k.config.Tail)}}
	if file.previous {
		query.Set("previous", "true")
	}
	_, err := client.Retry(ctx, client.Policy{}, func() (struct{}, error) {
		body, err := k.place.Cluster.Stream(ctx, client.Request{
			Method: http.MethodGet, Accept: "*/*", Query: query,
			Path: fmt.Sprintf("/api/v1/namespaces/%s/pods/%s/log", file.namespace, file.pod),
		})
		if err == nil {
			defer body.Close()
			file.content, file.cut, err = tail(body, k.limit)
		}
		return struct{}{}, err
	})
	file.gone = kube.IsNotFound(err)
	if !file.gone {
		file.err = err
	}
}

// tail reads everything and returns at most the last limit bytes, with a note about what is missing.
func tail(body io.Reader, limit int) (content []byte, cut bool, err error) {
	missing := 0
	buffer := make([]byte, 32<<10)
	for {
		n, err := body.Read(buffer)
		content = append(content, buffer[:n]...)
		if len(content) > 2*limit { // cut seldom, not with each read
			missing += len(content) - limit
			content = append([]byte(nil), content[len(content)-limit:]...)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, false, err
		}
	}
	if len(content) > limit {
		missing += len(content) - limit
		content = content[len(content)-limit:]
	}
	if missing > 0 {
		content = append(fmt.Appendf(nil, "# %d bytes left out before this: the file would be larger than maxSize\n", missing), content...)
	}
	return content, missing > 0, nil
}
