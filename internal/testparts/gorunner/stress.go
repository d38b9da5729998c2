package main

import (
	"flag"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// stress knows `--timeout SECONDSs` with `--cpu N --cpu-load PERCENT` or with `--vm N --vm-bytes MEGABYTESM`.
func stress(args []string) error {
	flags := flag.NewFlagSet("stress-ng", flag.ContinueOnError)
	length := flags.Duration("timeout", 0, "how long")
	cores := flags.Int("cpu", 0, "processors to keep busy")
	load := flags.Int("cpu-load", 100, "percent")
	workers := flags.Int("vm", 0, "workers that take memory")
	size := flags.String("vm-bytes", "0M", "memory of each worker")
	if err := flags.Parse(args); err != nil {
		return err
	}
	end := time.NewTimer(*length)
	for range *cores {
		go burn(*load)
	}
	var kept [][]byte
	if *workers > 0 {
		megabytes, err := strconv.Atoi(strings.TrimSuffix(*size, "M"))
		if err != nil {
			return fmt.Errorf("stress-ng: --vm-bytes must be megabytes such as 100M, found %q", *size)
		}
		kept = take(*workers * megabytes)
	}
	<-end.C
	fmt.Printf("stress-ng: %d megabytes were held\n", len(kept))
	return nil
}

// slice is the time after which a processor is left alone when it is not to be fully busy.
const slice = 100 * time.Millisecond

func burn(load int) {
	ticker := time.NewTicker(slice)
	busy := slice * time.Duration(load) / 100
	for {
		for start := time.Now(); time.Since(start) < busy; { //nolint:revive // to be busy is all
		}
		<-ticker.C
	}
}

// take takes so many megabytes, 20 in a second, and writes to every page of them.
func take(megabytes int) [][]byte {
	const megabyte, page = 1 << 20, 1 << 12
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	var all [][]byte
	for range megabytes {
		one := make([]byte, megabyte)
		for i := 0; i < len(one); i += page {
			one[i] = 1
		}
		all = append(all, one)
		<-ticker.C
	}
	return all
}
