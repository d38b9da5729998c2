package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
)

// account is where a pod finds who it is.
const account = "/var/run/secrets/kubernetes.io/serviceaccount"

// apiServer is the API server of the cluster that this runs in.
type apiServer struct {
	client *http.Client
	url    string
	token  string
}

func inCluster() (apiServer, error) {
	authority, err := os.ReadFile(filepath.Join(account, "ca.crt"))
	if err != nil {
		return apiServer{}, err
	}
	token, err := os.ReadFile(filepath.Join(account, "token"))
	if err != nil {
		return apiServer{}, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	host := net.JoinHostPort(os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT"))
	return apiServer{&http.Client{Timeout: answerTime, Transport: transport}, "https://" + host, string(token)}, nil
}

// statusError is an answer that is no success.
type statusError struct {
	code int
	said string
}

// Error says what the server said.
func (e *statusError) Error() string {
	return fmt.Sprintf("the API server answers %d: %s", e.code, e.said)
}

// call sends a request; the body of a patch is a merge patch.
func (s apiServer) call(method, path string, body []byte) ([]byte, error) {
	request, err := http.NewRequest(method, s.url+path, bytes.NewReader(body)) //nolint:noctx // the client has a limit
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+s.token)
	request.Header.Set("Content-Type", "application/json")
	if method == http.MethodPatch {
		request.Header.Set("Content-Type", "application/merge-patch+json")
	}
	response, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close() //nolint:errcheck // it was only read
	said, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode/100 != 2 {
		return nil, &statusError{response.StatusCode, string(said)}
	}
	return said, nil
}
