package realnode

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"

	"github.com/vishvananda/netlink"
)

// bridgeName is the name of the bridge to which pods are connected.
const bridgeName = "cni0"

// bridgeFilter makes packets between pods of one bridge pass the rules of services.
const bridgeFilter = "/proc/sys/net/bridge/bridge-nf-call-iptables"

// openNetwork makes the bridge with the node's address. The name of the interface and the rules are gone with the network
// namespace of this process.
func openNetwork() error {
	loopback, err := netlink.LinkByName("lo")
	if err != nil {
		return fmt.Errorf("find the loopback interface: %w", err)
	}
	if err := netlink.LinkSetUp(loopback); err != nil {
		return fmt.Errorf("bring the loopback interface up: %w", err)
	}
	attributes := netlink.NewLinkAttrs()
	attributes.Name = bridgeName
	bridge := &netlink.Bridge{LinkAttrs: attributes}
	if err := netlink.LinkAdd(bridge); err != nil {
		return fmt.Errorf("make the bridge of the pods: %w", err)
	}
	address, err := netlink.ParseAddr(Gateway + "/24")
	if err != nil {
		return fmt.Errorf("read the address of the node: %w", err)
	}
	if err := errors.Join(netlink.AddrAdd(bridge, address), netlink.LinkSetUp(bridge)); err != nil {
		return fmt.Errorf("bring the bridge of the pods up: %w", err)
	}
	// Programs that look for a default route find one; no packet leaves the namespace by it.
	route := &netlink.Route{LinkIndex: bridge.Attrs().Index, Gw: net.ParseIP(Gateway)}
	if err := netlink.RouteAdd(route); err != nil {
		return fmt.Errorf("make the default route of the node: %w", err)
	}
	return forwardPackets()
}

func forwardPackets() error {
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), fileMode); err != nil {
		return fmt.Errorf("let packets pass between pods: %w", err)
	}
	err := os.WriteFile(bridgeFilter, []byte("1"), fileMode)
	if errors.Is(err, fs.ErrNotExist) {
		// It is there with its module only, which whoever uses bridges with services loads.
		output, loadErr := exec.Command(program("modprobe"), "br_netfilter").CombinedOutput()
		if loadErr != nil {
			return fmt.Errorf("load the kernel module br_netfilter, without which services don't reach pods: %w: %s", loadErr, output)
		}
		err = os.WriteFile(bridgeFilter, []byte("1"), fileMode)
	}
	if err != nil {
		return fmt.Errorf("have the rules of services apply to pods: %w", err)
	}
	return nil
}
