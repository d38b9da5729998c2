package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// sandboxBinary is the name of the program that is the cluster in the box.
const sandboxBinary = "scenario-runner-sandbox"

func newSandbox(s streams) *cobra.Command {
	return &cobra.Command{
		Use:   "sandbox COMMAND",
		Short: "Start, stop and look at a real API server with simulated nodes",
		Long: `A cluster in the box: etcd, the Kubernetes API server, controllers and scheduler as processes on the loopback
interface, with nodes and pods simulated by KWOK. It needs no root, no containers and no network. With
--node real there is a node whose pods really run; that needs Linux, root and containerd.

  scenario-runner sandbox up [--name N] [--nodes 5] [--node real]
  scenario-runner sandbox load-image --image localhost/app:1 PROGRAM...
  scenario-runner sandbox status|kubeconfig|logs|down [--name N]
  scenario-runner sandbox exec -- kubectl get nodes

The program is found beside scenario-runner, on PATH, in the cache folder, or by --sandbox-binary
(SCENARIO_RUNNER_SANDBOX_BINARY).`,
		DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			flag, args := takeFlag(args, "sandbox-binary")
			if len(args) == 0 || args[0] == "-h" || args[0] == "--help" {
				return cmd.Help()
			}
			binary, err := findSandbox(flag)
			if err != nil {
				return err
			}
			c := exec.CommandContext(cmd.Context(), binary, args...) //nolint:gosec // it is our own program
			c.Env = append(os.Environ(), "SCENARIO_RUNNER_COMMAND=scenario-runner sandbox")
			c.Stdin, c.Stdout, c.Stderr = s.in, s.out, s.err
			err = runForwardingSignals(c)
			if exit, ok := errors.AsType[*exec.ExitError](err); ok {
				return &exitError{code: max(exit.ExitCode(), 1)}
			}
			return err
		},
	}
}

// takeFlag removes --name VALUE or --name=VALUE from arguments that are not parsed by us, up to "--".
func takeFlag(args []string, name string) (value string, rest []string) {
	for i, a := range args {
		switch {
		case a == "--":
			return value, args
		case a == "--"+name && i+1 < len(args):
			return args[i+1], slices.Delete(slices.Clone(args), i, i+2)
		case strings.HasPrefix(a, "--"+name+"="):
			return strings.TrimPrefix(a, "--"+name+"="), slices.Delete(slices.Clone(args), i, i+1)
		}
	}
	return value, args
}

// findSandbox returns the path of the sandbox program: the one that is named, else beside this program, on PATH or in
// the cache folder.
func findSandbox(named string) (string, error) {
	if named == "" {
		named = os.Getenv("SCENARIO_RUNNER_SANDBOX_BINARY")
	}
	if named != "" {
		if _, err := os.Stat(named); err != nil {
			return "", fmt.Errorf("the sandbox program %s can't be used: %w", named, err)
		}
		return filepath.Abs(named)
	}
	var places []string
	if self, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(self); err == nil {
			self = real
		}
		places = append(places, filepath.Join(filepath.Dir(self), sandboxBinary))
	}
	if onPath, err := exec.LookPath(sandboxBinary); err == nil {
		places = append(places, onPath)
	}
	if cache, err := os.UserCacheDir(); err == nil {
		places = append(places, filepath.Join(cache, "scenario-runner", sandboxBinary))
	}
	for _, p := range places {
		if info, err := os.Stat(p); err == nil && info.Mode()&0o111 != 0 && !info.IsDir() {
			return filepath.Abs(p)
		}
	}
	return "", fmt.Errorf("the sandbox program %s is not installed (looked at %s); build it with `make build` in the source tree, or name it with --sandbox-binary",
		sandboxBinary, strings.Join(places, ", "))
}
