package postgres

import (
	"os"
	"syscall"
)

// quit ends the server; there are no gentler signals here.
var quit = os.Kill

// account is the user that the server runs as: always the present one.
type account struct{}

func ordinary() (account, error) { return account{}, nil }

// own does nothing: the files are the present user's already.
func (account) own(string) error { return nil }

// attributes are the usual ones.
func (account) attributes() *syscall.SysProcAttr { return nil }
