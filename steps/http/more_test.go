package http

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

// flaky refuses the first n requests in a way, and takes the next ones.
func flaky(t *testing.T, n int64, refuse http.HandlerFunc) (url string, asked *atomic.Int64) {
	t.Helper()
	asked = &atomic.Int64{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) <= n {
			refuse(w, r)
			return
		}
		fmt.Fprint(w, `{"state": "done"}`)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(server.Close)
	return server.URL, asked
}

func busy(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }

func gone(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func later(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Retry-After", "0")
	w.WriteHeader(http.StatusTooManyRequests)
}

func TestRetry(t *testing.T) {
	for name, c := range map[string]struct {
		refuse http.HandlerFunc
		body   string
		asked  int64
		want   string
	}{
		"busy":                {busy, `{url: "${{ vars.url }}", retry: {wait: 1ms}}`, 3, ""},
		"busy too long":       {busy, `{url: "${{ vars.url }}", retry: {times: 1, wait: 1ms}}`, 2, "GET URL answered 503 Service Unavailable; expected 200 to 299"},
		"busy, changing":      {busy, `{url: "${{ vars.url }}", json: 1, retry: {wait: 1ms}}`, 3, ""},
		"another status":      {busy, `{url: "${{ vars.url }}", retry: {status: 500, wait: 1ms}}`, 1, "GET URL answered 503 Service Unavailable; expected 200 to 299"},
		"told when":           {later, `{url: "${{ vars.url }}", retry: {wait: 1h}}`, 3, ""},
		"lost":                {gone, `{url: "${{ vars.url }}", retry: {wait: 1ms}}`, 3, ""},
		"lost, changing":      {gone, `{url: "${{ vars.url }}", json: 1, retry: {wait: 1ms}}`, 1, "POST URL: the server closed the connection before it answered"},
		"without a rule":      {busy, `{url: "${{ vars.url }}"}`, 1, "GET URL answered 503 Service Unavailable; expected 200 to 299"},
		"expected all along":  {busy, `{url: "${{ vars.url }}", expect: {status: 503}, retry: {times: 1, wait: 1ms}}`, 2, ""},
		"waits twice as long": {busy, `{url: "${{ vars.url }}", retry: {times: 2, wait: 20ms}}`, 3, ""},
	} {
		t.Run(name, func(t *testing.T) {
			url, asked := flaky(t, 2, c.refuse)
			u, host := use(t, url)
			out, err := u.Do(t.Context(), t, c.body)
			got := ""
			if err != nil {
				got = strings.ReplaceAll(err.Error(), url, "URL")
			}
			if got != c.want || asked.Load() != c.asked || out["attempts"] != int(c.asked) && c.want == "" {
				t.Errorf("got %s after %d requests, outputs %v; want %s after %d", got, asked.Load(), out, c.want, c.asked)
			}
			if strings.HasPrefix(name, "waits") {
				want := []string{
					"GET URL: it was answered with 503 Service Unavailable; sending it again in 20ms",
					"GET URL: it was answered with 503 Service Unavailable; sending it again in 40ms",
				}
				var seen []string
				for _, line := range host.Seen() {
					seen = append(seen, strings.ReplaceAll(line, url, "URL"))
				}
				if d := cmp.Diff(want, seen); d != "" {
					t.Errorf("-want +got\n%s", d)
				}
			}
		})
	}
}

func TestBurst(t *testing.T) {
	for name, c := range map[string]struct {
		refuse   http.HandlerFunc
		body     string
		statuses map[string]any
		lost     int
		want     string
		verdict  step.Verdict
	}{
		"all good":      {nil, `{url: "${{ vars.url }}", count: 20, expect: {that: response.body.state == "done"}}`, map[string]any{"200": 20}, 0, "", step.Passed},
		"some refused":  {busy, `{url: "${{ vars.url }}", count: 8, parallel: 1}`, map[string]any{"200": 6, "503": 2}, 0, "2 of 8 answers are not as expected; the first of them: GET URL answered 503 Service Unavailable; expected 200 to 299", step.Failed},
		"refused is ok": {busy, `{url: "${{ vars.url }}", count: 8, expect: {status: [200, 503]}}`, map[string]any{"200": 6, "503": 2}, 0, "", step.Passed},
		"some lost":     {gone, `{url: "${{ vars.url }}", json: 1, count: 8}`, map[string]any{"200": 6}, 2, "2 of 8 requests got no answer, 6 were answered with 200; the first of them: POST URL: the server closed the connection before it answered", step.Errored},
		"again":         {busy, `{url: "${{ vars.url }}", count: 8, retry: {wait: 1ms}}`, map[string]any{"200": 8}, 0, "", step.Passed},
	} {
		t.Run(name, func(t *testing.T) {
			n := int64(2)
			if c.refuse == nil {
				n = 0
			}
			url, _ := flaky(t, n, c.refuse)
			u, _ := use(t, url)
			out, err := u.Do(t.Context(), t, c.body)
			expectError(t, err, url, c.want, c.verdict)
			if d := cmp.Diff(c.statuses, out["statuses"]); d != "" || out["lost"] != c.lost {
				t.Errorf("lost %v, statuses (-want +got):\n%s", out["lost"], d)
			}
		})
	}
}

const order = `schema: {type: object, required: [state, items], properties: {state: {type: string}, items: {type: array, items: {type: object, properties: {name: {type: string}, count: {type: integer}}}}}}`

func TestSchema(t *testing.T) {
	server := httptest.NewServer(handler())
	t.Cleanup(server.Close)
	for body, want := range map[string]string{
		`{url: "${{ vars.url }}/order", expect: {` + order + `}}`:                                                                "",
		`{url: "${{ vars.url }}/order", expect: {schema: {type: object, required: [id], properties: {state: {type: integer}}}}}`: `the body of the answer to GET URL/order does not fit its schema: state: expected integer, but got string (and 1 more)`,
		`{url: "${{ vars.url }}/broken", expect: {status: 503, schema: {type: object}}}`:                                         `the body of the answer to GET URL/broken does not fit its schema: the whole: expected object, but got string`,
	} {
		u, _ := use(t, server.URL)
		_, err := u.Do(t.Context(), t, body)
		verdict := step.Passed
		if want != "" {
			verdict = step.Failed
		}
		expectError(t, err, server.URL, want, verdict)
		if f, ok := errors.AsType[*step.Failure](err); ok && f.Sections[len(f.Sections)-1].Title != "answer" {
			t.Errorf("the answer is not shown: %v", f.Sections)
		}
	}
	for body, want := range map[string]string{
		`{url: http://a, expect: {that: response.body.sate == "open", ` + order + `}}`:           `step.yaml:1:46: unknown field "sate" of response.body; did you mean "state"? it has items, state [unknown-field]`,
		`{url: http://a, until: 'response.body.items[0].count == "2"', expect: {` + order + `}}`: `== can't join a whole number and text`,
		`{url: http://a, expect: {schema: {type: objekt}}}`:                                      `step.yaml:1:26: this is no JSON schema: type: expected array, but got string; type: value must be one of`,
		`{url: http://a, expect: {schema: {$ref: "http://b/s.json"}}}`:                           `step.yaml:1:26: this is no JSON schema: it refers to http://b/s.json; a schema has to stand alone`,
		`{url: http://a, expect: {schema: text}}`:                                                `step.yaml:1:34: a schema is a mapping, such as {type: object} [invalid-value]`,
		`{url: http://a, count: 0}`:                                                              `step.yaml:1:24: expected 1 to 10000, found 0; loadTest sends more [invalid-value]`,
		`{url: http://a, count: 2, until: response.status == 200}`:                               `step.yaml:1:24: count means nothing beside until, which looks at one answer at a time [invalid-value]`,
		`{url: http://a, parallel: 2}`:                                                           `step.yaml:1:27: parallel means nothing without count [invalid-value]`,
		`{url: http://a, count: 2, parallel: -1}`:                                                `step.yaml:1:37: expected 1 or more, found -1 [invalid-value]`,
		`{url: http://a, retry: {times: 0}}`:                                                     `step.yaml:1:32: expected 1 or more, found 0 [invalid-value]`,
		`{url: http://a, retry: {}, until: response.status == 200}`:                              `step.yaml:1:17: retry means nothing beside until, which asks again anyway [invalid-value]`,
		`{url: http://a, serviceAccount: {name: x, lifetime: 1m}}`:                               `step.yaml:1:53: a cluster makes no token that is good for less than 10m0s; found 1m0s [invalid-value]`,
		`{url: http://a, serviceAccount: x, headers: {authorization: Basic x}}`:                  `step.yaml:1:33: only one of serviceAccount, headers.authorization can be given [exclusive-fields]`,
		`{url: https://a, tls: {certificate: a.pem}}`:                                            `step.yaml:1:18: certificate needs key beside it [missing-field]`,
		`{url: https://a, tls: {certificate: ../a.pem, key: b.pem}}`:                             `step.yaml:1:37: "../a.pem" is outside the scenario's folder; paths in a scenario stay inside it [invalid-value]`,
		`{url: https://a, tls: {certificate: a, key: b, certificateData: x, keyData: y}}`:        `step.yaml:1:65: only one of certificate, certificateData can be given [exclusive-fields]`,
	} {
		_, got := steptest.Use{Definition: New(kube.NewEnv(kube.Options{}))}.Compile(t, body)
		if line, _, _ := strings.Cut(got, "\n"); !strings.Contains(line, want) {
			t.Errorf("%s\ngot  %s\nwant %s", body, line, want)
		}
	}
}

// hijacked serves connections by hand.
func hijacked(t *testing.T, answer string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, answer)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestAnswersThatAreNone(t *testing.T) {
	for answer, want := range map[string]string{
		"":              "GET URL: the server closed the connection before it answered",
		"hello\r\n\r\n": "GET URL: what the server says is no HTTP",
		"HTTP/1.1 200 OK\r\nnot a header\r\n\r\n":          "GET URL: what the server says is no HTTP",
		"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf": "GET URL: the server closed the connection in the middle of its answer",
	} {
		url := hijacked(t, answer)
		u, _ := use(t, url)
		_, err := u.Do(t.Context(), t, `${{ vars.url }}`)
		expectError(t, err, url, want, step.Errored)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, "who are you?")
	}))
	t.Cleanup(server.Close)
	u, host := use(t, server.URL)
	_, err := u.Do(t.Context(), t, `{url: "${{ vars.url }}", headers: {Authorization: "Bearer ${{ vars.token }}"}}`)
	expectError(t, err, server.URL, "GET URL answered 401 Unauthorized; expected 200 to 299", step.Failed)
	if !slices.Contains(host.Secrets(), "s3cr3t-token") {
		t.Errorf("the token is not masked; masked are %q", host.Secrets())
	}
}

// selfSigned makes a certificate that is its own authority.
func selfSigned(t *testing.T) (certificate, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "tester"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
}

func TestOwnCertificate(t *testing.T) {
	trusted, key := selfSigned(t)
	stranger, strangerKey := selfSigned(t)
	server := httptest.NewUnstartedServer(handler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(trusted)
	server.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}
	server.StartTLS()
	t.Cleanup(server.Close)
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	const refused = "GET URL/order: the server wants a certificate of ours that it trusts; name one in tls.certificate and tls.key"
	for name, c := range map[string]struct {
		more             string
		certificate, key []byte
		want             string
	}{
		"trusted":     {", certificateData: '${{ vars.certificate }}', keyData: '${{ vars.key }}'", trusted, key, ""},
		"none":        {"", nil, nil, refused},
		"a stranger":  {", certificateData: '${{ vars.certificate }}', keyData: '${{ vars.key }}'", stranger, strangerKey, refused},
		"other key":   {", certificateData: '${{ vars.certificate }}', keyData: '${{ vars.key }}'", trusted, strangerKey, "tls.certificate and its key can't be used: private key does not match public key"},
		"no such key": {", certificate: c.pem, key: k.pem", nil, nil, "tls.certificate: openat c.pem: no such file or directory"},
	} {
		t.Run(name, func(t *testing.T) {
			u, _ := use(t, server.URL)
			vars := u.Run.Scope["vars"].(map[string]any)
			vars["ca"], vars["certificate"], vars["key"] = ca, string(c.certificate), string(c.key)
			_, err := u.Do(t.Context(), t, `{url: "${{ vars.url }}/order", tls: {caData: '${{ vars.ca }}'`+c.more+`}}`)
			verdict := step.Passed
			if c.want != "" {
				verdict = step.Errored
			}
			expectError(t, err, server.URL, c.want, verdict)
		})
	}
}

func TestTokenOfAServiceAccount(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	c.Apply(t, "{apiVersion: v1, kind: ServiceAccount, metadata: {name: dashboard}}")
	server := httptest.NewServer(handler())
	t.Cleanup(server.Close)
	run := *c.Run
	host := steptest.NewHost(t)
	run.Host = host
	u := steptest.Use{Definition: New(c.Env), Run: &run}
	out, err := u.Do(t.Context(), t, `{url: "`+server.URL+`/echo", serviceAccount: {name: dashboard, audiences: shop}}`)
	if err != nil {
		t.Fatal(err)
	}
	token, ok := strings.CutPrefix(out["headers"].(map[string]any)["x-auth"].(string), "Bearer ")
	if parts := strings.Split(token, "."); !ok || len(parts) != 3 {
		t.Errorf("sent %q, which is no token", token)
	}
	if !slices.Contains(host.Secrets(), token) {
		t.Error("the token is not masked")
	}
	_, err = u.Do(t.Context(), t, `{url: "`+server.URL+`/echo", serviceAccount: nobody}`)
	want := "make a token of service account nobody in namespace " + c.Run.Scenario.Namespace + `: serviceaccounts "nobody" not found`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

const workload = `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: web
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: app, image: a, ports: [{name: http, containerPort: 8080}]}]}
`

func TestThroughAService(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	c.Apply(t, "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: {app: web}, ports: [{name: front, port: 80, targetPort: http}]}}")
	c.Apply(t, workload)
	u := steptest.Use{Definition: New(c.Env), Run: c.Run}
	out, err := u.Do(t.Context(), t, `{url: http://web.test/healthz, through: {to: service/web, port: front}, until: response.status == 200, every: 50ms, within: 30s}`)
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("[simulated] pod %s/web-0, port 8080, GET /healthz\n", c.Target.Namespace); out["text"] != want {
		t.Errorf("got %q, want %q", out["text"], want)
	}
	_, err = u.Do(t.Context(), t, `{url: http://web.test/, through: {to: service/web, port: back}, requestTimeout: 5s}`)
	const want = "GET http://web.test/: through service/web, port back: "
	if err == nil || !strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), "front") {
		t.Errorf("got %v, want %s and the ports that there are", err, want)
	}
}
