package postgres

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// Codes of SQLSTATE that mean something to us.
const (
	codeWrongPassword    = "28P01"
	codeNotAllowed       = "28000"
	codeNoDatabase       = "3D000"
	codeCanceled         = "57014"
	codeReadOnly         = "25006"
	codeSeveralCommands  = "42601"
	codeTooMany          = "53300"
	codeShuttingDown     = "57P01"
	codeCrashing         = "57P02"
	codeStartingUp       = "57P03"
	codeSerialization    = "40001"
	codeDeadlock         = "40P01"
	codeIdleTransaction  = "25P03"
	classConnectionWrong = "08"
)

// Error says what is wrong with a database, a connection or a statement, in plain words.
type Error struct {
	Target  string // what people call the database
	Message string
	Code    string // SQLSTATE, "" when the server did not say one
	// Transient says that a statement which only reads may well succeed when it is asked again.
	Transient bool
	// Doubtful says that the connection was lost while a statement ran, so that it may have taken effect.
	Doubtful bool
	sql      string // the statement that it is about, "" when it is about none
	position int    // of the mistake in sql, in characters from 1; 0 when unknown
	hint     string
	cause    error
}

// Error names the database and what is wrong.
func (e *Error) Error() string { return e.Target + ": " + e.Message }

// Unwrap returns what the library said.
func (e *Error) Unwrap() error { return e.cause }

// Refused reports whether nothing listened at the address.
func Refused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }

// Transient reports whether asking again may help.
func Transient(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Transient
}

// Away reports whether the server could not be reached or went away, as it does while it is restarted.
func Away(err error) bool { return Refused(err) || Transient(err) }

// transientCode reports whether a code is one of a short list of passing states.
func transientCode(code string) bool {
	return strings.HasPrefix(code, classConnectionWrong) || slices.Contains([]string{
		codeTooMany, codeShuttingDown, codeCrashing, codeStartingUp, codeSerialization, codeDeadlock, codeIdleTransaction,
	}, code)
}

// connecting explains why there is no connection.
func (t Target) connecting(err error, limit time.Duration) error {
	e := &Error{Target: t.Label, cause: err}
	server, ok := errors.AsType[*pgconn.PgError](err)
	if ok {
		e.Code, e.Transient = server.Code, transientCode(server.Code)
		e.Message = t.refusal(server)
		return e
	}
	e.Message = t.unreachable(err, limit)
	e.Transient = errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
	return e
}

// refusal says why a server did not let us in.
func (t Target) refusal(err *pgconn.PgError) string {
	switch {
	case err.Code == codeWrongPassword && t.password == "", strings.Contains(err.Message, "empty password"):
		return fmt.Sprintf("the server wants a password of user %q and none is given; give password or passwordFrom", t.User)
	case err.Code == codeWrongPassword:
		return fmt.Sprintf("the server does not accept the password of user %q", t.User)
	case err.Code == codeNoDatabase:
		return fmt.Sprintf("there is no database called %q on %s:%d", t.Database, t.Host, t.Port)
	case err.Code == codeNotAllowed && t.tls == nil && strings.Contains(err.Message, "no encryption"):
		return fmt.Sprintf("the server lets user %q in with TLS only; give tls", t.User)
	case err.Code == codeNotAllowed:
		return fmt.Sprintf("the server does not let user %q in: %s", t.User, err.Message)
	case err.Code == codeTooMany:
		return "the server has no connection left: " + err.Message
	}
	return "the server refuses the connection: " + said(err)
}

// unreachable says why nobody answered, or nobody who speaks as a PostgreSQL server does.
func (t Target) unreachable(err error, limit time.Duration) string {
	var (
		dns       *net.DNSError
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		network   net.Error
		alert     tls.AlertError
	)
	where := fmt.Sprintf("%s:%d", t.Host, t.Port)
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return fmt.Sprintf("there is no host called %q", dns.Name)
	case Refused(err):
		return "connection refused: nothing listens on " + where
	case errors.As(err, &authority):
		return "the certificate of the server is signed by an authority that is not trusted; name that authority in tls.ca"
	case errors.As(err, &host):
		return fmt.Sprintf("the certificate of the server is not for %q, but for %s; give the name in tls.serverName", host.Host, namesOf(host.Certificate))
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Sprintf("the certificate of the server is valid from %s to %s only",
			invalid.Cert.NotBefore.Format(time.RFC3339), invalid.Cert.NotAfter.Format(time.RFC3339))
	case strings.Contains(err.Error(), "server refused TLS connection"):
		return "the server does not speak TLS; turn it on there, or remove tls"
	case errors.As(err, &alert):
		return "the server refuses the TLS connection: " + alert.Error()
	case pgconn.Timeout(err), errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return fmt.Sprintf("no answer from %s within %s", where, limit)
	case errors.Is(err, syscall.ECONNRESET), lost(err):
		return where + " closed the connection before it answered"
	case strings.Contains(err.Error(), "failed SASL auth"), strings.Contains(err.Error(), "failed GSS auth"):
		return "the server wants to log us in by a method that is not known here: " + innermost(err).Error()
	}
	return where + " answers, but not as a PostgreSQL server does: " + innermost(err).Error()
}

func innermost(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

// namesOf lists what a certificate is for.
func namesOf(c *x509.Certificate) string {
	names := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		return "nobody"
	}
	return strings.Join(names, ", ")
}

// stated explains why a statement did not succeed. limit is the statement's time limit.
func (c *Conn) stated(ctx context.Context, err error) error {
	if parent := context.Cause(ctx); parent != nil {
		slow, own := errors.AsType[*slow](parent)
		if !own {
			return parent
		}
		return &Error{Target: c.target.Label, Message: slow.Error(), Doubtful: true, cause: err}
	}
	e := &Error{Target: c.target.Label, cause: err}
	if server, ok := errors.AsType[*pgconn.PgError](err); ok {
		e.Code, e.Transient, e.position, e.hint = server.Code, transientCode(server.Code), int(server.Position), server.Hint
		e.Message = c.complaint(server)
		e.Doubtful = c.pg.IsClosed()
		return e
	}
	if large, ok := errors.AsType[*pgproto3.ExceededMaxBodyLenErr](err); ok {
		e.Message = fmt.Sprintf("one row has %d bytes, more than the %d MiB that are read; choose columns, or cut values as in left(body, 1000)", large.ActualBodyLen, mostBytes>>20)
		return e
	}
	if lost(err) {
		e.Message, e.Transient, e.Doubtful = "the connection was lost while the statement ran", true, true
		return e
	}
	e.Message, e.Doubtful = "the server answers, but not as a PostgreSQL server does: "+innermost(err).Error(), true
	return e
}

// complaint says what a server has against a statement, and what helps.
func (c *Conn) complaint(err *pgconn.PgError) string {
	switch {
	case err.Code == codeCanceled && strings.Contains(err.Message, "statement timeout"):
		return (&slow{c.limit}).Error()
	case err.Code == codeReadOnly:
		return err.Message + "; only the step sql changes a database, and only with write: true"
	case err.Code == codeSeveralCommands && strings.Contains(err.Message, "multiple commands"):
		return "these are several statements; a query is one, and exec takes a list of them"
	case err.Code == codeShuttingDown || err.Code == codeCrashing:
		return "the server was stopped or restarted while the statement ran"
	}
	return said(err)
}

// said repeats the words of a server.
func said(err *pgconn.PgError) string {
	text := err.Message
	if err.Detail != "" {
		text += ": " + strings.TrimSuffix(err.Detail, ".")
	}
	return fmt.Sprintf("%s (SQLSTATE %s)", text, err.Code)
}

// lost reports whether a connection ended in the middle.
func lost(err error) bool {
	return errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		errors.Is(err, pgconn.ErrConnClosed) || strings.HasSuffix(err.Error(), "EOF")
}

// slow is the cause of the end of a statement that took too long.
type slow struct{ limit time.Duration }

// Error says how long was waited and what helps.
func (s *slow) Error() string {
	return fmt.Sprintf("the statement took longer than %s; make it faster, or allow more with statementTimeout", s.limit)
}
