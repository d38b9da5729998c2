// Package place knows where a sandbox keeps its files: the folder of each named sandbox in the user's cache, the paths
// in it, and the locks that tell whether it is alive. It starts nothing and talks to no cluster.
package place

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Folders and files of a sandbox are for its user alone: they hold the administrator's key.
const (
	folderMode = 0o700
	fileMode   = 0o600
)

// maximumSocketPath is what every system takes as the path of a unix socket (104 on macOS, 108 on Linux).
const maximumSocketPath = 100

// Names of sandboxes become file names, context names and parts of certificates.
const namePattern = `^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`

// Root is the folder that holds all sandboxes of a user.
type Root struct {
	Path string
}

// UserRoot returns the root in the user's cache folder.
func UserRoot() (Root, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return Root{}, fmt.Errorf("find the cache folder of the user: %w; set HOME or XDG_CACHE_HOME", err)
	}
	return Root{Path: filepath.Join(cache, "scenario-runner", "sandbox")}, nil
}

// CheckName says what is wrong with a name of a sandbox.
func CheckName(name string) error {
	if matched, _ := regexp.MatchString(namePattern, name); !matched {
		return fmt.Errorf("bad sandbox name %q: expected 1 to 40 lower-case letters, digits and dashes, with a letter or digit at both ends", name)
	}
	return nil
}

// Place returns the place of the named sandbox.
func (r Root) Place(name string) (Place, error) {
	if err := CheckName(name); err != nil {
		return Place{}, err
	}
	return Place{Name: name, root: r.Path}, nil
}

// Names lists the sandboxes that have left files, in order.
func (r Root) Names() ([]string, error) {
	entries, err := os.ReadDir(r.Path)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list the sandboxes: %w", err)
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() && CheckName(entry.Name()) == nil {
			names = append(names, entry.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

// Place is where one sandbox keeps its files.
type Place struct {
	Name string
	root string
}

// Folder is the folder of everything else.
func (p Place) Folder() string { return filepath.Join(p.root, p.Name) }

// Kubeconfig is the file with which the administrator reaches the cluster.
func (p Place) Kubeconfig() string { return filepath.Join(p.Folder(), "kubeconfig") }

// State is the file in which the supervisor writes what it has started.
func (p Place) State() string { return filepath.Join(p.Folder(), "state.json") }

// PKI is the path of a certificate or a key.
func (p Place) PKI(file string) string { return filepath.Join(p.Folder(), "pki", file) }

// Client is the kubeconfig of a component.
func (p Place) Client(component string) string {
	return filepath.Join(p.Folder(), "clients", component+".kubeconfig")
}

// Log is the log of a component.
func (p Place) Log(component string) string {
	return filepath.Join(p.Folder(), "logs", component+".log")
}

// Data is the folder of etcd's data.
func (p Place) Data() string { return filepath.Join(p.Folder(), "etcd") }

// Sockets is the folder of the unix sockets. Their paths are limited to about a hundred characters, so a sandbox deep
// in the file system keeps them in the folder for temporary files, again closed to others.
func (p Place) Sockets() string {
	inside := filepath.Join(p.Folder(), "sockets")
	if len(filepath.Join(inside, "control.sock")) <= maximumSocketPath {
		return inside
	}
	sum := sha256.Sum256([]byte(p.Folder()))
	return filepath.Join(os.TempDir(), fmt.Sprintf("scenario-runner-%d-%s", os.Getuid(), hex.EncodeToString(sum[:6])))
}

// ControlSocket is where the supervisor takes orders.
func (p Place) ControlSocket() string { return filepath.Join(p.Sockets(), "control.sock") }

// EtcdSocket is where etcd takes requests of the API server.
func (p Place) EtcdSocket() string { return filepath.Join(p.Sockets(), "etcd.sock") }

// EtcdPeerSocket is where etcd would take requests of other members.
func (p Place) EtcdPeerSocket() string { return filepath.Join(p.Sockets(), "peer.sock") }

// Exists says whether the sandbox has left files.
func (p Place) Exists() bool {
	_, err := os.Stat(p.Folder())
	return err == nil
}

// Create makes the folders anew; whatever a dead sandbox of that name has left is removed.
func (p Place) Create() error {
	if err := p.Remove(); err != nil {
		return err
	}
	folders := []string{
		p.Folder(), p.Sockets(), p.Data(),
		filepath.Dir(p.PKI("x")), filepath.Dir(p.Client("x")), filepath.Dir(p.Log("x")),
	}
	for _, folder := range folders {
		if err := os.MkdirAll(folder, folderMode); err != nil {
			return fmt.Errorf("make the folders of sandbox %q: %w", p.Name, err)
		}
	}
	return nil
}

// Remove removes all files of the sandbox, but not its locks.
func (p Place) Remove() error {
	for _, folder := range []string{p.Sockets(), p.Folder()} {
		if err := os.RemoveAll(folder); err != nil {
			return fmt.Errorf("remove the files of sandbox %q: %w", p.Name, err)
		}
	}
	return nil
}

// Write writes a file of the sandbox so that only its user can read it and no reader sees half of it.
func (p Place) Write(path string, content []byte) error {
	if !strings.HasPrefix(path, p.Folder()+string(filepath.Separator)) {
		return fmt.Errorf("write %s: it is outside the folder of sandbox %q", path, p.Name)
	}
	temporary := path + ".new"
	if err := os.WriteFile(temporary, content, fileMode); err != nil {
		return fmt.Errorf("write a file of sandbox %q: %w", p.Name, err)
	}
	if err := os.Rename(temporary, path); err != nil {
		return fmt.Errorf("write a file of sandbox %q: %w", p.Name, err)
	}
	return nil
}

// OpenLog opens the log of a component for appending.
func (p Place) OpenLog(component string) (*os.File, error) {
	file, err := os.OpenFile(p.Log(component), os.O_CREATE|os.O_APPEND|os.O_WRONLY, fileMode)
	if err != nil {
		return nil, fmt.Errorf("open the log of %s: %w", component, err)
	}
	return file, nil
}
