package supervise

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// postgresUser is the superuser of the database server.
const postgresUser = "sandbox"

// debianPostgres is where Debian keeps the programs of PostgreSQL, which are not on the path there.
const debianPostgres = "/usr/lib/postgresql/*/bin"

// postgresFiles are the files of a database server that was made and not started yet.
type postgresFiles struct {
	server, password, data string
	// account is the user that the server runs as; nil is the present one.
	account *syscall.Credential
}

// postgresFiles makes the files of a database server, whose password is a random one.
func (s *supervisor) postgresFiles() (postgresFiles, error) {
	initdb, err := findPostgres("initdb")
	if err != nil {
		return postgresFiles{}, err
	}
	server, err := findPostgres("postgres")
	if err != nil {
		return postgresFiles{}, err
	}
	account, err := ordinaryAccount()
	if err != nil {
		return postgresFiles{}, err
	}
	home := filepath.Join(s.options.Place.Folder(), Postgres)
	files := postgresFiles{server: server, password: filepath.Join(home, "password"), data: filepath.Join(home, "data"), account: account}
	if err := os.MkdirAll(files.data, 0o700); err != nil {
		return files, fmt.Errorf("make the folder of the databases: %w", err)
	}
	if err := os.WriteFile(files.password, []byte(rand.Text()), 0o600); err != nil {
		return files, fmt.Errorf("keep the password of the databases: %w", err)
	}
	return files, files.initialize(initdb)
}

// initialize makes the database server's own files, as the user that it runs as.
func (f postgresFiles) initialize(initdb string) error {
	if err := f.give(); err != nil {
		return err
	}
	reach := reach{direct: f.account == nil, first: lifelineDescriptor}
	defer reach.close()
	data, err := reach.path(f.data)
	if err != nil {
		return err
	}
	password, err := reach.path(f.password)
	if err != nil {
		return err
	}
	command := exec.Command(initdb, "--pgdata="+data, "--username="+postgresUser, "--auth=scram-sha-256", "--pwfile="+password, "--no-sync", "--encoding=UTF8", "--locale=C")
	command.ExtraFiles, command.Dir, command.SysProcAttr = reach.files, "/", &syscall.SysProcAttr{Credential: f.account}
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("make the files of the add-on %s: initdb: %w\n%s", Postgres, err, indent(strings.TrimSpace(string(output))))
	}
	return nil
}

// give makes the files those of the server's user.
func (f postgresFiles) give() error {
	if f.account == nil {
		return nil
	}
	for _, path := range []string{f.data, f.password} {
		if err := os.Chown(path, int(f.account.Uid), int(f.account.Gid)); err != nil {
			return fmt.Errorf("give the files of the databases to another user: %w", err)
		}
	}
	return nil
}

func (s *supervisor) tryPostgres(ctx context.Context, f postgresFiles) (Addon, error) {
	listen, err := choosePorts()
	if err != nil {
		return Addon{}, err
	}
	reach := reach{direct: f.account == nil, first: lifelineDescriptor + 1}
	defer reach.close()
	data, err := reach.path(f.data)
	if err != nil {
		return Addon{}, err
	}
	how := launch{
		program: f.server, arguments: postgresArguments(data, listen.api), folder: "/", account: f.account, files: reach.files,
		// It ends the processes of its clients, which would write for a moment more otherwise.
		farewell: syscall.SIGQUIT,
	}
	started := Addon{
		Name: Postgres, PasswordFile: f.password,
		URL: fmt.Sprintf("postgres://%s@%s:%d/postgres", postgresUser, Address, listen.api),
	}
	return started, s.runAddon(ctx, Postgres, how, f.ready)
}

// postgresArguments are the settings of a server that is thrown away: nothing waits for the disk, and it keeps small.
func postgresArguments(data string, port int) []string {
	arguments := []string{"-D", data, "-h", Address, "-p", strconv.Itoa(port)}
	for _, setting := range []string{
		"unix_socket_directories=", "fsync=off", "full_page_writes=off", "synchronous_commit=off", "wal_level=minimal", "max_wal_senders=0",
		"shared_buffers=32MB", "max_connections=300", "jit=off", "timezone=UTC", "log_timezone=UTC", "log_checkpoints=off",
	} {
		arguments = append(arguments, "-c", setting)
	}
	return arguments
}

// ready reports whether the server takes connections, which it says in a file.
func (f postgresFiles) ready(_ context.Context, running *process) bool {
	status, err := os.ReadFile(filepath.Join(f.data, "postmaster.pid"))
	if err != nil {
		return false
	}
	lines := strings.Split(string(status), "\n")
	return len(lines) > 7 && strings.TrimSpace(lines[7]) == "ready" && lines[0] == strconv.Itoa(running.command.Process.Pid)
}

// findPostgres finds a program of PostgreSQL: on the path, or where Debian has the newest one.
func findPostgres(name string) (string, error) {
	if found, err := exec.LookPath(name); err == nil {
		return found, nil
	}
	return newestPostgres(name, debianPostgres)
}

// newestPostgres finds a program in the folder of the highest version.
func newestPostgres(name, folders string) (string, error) {
	found, err := filepath.Glob(filepath.Join(folders, name))
	if err != nil || len(found) == 0 {
		return "", fmt.Errorf("the add-on %s is not installed: there is no %s on PATH, nor in %s; "+
			"run `make addons` in the source tree, install PostgreSQL (Debian: apt-get install postgresql), or name a database of your own in scenario-runner.yaml",
			Postgres, name, folders)
	}
	return slices.MaxFunc(found, func(a, b string) int { return majorVersion(a) - majorVersion(b) }), nil
}

// majorVersion returns the number in a path such as /usr/lib/postgresql/15/bin/initdb.
func majorVersion(path string) int {
	version, err := strconv.ParseFloat(filepath.Base(filepath.Dir(filepath.Dir(path))), 64)
	if err != nil {
		return 0
	}
	return int(version)
}
