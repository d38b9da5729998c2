package web

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// ConnectionError says that a request got no answer.
type ConnectionError struct {
	Request string // method and address
	Reason  string
	cause   error
}

// Error names the request and the reason.
func (e *ConnectionError) Error() string { return e.Request + ": " + e.Reason }

// Unwrap returns what Go said.
func (e *ConnectionError) Unwrap() error { return e.cause }

// Refused reports whether nothing listened at the address.
func Refused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }

var errRedirects = fmt.Errorf("gave up after %d redirects", mostRedirects)

// slow is the cause of the end of a request that took too long.
type slow struct{ limit time.Duration }

// Error says how long was waited.
func (s *slow) Error() string { return "no answer within " + s.limit.String() }

// Reason says in plain words what is wrong with a connection, and what helps.
func Reason(err error) string {
	var (
		urlError  *url.Error
		dns       *net.DNSError
		operation *net.OpError
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		record    tls.RecordHeaderError
	)
	if errors.As(err, &urlError) {
		err = urlError.Err
	}
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return fmt.Sprintf("there is no host called %q", dns.Name)
	case Refused(err) && errors.As(err, &operation) && operation.Addr != nil:
		return fmt.Sprintf("connection refused: nothing listens on %s", operation.Addr)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "the server closed the connection in the middle of its answer"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.EOF):
		return "the server closed the connection before it answered"
	case errors.As(err, &authority):
		return "the certificate of the server is signed by an authority that is not trusted; name that authority in tls.ca"
	case errors.As(err, &host):
		return fmt.Sprintf("the certificate of the server is not for %q, but for %s; give the name in tls.serverName", host.Host, strings.Join(namesOf(host.Certificate), ", "))
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Sprintf("the certificate of the server is valid from %s to %s only",
			invalid.Cert.NotBefore.Format(time.RFC3339), invalid.Cert.NotAfter.Format(time.RFC3339))
	case refusesUs(err):
		return "the server wants a certificate of ours that it trusts; name one in tls.certificate and tls.key"
	case errors.As(err, &record), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return "the server does not speak TLS; use http:// in the address"
	case strings.Contains(err.Error(), "malformed HTTP "), strings.Contains(err.Error(), "malformed MIME header"):
		return "what the server says is no HTTP"
	}
	return err.Error()
}

// refusesUs reports whether a server ended the handshake because of our own certificate.
func refusesUs(err error) bool {
	alert, ok := errors.AsType[tls.AlertError](err)
	const badCertificate, unknownAuthority, certificateRequired = 42, 48, 116 // RFC 8446, 6.2
	return ok && (alert == badCertificate || alert == unknownAuthority || alert == certificateRequired) ||
		strings.Contains(err.Error(), "remote error: tls: certificate required") || strings.Contains(err.Error(), "remote error: tls: unknown certificate authority")
}

// namesOf lists what a certificate is for.
func namesOf(c *x509.Certificate) []string {
	names := append([]string{}, c.DNSNames...)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		return []string{"nobody"}
	}
	return names
}
