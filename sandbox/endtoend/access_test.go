package endtoend

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/transport/spdy"
)

func TestLogs(t *testing.T) {
	t.Parallel()
	client := suite.shared.client
	in := namespace(t, client)
	create(t, client, in, pod("talker", "logs", "line one\nline two"))
	waitPod(t, client, in, "a ready pod", isReady)
	logs := func(options *corev1.PodLogOptions) string {
		t.Helper()
		content, err := client.CoreV1().Pods(in).GetLogs("talker", options).DoRaw(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	all := logs(&corev1.PodLogOptions{})
	contains(t, all, "[simulated] container app of pod "+in+"/talker with image registry.example/app:1")
	if !strings.HasSuffix(all, "\nline one\nline two\n") {
		t.Errorf("found log %q", all)
	}
	lines := int64(1)
	if last := logs(&corev1.PodLogOptions{TailLines: &lines}); last != "line two\n" {
		t.Errorf("found last line %q", last)
	}

	stream, err := client.CoreV1().Pods(in).GetLogs("talker", &corev1.PodLogOptions{Follow: true, TailLines: &lines}).Stream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	buffer := make([]byte, len("line two\nline three\n"))
	if _, err := io.ReadFull(stream, buffer[:len("line two\n")]); err != nil {
		t.Fatal(err)
	}
	annotate(t, client, in, "talker", "logs", "line one\nline two\nline three")
	if _, err := io.ReadFull(stream, buffer[len("line two\n"):]); err != nil {
		t.Fatal(err)
	}
	if string(buffer) != "line two\nline three\n" {
		t.Errorf("found followed log %q", buffer)
	}
}

func TestLogsOfACrashLoopEndWithTheReason(t *testing.T) {
	t.Parallel()
	client := suite.shared.client
	in := namespace(t, client)
	create(t, client, in, pod("crash", "crash-loop", "true", "logs", "fatal: cannot reach the database"))
	waitPod(t, client, in, "a crash loop", func(p *corev1.Pod) bool { return waitsFor(p, "CrashLoopBackOff") })
	for _, previous := range []bool{false, true} {
		content, err := client.CoreV1().Pods(in).GetLogs("crash", &corev1.PodLogOptions{Previous: previous}).DoRaw(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(string(content), "\nfatal: cannot reach the database\n") {
			t.Errorf("found log %q with previous %v", content, previous)
		}
	}
}

func TestExecInAPod(t *testing.T) {
	t.Parallel()
	client := suite.shared.client
	in := namespace(t, client)
	create(t, client, in, pod("shell", "exec-output", "hello", "exec-exit-code", "3"))
	waitPod(t, client, in, "a ready pod", isReady)
	request := client.CoreV1().RESTClient().Post().Namespace(in).Resource("pods").Name("shell").SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{Container: "app", Command: []string{"cat", "/etc/hosts"}, Stdout: true, Stderr: true}, scheme.ParameterCodec)
	executor, err := remotecommand.NewWebSocketExecutor(suite.shared.config, "GET", request.URL().String())
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr strings.Builder
	err = executor.StreamWithContext(t.Context(), remotecommand.StreamOptions{Stdout: &stdout, Stderr: &stderr})
	if err == nil || err.Error() != "command terminated with exit code 3" {
		t.Errorf("found %v, expected exit code 3", err)
	}
	if stdout.String() != "hello\n" {
		t.Errorf("found output %q", stdout.String())
	}
	contains(t, stderr.String(), "[simulated] nothing runs in container app of pod "+in+"/shell: cat /etc/hosts")
}

func TestPortForward(t *testing.T) {
	t.Parallel()
	client := suite.shared.client
	in := namespace(t, client)
	create(t, client, in, pod("web"))
	waitPod(t, client, in, "a ready pod", isReady)
	roundTripper, upgrader, err := spdy.RoundTripperFor(suite.shared.config)
	if err != nil {
		t.Fatal(err)
	}
	address := client.CoreV1().RESTClient().Post().Namespace(in).Resource("pods").Name("web").SubResource("portforward").URL()
	dialer := spdy.NewDialer(upgrader, &http.Client{Transport: roundTripper}, http.MethodPost, address)
	stop, ready := make(chan struct{}), make(chan struct{})
	forwarder, err := portforward.New(dialer, []string{"0:8080"}, stop, ready, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- forwarder.ForwardPorts() }()
	select {
	case <-ready:
	case err := <-ended:
		t.Fatalf("the forwarding ended: %v", err)
	}
	ports, err := forwarder.GetPorts()
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:"+strconv.Itoa(int(ports[0].Local))+"/path", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if string(content) != "[simulated] pod "+in+"/web, port 8080, GET /path\n" {
		t.Errorf("found %q", content)
	}
	close(stop)
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestKubeletsAnswerNobodyWithoutACertificate(t *testing.T) {
	t.Parallel()
	node := waitNode(t, suite.shared.client, "a node with a kubelet", func(node *corev1.Node) bool {
		return node.Status.DaemonEndpoints.KubeletEndpoint.Port != 0
	})
	authority := x509.NewCertPool()
	if !authority.AppendCertsFromPEM(suite.shared.config.CAData) {
		t.Fatal("found no certificate authority in the kubeconfig")
	}
	address := "127.0.0.1:" + strconv.Itoa(int(node.Status.DaemonEndpoints.KubeletEndpoint.Port))
	connection, err := (&tls.Dialer{Config: &tls.Config{RootCAs: authority}}).DialContext(t.Context(), "tcp", address)
	if err == nil {
		// With TLS 1.3 a server that wants a certificate says so only when it is read from.
		_, err = connection.Read(make([]byte, 1))
		connection.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "certificate required") {
		t.Errorf("found %v, expected that a certificate is required", err)
	}
}
