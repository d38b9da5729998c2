package kubetest

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Proxy stands between a test and a real API server and makes trouble.
type Proxy struct {
	Kubeconfig string // leads to the proxy

	server *httptest.Server
	proxy  *httputil.ReverseProxy
	refuse func(w http.ResponseWriter, r *http.Request) bool
	lose   func(r *http.Request) bool
}

// NewProxy starts a proxy before the API server of kubeconfig. refuse may answer instead of the server and reports
// whether it did; lose says that the request is carried out but the connection breaks before the answer. Both may be nil.
func NewProxy(t testing.TB, kubeconfig string, refuse func(http.ResponseWriter, *http.Request) bool, lose func(*http.Request) bool) *Proxy {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	transport, err := rest.TransportFor(config)
	if err != nil {
		t.Fatal(err)
	}
	target, err := url.Parse(config.Host)
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{refuse: refuse, lose: lose}
	p.proxy = &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:     transport,
		FlushInterval: -1, // watches
		ErrorHandler:  func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		ErrorLog:      nil,
	}
	p.server = httptest.NewServer(p)
	p.Kubeconfig = p.writeKubeconfig(t)
	t.Cleanup(func() {
		p.server.CloseClientConnections()
		p.server.Close()
		utilnet.CloseIdleConnectionsFor(transport)
	})
	return p
}

// ServeHTTP passes a request on, or makes trouble.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case p.refuse != nil && p.refuse(w, r):
	case p.lose != nil && p.lose(r):
		p.proxy.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	default:
		p.proxy.ServeHTTP(w, r)
	}
}

// Break cuts every open connection, watches included.
func (p *Proxy) Break() { p.server.CloseClientConnections() }

func (p *Proxy) writeKubeconfig(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "kubeconfig")
	content := `{apiVersion: v1, kind: Config, current-context: proxy, contexts: [{name: proxy, context: {cluster: proxy}}],` +
		` clusters: [{name: proxy, cluster: {server: "` + p.server.URL + `"}}]}`
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
