package supervise

import (
	"errors"
	"fmt"
	"net"
)

// errPortTaken says that another process took a port between our choosing it and a component's listening on it.
var errPortTaken = errors.New("a port was taken by another process")

// choosePorts finds free ports. All are held until the last one is found, so that they differ from each other; between
// their release and the component's own listening another process can take one, which startOnce notices.
func choosePorts() (ports, error) {
	var held [2]net.Listener
	for i := range held {
		listener, err := net.Listen("tcp", net.JoinHostPort(Address, "0"))
		if err != nil {
			return ports{}, fmt.Errorf("find a free port on %s: %w", Address, err)
		}
		held[i] = listener
	}
	var numbers [2]int
	var failures []error
	for i, listener := range held {
		address, ok := listener.Addr().(*net.TCPAddr)
		if !ok {
			return ports{}, fmt.Errorf("find a free port on %s: found an address of type %T", Address, listener.Addr())
		}
		numbers[i] = address.Port
		failures = append(failures, listener.Close())
	}
	return ports{api: numbers[0], kubelet: numbers[1]}, errors.Join(failures...)
}
