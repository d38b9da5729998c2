package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// account is where a pod finds who it is.
const account = "/var/run/secrets/kubernetes.io/serviceaccount"

// kubectl knows `annotate chaosresult NAME -n NAMESPACE KEY=VALUE --overwrite`.
func kubectl(args []string) error {
	if len(args) < 3 || args[0] != "annotate" || args[1] != "chaosresult" {
		return fmt.Errorf("kubectl: %q is not known here", args)
	}
	flags := flag.NewFlagSet("kubectl", flag.ContinueOnError)
	namespace := flags.String("n", "", "namespace")
	if err := flags.Parse(args[3:]); err != nil {
		return err
	}
	key, value, _ := strings.Cut(flags.Arg(0), "=")
	body, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]string{key: value}}})
	if err != nil {
		return err
	}
	return patch("/apis/litmuschaos.io/v1alpha1/namespaces/"+*namespace+"/chaosresults/"+args[2], body)
}

// patch sends a merge patch to the API server of the pod that this runs in.
func patch(path string, body []byte) error {
	client, err := inCluster()
	if err != nil {
		return err
	}
	token, err := os.ReadFile(filepath.Join(account, "token"))
	if err != nil {
		return err
	}
	host := net.JoinHostPort(os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT"))
	request, err := http.NewRequest(http.MethodPatch, "https://"+host+path, bytes.NewReader(body)) //nolint:noctx // the client has a limit
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/merge-patch+json")
	request.Header.Set("Authorization", "Bearer "+string(token))
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close() //nolint:errcheck // it was only read
	if response.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(response.Body, 1<<12))
		return fmt.Errorf("kubectl: %s: %s", response.Status, said)
	}
	return nil
}

func inCluster() (*http.Client, error) {
	authority, err := os.ReadFile(filepath.Join(account, "ca.crt"))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	return &http.Client{Timeout: answerTime, Transport: transport}, nil
}
