package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Unreachable says that the server never answered, not even once.
type Unreachable struct {
	Server string
	Cause  error
}

// Error names the server and the plain reason.
func (u *Unreachable) Error() string { return "can't reach " + u.Server + ": " + plainReason(u.Cause) }

// Unwrap returns the network error.
func (u *Unreachable) Unwrap() error { return u.Cause }

// Silent says that the caller's time ended while nobody answered, which is not the same as an answer that is not to the
// caller's liking.
type Silent struct {
	Ended    error // why the caller's time ended
	Attempts int
	Last     error
}

// Error tells of the last attempt.
func (s *Silent) Error() string {
	return fmt.Sprintf("%v after %d attempts; the last one: %s", s.Ended, s.Attempts, plainReason(s.Last))
}

// Unwrap returns why the time ended, and the error of the last attempt.
func (s *Silent) Unwrap() []error { return []error{s.Ended, s.Last} }

// Refused reports whether err says that no connection could be made at all.
func Refused(err error) bool { return isDial(err) }

// errAttemptTimeout ends one attempt of a request that hangs.
var errAttemptTimeout = errors.New("the server did not answer in time")

// errCutShort says that an answer ended early although its connection looks good, as a proxy on the way may do it.
var errCutShort = fmt.Errorf("the answer of the server is cut short: %w", io.ErrUnexpectedEOF)

// whole reports whether the body of an answer that should be JSON is complete.
func whole(response *http.Response, body []byte) bool {
	isJSON := strings.HasPrefix(response.Header.Get("Content-Type"), "application/json")
	return !isJSON || response.StatusCode == http.StatusNoContent || json.Valid(body)
}

// Transient reports whether an error of the API is expected to go away by itself. The list is closed: 429, 502, 503 and
// 504, a 500 of etcd changing its leader, a conflict on a quota, a namespace whose default service account is not there
// yet, and the network. Everything else is an error at once: a 403 never becomes a silent timeout.
func Transient(err error) bool {
	if status, ok := errors.AsType[*apierrors.StatusError](err); ok {
		return transientStatus(status.ErrStatus)
	}
	return isNetwork(err)
}

func transientStatus(status metav1.Status) bool {
	switch status.Code {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return !isDisruptionBudget(status)
	case http.StatusInternalServerError:
		return status.Reason == metav1.StatusReasonServerTimeout || containsAny(status.Message,
			"etcdserver: leader changed", "etcdserver: no leader", "etcdserver: request timed out",
			"raft proposal dropped", "etcdserver: too many requests")
	case http.StatusConflict:
		return strings.Contains(status.Message, "Operation cannot be fulfilled on resourcequota")
	case http.StatusForbidden:
		return containsAny(status.Message, "status unknown for quota", `error looking up service account`) &&
			containsAny(status.Message, "status unknown for quota", `serviceaccount "default" not found`)
	}
	return false
}

// isDisruptionBudget tells the 429 of an eviction that a budget refuses from the 429 of a server that is busy.
func isDisruptionBudget(status metav1.Status) bool {
	return status.Details != nil && slices.ContainsFunc(status.Details.Causes, func(cause metav1.StatusCause) bool {
		return cause.Type == "DisruptionBudget"
	})
}

// doubtful reports whether err is a 500 without a known reason: it is tried a few times, but not until the end.
func doubtful(err error) bool {
	status, ok := errors.AsType[*apierrors.StatusError](err)
	return ok && status.ErrStatus.Code == http.StatusInternalServerError && !transientStatus(status.ErrStatus)
}

// isNetwork reports whether err came from the network between us and a server that exists.
func isNetwork(err error) bool {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return !dns.IsNotFound
	}
	for _, known := range []error{
		errAttemptTimeout, io.EOF, io.ErrUnexpectedEOF, syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.ECONNABORTED,
		syscall.EPIPE, syscall.ETIMEDOUT, syscall.EHOSTUNREACH, syscall.ENETUNREACH,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	if operation, ok := errors.AsType[*net.OpError](err); ok {
		return operation.Timeout() || operation.Op == "read" || operation.Op == "write"
	}
	// net/http keeps the types of its HTTP/2 errors to itself.
	return containsAny(err.Error(), "http2: server sent GOAWAY", "http2: client connection", "http2: stream closed",
		"http2: timeout awaiting response headers", "stream error: stream ID", "server closed idle connection",
		"TLS handshake timeout", "http2: Transport received Server's graceful shutdown GOAWAY")
}

// isDial reports whether no connection could be made, so that the request never left.
func isDial(err error) bool {
	operation, ok := errors.AsType[*net.OpError](err)
	return ok && operation.Op == "dial"
}

func containsAny(text string, parts ...string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(text, part) })
}

// plainReason drops the prefixes that net/http puts before a network error.
func plainReason(err error) string {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, errAttemptTimeout):
		return errAttemptTimeout.Error()
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return "no such host " + dns.Name
	}
	if operation, ok := errors.AsType[*net.OpError](err); ok && operation.Timeout() {
		return "no answer to the attempt to connect"
	}
	return err.Error()
}

// RetryAfter returns how long the server asked to wait, or 0.
func RetryAfter(err error) time.Duration {
	seconds, ok := apierrors.SuggestsClientDelay(err)
	if !ok {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// statusError reads the body of a refused request.
func statusError(request Request, response *http.Response) error {
	body, _ := io.ReadAll(io.LimitReader(response.Body, 1<<20)) // what can be read is all there is to say
	if !whole(response, body) && len(body) < 1<<20 {
		return errCutShort // a reason that was lost may be one that is worth another attempt
	}
	after, _ := strconv.Atoi(response.Header.Get("Retry-After"))
	var status metav1.Status
	if json.Unmarshal(body, &status) == nil && status.Kind == "Status" && status.Code != 0 {
		if after > 0 {
			if status.Details == nil {
				status.Details = &metav1.StatusDetails{}
			}
			status.Details.RetryAfterSeconds = int32(after)
		}
		return &apierrors.StatusError{ErrStatus: schemaError(status)}
	}
	text := strings.TrimSpace(string(body))
	if len(text) > 500 {
		text = text[:500] + "…"
	}
	return apierrors.NewGenericServerResponse(response.StatusCode, request.Method, schema.GroupResource{}, request.Path, text, after, true)
}

// schemaError turns the 500 that servers answer to an applied object with unknown fields or wrong types into the refusal
// that it is, and keeps the part of its text that says what is wrong.
func schemaError(status metav1.Status) metav1.Status {
	_, detail, found := strings.Cut(status.Message, "failed to create typed patch object (")
	if !found || status.Code != http.StatusInternalServerError {
		return status
	}
	if _, reason, ok := strings.Cut(detail, "): "); ok {
		lines := strings.FieldsFunc(strings.TrimPrefix(reason, "errors:"), func(r rune) bool { return r == '\n' })
		for i := range lines {
			lines[i] = strings.TrimSpace(lines[i])
		}
		status.Message = strings.Join(lines, "; ")
	}
	status.Code, status.Reason = http.StatusUnprocessableEntity, metav1.StatusReasonInvalid
	return status
}

// IsDisruptionBudget reports whether err is the refusal of an eviction by a PodDisruptionBudget. Trying again at once is
// of no use.
func IsDisruptionBudget(err error) bool {
	status, ok := errors.AsType[*apierrors.StatusError](err)
	return ok && isDisruptionBudget(status.ErrStatus)
}

// MayHaveWorked reports whether a request that ended with err may have had its effect, by its last attempt or by an
// earlier one: the answer was lost, or came from something between us and the server.
func MayHaveWorked(err error) bool {
	if _, ok := errors.AsType[*doubted](err); ok {
		return true
	}
	if status, ok := errors.AsType[*apierrors.StatusError](err); ok {
		return status.ErrStatus.Code >= http.StatusInternalServerError
	}
	return isNetwork(err) && !isDial(err)
}
