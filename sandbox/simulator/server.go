package simulator

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"k8s.io/client-go/kubernetes"
)

const (
	headerTimeout = 10 * time.Second
	// streamTimeout bounds how long an exec or port-forward stream may take to be set up and to stay silent.
	streamTimeout = 30 * time.Second
)

// ServerOptions say where the kubelets answer and how they and their callers prove themselves.
type ServerOptions struct {
	// Listen is the address with the port.
	Listen string
	// CertificateFile and KeyFile are the server's.
	CertificateFile string
	KeyFile         string
	// ClientAuthorityFile has signed the certificates of those who may call.
	ClientAuthorityFile string
}

// server is the kubelet endpoint of all simulated nodes, which share one address.
type server struct {
	net.Listener
	port int
	tls  *tls.Config
}

// listen opens the port before the engine starts, since the nodes report it.
func listen(ctx context.Context, options ServerOptions) (*server, error) {
	config, err := serverTLS(options)
	if err != nil {
		return nil, err
	}
	var listening net.ListenConfig
	listener, err := listening.Listen(ctx, "tcp", options.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen as kubelet: %w", err)
	}
	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		return nil, errors.Join(fmt.Errorf("listen as kubelet: found an address of type %T", listener.Addr()), listener.Close())
	}
	return &server{Listener: listener, port: address.Port, tls: config}, nil
}

// serverTLS asks every caller for a certificate of the sandbox's own authority: in practice only the API server has one
// that it presents here.
func serverTLS(options ServerOptions) (*tls.Config, error) {
	certificate, err := tls.LoadX509KeyPair(options.CertificateFile, options.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("read the certificate of the kubelets: %w", err)
	}
	authority, err := os.ReadFile(options.ClientAuthorityFile)
	if err != nil {
		return nil, fmt.Errorf("read the authority of the kubelets' callers: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(authority) {
		return nil, fmt.Errorf("read the authority of the kubelets' callers: found no certificate in %s", options.ClientAuthorityFile)
	}
	return &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{certificate},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    pool,
		// Exec and port-forward upgrade their connection, which HTTP/2 doesn't know.
		NextProtos: []string{"http/1.1"},
	}, nil
}

// serve answers until the context ends.
func (s *server) serve(ctx context.Context, client kubernetes.Interface) error {
	k := &kubelet{client: client}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(response http.ResponseWriter, _ *http.Request) { response.WriteHeader(http.StatusOK) })
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", k.logs)
	for _, path := range []string{"/exec/{namespace}/{pod}/{container}", "/exec/{namespace}/{pod}/{uid}/{container}"} {
		mux.HandleFunc(path, k.exec)
	}
	for _, path := range []string{"/attach/{namespace}/{pod}/{container}", "/attach/{namespace}/{pod}/{uid}/{container}"} {
		mux.HandleFunc(path, k.attach)
	}
	for _, path := range []string{"/portForward/{namespace}/{pod}", "/portForward/{namespace}/{pod}/{uid}"} {
		mux.HandleFunc(path, k.portForward)
	}
	server := &http.Server{
		Handler: mux, TLSConfig: s.tls, ReadHeaderTimeout: headerTimeout,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	served := make(chan error, 1)
	go func() { served <- server.ServeTLS(s.Listener, "", "") }()
	select {
	case err := <-served:
		return fmt.Errorf("answer as kubelet: %w", err)
	case <-ctx.Done():
	}
	err := server.Close()
	if ended := <-served; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}
