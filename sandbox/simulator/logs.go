package simulator

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"

	"github.com/scenario-runner/scenario-runner/sandbox/simulation"
)

// kubelet answers what the API server asks the kubelet of a simulated node.
type kubelet struct {
	client kubernetes.Interface
}

// logs answers with the log of a container: what its pod's annotation says.
func (k *kubelet) logs(response http.ResponseWriter, request *http.Request) {
	pod, container, ok := k.find(response, request)
	if !ok {
		return
	}
	query := request.URL.Query()
	text, err := simulation.LogOf(pod, container, query.Get("previous") == "true")
	if err != nil {
		http.Error(response, err.Error(), http.StatusBadRequest)
		return
	}
	shown := newLogWriter(response, query.Get("timestamps") == "true", query.Get("limitBytes"))
	shown.write(tail(text, query.Get("tailLines")))
	if query.Get("follow") == "true" {
		k.follow(request.Context(), pod, container, text, shown)
	}
}

// follow writes what is added to the log until the pod ends or the reader goes away.
func (k *kubelet) follow(ctx context.Context, pod *corev1.Pod, container, written string, shown *logWriter) {
	events, err := k.client.CoreV1().Pods(pod.Namespace).Watch(ctx, metav1.ListOptions{
		FieldSelector: fields.OneTermEqualSelector("metadata.name", pod.Name).String(), ResourceVersion: pod.ResourceVersion,
	})
	if err != nil {
		return
	}
	defer events.Stop()
	for event := range events.ResultChan() {
		changed, isPod := event.Object.(*corev1.Pod)
		if !isPod || event.Type == watch.Deleted || changed.UID != pod.UID {
			return
		}
		if text, err := simulation.LogOf(changed, container, false); err == nil {
			shown.write(strings.TrimPrefix(text, written))
			written = text
		}
		if changed.Status.Phase == corev1.PodSucceeded || changed.Status.Phase == corev1.PodFailed {
			return
		}
	}
}

// find looks up the pod and container of a request, or answers that there is none.
func (k *kubelet) find(response http.ResponseWriter, request *http.Request) (*corev1.Pod, string, bool) {
	namespace, name, container := request.PathValue("namespace"), request.PathValue("pod"), request.PathValue("container")
	pod, err := k.client.CoreV1().Pods(namespace).Get(request.Context(), name, metav1.GetOptions{})
	if err != nil {
		http.Error(response, fmt.Sprintf("pod %q does not exist: %v", name, err), http.StatusNotFound)
		return nil, "", false
	}
	return pod, container, true
}

// tail returns the last lines of a text.
func tail(text, lines string) string {
	count, err := strconv.Atoi(lines)
	if err != nil || count < 0 {
		return text
	}
	all := strings.SplitAfter(strings.TrimSuffix(text, "\n"), "\n")
	all = all[max(0, len(all)-count):]
	if len(all) == 0 {
		return ""
	}
	return strings.Join(all, "") + "\n"
}

// logWriter writes lines as a kubelet does.
type logWriter struct {
	out        io.Writer
	flush      func()
	timestamps bool
	left       int64
}

func newLogWriter(response http.ResponseWriter, timestamps bool, limit string) *logWriter {
	w := &logWriter{out: response, flush: func() {}, timestamps: timestamps, left: 1 << 40}
	if flusher, ok := response.(http.Flusher); ok {
		w.flush = flusher.Flush
	}
	if bytes, err := strconv.ParseInt(limit, 10, 64); err == nil {
		w.left = bytes
	}
	return w
}

func (w *logWriter) write(text string) {
	for line := range strings.Lines(text) {
		if w.timestamps {
			line = time.Now().UTC().Format(time.RFC3339Nano) + " " + line
		}
		line = line[:min(int64(len(line)), w.left)]
		w.left -= int64(len(line))
		// A reader that has gone away needs no more lines.
		_, _ = io.WriteString(w.out, line)
	}
	w.flush()
}
