// Package postgres starts a real PostgreSQL server for the tests of a package: on loopback, in a folder of its own, as an
// ordinary user, without fsync. It is used by tests only and starts nothing but PostgreSQL.
package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

const (
	// User is the superuser of the server, and Password is its password, also with TLS and without.
	User     = "qa"
	Password = "s3cret-pass/word"
	// readyLimit is how long the server may take to start or to stop on a busy machine.
	readyLimit = 60 * time.Second
)

// Server is a running server. It is stopped with Close.
type Server struct {
	Host string
	Port int
	// CA is a file with the certificate of the authority that signed the server's, which is for localhost only.
	CA string

	dir     string
	account account
	running *running
	count   int // of the databases that were made
}

// running is one life of the server's process.
type running struct {
	process *os.Process
	ended   chan struct{} // closed when the process has ended
}

// Start makes and starts a server. An error says how to install PostgreSQL when it is missing.
func Start(ctx context.Context) (_ *Server, err error) {
	account, err := ordinary()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "postgres-")
	if err != nil {
		return nil, err
	}
	s := &Server{Host: "127.0.0.1", dir: dir, account: account, CA: filepath.Join(dir, "ca.pem")}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if err := s.initialize(ctx); err != nil {
		return nil, err
	}
	if s.Port, err = freePort(); err != nil {
		return nil, err
	}
	return s, s.Up(ctx)
}

// program finds a program of PostgreSQL: on the path, or where Debian puts those that are not meant for the path.
func program(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if err != nil || len(found) == 0 {
		return "", fmt.Errorf("%s is missing; install PostgreSQL (Debian: apt-get install postgresql) or put its programs on the path", name)
	}
	return found[len(found)-1], nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close() //nolint:errcheck // it only held the port
	return l.Addr().(*net.TCPAddr).Port, nil
}

// initialize makes the files of the server.
func (s *Server) initialize(ctx context.Context) error {
	initdb, err := program("initdb")
	if err != nil {
		return err
	}
	password := filepath.Join(s.dir, "password")
	if err := os.WriteFile(password, []byte(Password), 0o600); err != nil {
		return err
	}
	if err := certificates(s.dir); err != nil {
		return err
	}
	if err := s.account.own(s.dir); err != nil {
		return err
	}
	command := exec.CommandContext(ctx, initdb, "-D", s.data(), "-U", User, "-A", "scram-sha-256", "--pwfile", password, "--no-sync", "-E", "UTF8", "--locale=C")
	command.Dir, command.SysProcAttr = s.dir, s.account.attributes()
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, output)
	}
	return s.configure()
}

// configure adds to the settings that initdb has written. They are not given on the command line, so that a test can
// change them by alter system.
func (s *Server) configure() error {
	file, err := os.OpenFile(filepath.Join(s.data(), "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(file, "unix_socket_directories = ''\nfsync = off\nfull_page_writes = off\nssl = on\nssl_cert_file = '%s'\nssl_key_file = '%s'\n",
		filepath.Join(s.dir, "server.pem"), filepath.Join(s.dir, "server.key"))
	return errors.Join(err, file.Close())
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// Up starts the server after Start or Down, and waits until it takes connections.
func (s *Server) Up(ctx context.Context) error {
	path, err := program("postgres")
	if err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close() //nolint:errcheck // the server has its own
	command := exec.Command(path, "-D", s.data(), "-h", s.Host, "-p", strconv.Itoa(s.Port))
	command.Dir, command.Stdout, command.Stderr, command.SysProcAttr = s.dir, log, log, s.account.attributes()
	if s.running, err = launch(command); err != nil {
		return err
	}
	return s.untilReady(ctx)
}

// launch starts a process that ends when this one does. The system ties that to the thread that has started it, so the
// thread stays until the process has ended.
func launch(command *exec.Cmd) (*running, error) {
	r := &running{ended: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := command.Start()
		r.process = command.Process
		started <- err
		if err == nil {
			defer close(r.ended)
			_ = command.Wait() // how it ended shows in its log
		}
	}()
	return r, <-started
}

// untilReady waits until the log says that connections are taken.
func (s *Server) untilReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for {
		if status, err := os.ReadFile(filepath.Join(s.data(), "postmaster.pid")); err == nil {
			if lines := strings.Split(string(status), "\n"); len(lines) > 7 && strings.TrimSpace(lines[7]) == "ready" &&
				lines[0] == strconv.Itoa(s.running.process.Pid) {
				return nil
			}
		}
		select {
		case <-ticker.C:
		case <-s.running.ended:
			return fmt.Errorf("PostgreSQL ended at once:\n%s", s.log())
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL is not ready after %s:\n%s", readyLimit, s.log())
		}
	}
}

func (s *Server) log() []byte {
	text, err := os.ReadFile(filepath.Join(s.dir, "log"))
	if err != nil {
		return []byte(err.Error())
	}
	return bytes.TrimSpace(text)
}

// Down stops the server as an administrator does who does not wait for clients: their connections end at once.
func (s *Server) Down() error { return s.end(os.Interrupt) }

// Crash kills every process of the server without a word to the clients.
func (s *Server) Crash() error { return s.end(quit) }

func (s *Server) end(signal os.Signal) error {
	if s.running == nil {
		return nil
	}
	select {
	case <-s.running.ended:
		return nil
	default:
	}
	if err := s.running.process.Signal(signal); err != nil {
		return err
	}
	timer := time.NewTimer(readyLimit)
	defer timer.Stop()
	select {
	case <-s.running.ended:
		return nil
	case <-timer.C:
		return errors.Join(fmt.Errorf("PostgreSQL has not ended after %s", readyLimit), s.running.process.Kill())
	}
}

// Close stops the server and removes its files.
func (s *Server) Close() error { return errors.Join(s.Crash(), os.RemoveAll(s.dir)) }
