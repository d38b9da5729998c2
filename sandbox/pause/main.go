// Command pause does nothing until it is ended: it is the first process of every pod of a real node and holds the
// namespaces that the pod's containers share. With a shared process namespace it also collects processes without parents.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	// The kernel collects ended children of a process that ignores their signal.
	signal.Ignore(syscall.SIGCHLD)
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGINT, syscall.SIGTERM)
	<-end
}
