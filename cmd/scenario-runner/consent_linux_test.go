package main

import (
	"bytes"
	"os"
	"testing"
)

func TestWhereSomebodyCanBeAsked(t *testing.T) {
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	defer write.Close()
	if !isTerminal(terminal) || isTerminal(read) || isTerminal(&bytes.Buffer{}) {
		t.Errorf("a terminal is %v, a pipe %v, a buffer %v", isTerminal(terminal), isTerminal(read), isTerminal(&bytes.Buffer{}))
	}
}
