package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// table holds the rule that stands in for netem.
const table = "litmus_netem"

// tc knows `qdisc replace dev DEVICE root netem loss PERCENT` and `qdisc delete dev DEVICE root`.
func tc(args []string) error {
	words := strings.Fields(strings.Join(args, " "))
	switch {
	case len(words) == 8 && words[0] == "qdisc" && words[1] == "replace" && words[4] == "root" && words[5] == "netem" && words[6] == "loss":
		percent, err := strconv.ParseUint(strings.TrimSuffix(words[7], "%"), 10, 32)
		if err != nil {
			return fmt.Errorf("tc: the loss must be a percentage, found %q", words[7])
		}
		return lose(uint32(percent))
	case len(words) == 5 && words[0] == "qdisc" && words[1] == "delete" && words[4] == "root":
		return restore()
	}
	return fmt.Errorf("tc: %q is not known here: this kernel has no netem, and nftables can only drop packets", strings.Join(words, " "))
}

// lose drops a share of the packets that leave this network namespace, as netem does.
func lose(percent uint32) error {
	connection, err := nftables.New()
	if err != nil {
		return err
	}
	own := connection.AddTable(&nftables.Table{Name: table, Family: nftables.TableFamilyINet})
	chain := connection.AddChain(&nftables.Chain{
		Name: "out", Table: own, Type: nftables.ChainTypeFilter, Hooknum: nftables.ChainHookOutput, Priority: nftables.ChainPriorityFilter,
	})
	connection.FlushChain(chain)
	connection.AddRule(&nftables.Rule{Table: own, Chain: chain, Exprs: []expr.Any{
		&expr.Numgen{Register: 1, Modulus: 100, Type: unix.NFT_NG_RANDOM},
		&expr.Byteorder{SourceRegister: 1, DestRegister: 1, Op: expr.ByteorderHton, Len: 4, Size: 4},
		&expr.Cmp{Op: expr.CmpOpLt, Register: 1, Data: binaryutil.BigEndian.PutUint32(percent)},
		&expr.Verdict{Kind: expr.VerdictDrop},
	}})
	return connection.Flush()
}

// restore lets all packets pass again; what is not there is an error, in the words of tc.
func restore() error {
	connection, err := nftables.New()
	if err != nil {
		return err
	}
	connection.DelTable(&nftables.Table{Name: table, Family: nftables.TableFamilyINet})
	err = connection.Flush()
	if errors.Is(err, unix.ENOENT) {
		return errors.New("RTNETLINK answers: No such file or directory")
	}
	return err
}
