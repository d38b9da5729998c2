package main

import "os/exec"

// isolate does nothing here: the sandbox runs on Unix only.
func isolate(*exec.Cmd) {}

func runForwardingSignals(c *exec.Cmd) error { return c.Run() }
