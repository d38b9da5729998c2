package simulator

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/cri-streaming/pkg/streaming/portforward"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	utilexec "k8s.io/utils/exec"

	"github.com/scenario-runner/scenario-runner/sandbox/simulation"
)

// exec answers a command with what the pod's annotations say; nothing is run.
func (k *kubelet) exec(response http.ResponseWriter, request *http.Request) {
	pod, container, ok := k.find(response, request)
	if !ok {
		return
	}
	options, err := remotecommand.NewOptions(request)
	if err != nil {
		http.Error(response, err.Error(), http.StatusBadRequest)
		return
	}
	command := request.URL.Query()["command"]
	remotecommand.ServeExec(response, request, simulatedContainer{pod}, pod.Name, string(pod.UID), container, command,
		options, streamTimeout, streamTimeout, remotecommand.SupportedStreamingProtocols)
}

// attach answers with a single line.
func (k *kubelet) attach(response http.ResponseWriter, request *http.Request) {
	pod, container, ok := k.find(response, request)
	if !ok {
		return
	}
	options, err := remotecommand.NewOptions(request)
	if err != nil {
		http.Error(response, err.Error(), http.StatusBadRequest)
		return
	}
	remotecommand.ServeAttach(response, request, simulatedContainer{pod}, pod.Name, string(pod.UID), container,
		options, streamTimeout, streamTimeout, remotecommand.SupportedStreamingProtocols)
}

// portForward answers every HTTP request on every port.
func (k *kubelet) portForward(response http.ResponseWriter, request *http.Request) {
	pod, _, ok := k.find(response, request)
	if !ok {
		return
	}
	options, err := portforward.NewV4Options(request)
	if err != nil {
		http.Error(response, err.Error(), http.StatusBadRequest)
		return
	}
	portforward.ServePortForward(response, request, simulatedContainer{pod}, pod.Name, string(pod.UID),
		options, streamTimeout, streamTimeout, portforward.SupportedProtocols)
}

// simulatedContainer is the other end of a stream into a pod in which nothing runs.
type simulatedContainer struct {
	pod *corev1.Pod
}

// ExecInContainer prints what the annotations say and ends with the exit code that they give.
func (s simulatedContainer) ExecInContainer(_ context.Context, _, _, container string, command []string, _ io.Reader, out, problems io.WriteCloser, _ bool, _ <-chan remotecommand.TerminalSize, _ time.Duration) error {
	note := problems
	if note == nil {
		note = out
	}
	if note != nil {
		_, err := fmt.Fprintf(note, "[simulated] nothing runs in container %s of pod %s/%s: %s\n", container, s.pod.Namespace, s.pod.Name, strings.Join(command, " "))
		if err != nil {
			return fmt.Errorf("answer an exec: %w", err)
		}
	}
	if said := s.pod.Annotations[simulation.ExecOutput]; said != "" && out != nil {
		if _, err := io.WriteString(out, strings.TrimSuffix(said, "\n")+"\n"); err != nil {
			return fmt.Errorf("answer an exec: %w", err)
		}
	}
	code, err := strconv.Atoi(s.pod.Annotations[simulation.ExecExitCode])
	if err != nil || code == 0 {
		return nil
	}
	return utilexec.CodeExitError{Err: fmt.Errorf("command terminated with exit code %d", code), Code: code}
}

// AttachContainer says that there is nothing to attach to.
func (s simulatedContainer) AttachContainer(_ context.Context, _, _, container string, _ io.Reader, out, _ io.WriteCloser, _ bool, _ <-chan remotecommand.TerminalSize) error {
	if out == nil {
		return nil
	}
	if _, err := fmt.Fprintf(out, "[simulated] nothing runs in container %s of pod %s/%s\n", container, s.pod.Namespace, s.pod.Name); err != nil {
		return fmt.Errorf("answer an attach: %w", err)
	}
	return nil
}

// PortForward answers one HTTP request.
func (s simulatedContainer) PortForward(_ context.Context, _, _ string, port int32, stream io.ReadWriteCloser) error {
	defer stream.Close()
	request, err := http.ReadRequest(bufio.NewReader(stream))
	if err != nil {
		return fmt.Errorf("port %d of a simulated pod answers HTTP only: %w", port, err)
	}
	body := fmt.Sprintf("[simulated] pod %s/%s, port %d, %s %s\n", s.pod.Namespace, s.pod.Name, port, request.Method, request.URL.Path)
	answer := http.Response{
		StatusCode: http.StatusOK, ProtoMajor: 1, ProtoMinor: 1, Request: request, Close: true,
		Header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}},
		Body:   io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
	if err := answer.Write(stream); err != nil {
		return fmt.Errorf("answer a forwarded request: %w", err)
	}
	return nil
}
