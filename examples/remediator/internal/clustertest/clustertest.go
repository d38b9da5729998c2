// Package clustertest gives tests a real API server: the one that the environment names,
// or a sandbox of their own. It is support for tests and no part of the remediator.
package clustertest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// Variable names the kubeconfig of a cluster that tests may use instead of a sandbox.
const Variable = "SCENARIO_RUNNER_TEST_KUBECONFIG"

// Start returns the kubeconfig of a cluster, and how to give the cluster back.
func Start(ctx context.Context) (kubeconfig string, stop func() error, err error) {
	if kubeconfig := os.Getenv(Variable); kubeconfig != "" {
		return kubeconfig, func() error { return nil }, nil
	}
	binary, err := findSandbox()
	if err != nil {
		return "", nil, err
	}
	return startSandbox(ctx, binary)
}

// findSandbox looks for the sandbox in the folder bin beside the go.mod of the repository.
func findSandbox() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the sandbox: %w", err)
	}
	for parent := filepath.Dir(folder); ; folder, parent = parent, filepath.Dir(parent) {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			break
		}
		if parent == folder {
			return "", errors.New("found no go.mod in the folders above the test")
		}
	}
	binary := filepath.Join(folder, "bin", "scenario-runner-sandbox")
	if _, err := os.Stat(binary); err != nil {
		return "", fmt.Errorf("there is no sandbox for the test, run make build first: %w", err)
	}
	return binary, nil
}

// startSandbox starts a sandbox that lives until its standard input is closed.
func startSandbox(ctx context.Context, binary string) (string, func() error, error) {
	command := exec.CommandContext(ctx, binary, "serve", "--parent-stdin")
	command.Stderr = os.Stderr
	input, err := command.StdinPipe()
	if err != nil {
		return "", nil, fmt.Errorf("start the sandbox: %w", err)
	}
	output, err := command.StdoutPipe()
	if err != nil {
		return "", nil, fmt.Errorf("start the sandbox: %w", err)
	}
	if err := command.Start(); err != nil {
		return "", nil, fmt.Errorf("start the sandbox: %w", err)
	}
	stop := func() error { return errors.Join(input.Close(), command.Wait()) }
	kubeconfig, err := readKubeconfig(output)
	if err != nil {
		return "", nil, errors.Join(fmt.Errorf("start the sandbox: %w", err), stop())
	}
	return kubeconfig, stop, nil
}

// readKubeconfig reads the line that a sandbox prints when it is ready.
func readKubeconfig(output io.Reader) (string, error) {
	line, err := bufio.NewReader(output).ReadBytes('\n')
	if err != nil {
		return "", fmt.Errorf("it ended before it was ready: %w", err)
	}
	var ready struct {
		Kubeconfig string `json:"kubeconfig"`
	}
	if err := json.Unmarshal(line, &ready); err != nil || ready.Kubeconfig == "" {
		return "", fmt.Errorf("it said %q, expected a JSON object with the key kubeconfig", line)
	}
	return ready.Kubeconfig, nil
}
