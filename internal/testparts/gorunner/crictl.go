package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	runtimev1 "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// answerTime is how long a container runtime may take.
const answerTime = 30 * time.Second

// crictl knows `inspect ID` and `stop [--timeout=SECONDS] ID...`.
func crictl(args []string) error {
	flags := flag.NewFlagSet("crictl", flag.ContinueOnError)
	_ = flags.String("i", "", "socket of the image service, of which nothing is asked")
	socket := flags.String("r", "", "socket of the container runtime")
	if err := flags.Parse(args); err != nil {
		return err
	}
	connection, err := grpc.NewClient(*socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close() //nolint:errcheck // all was said
	runtime := runtimev1.NewRuntimeServiceClient(connection)
	ctx, cancel := context.WithTimeout(context.Background(), answerTime)
	defer cancel()
	switch flags.Arg(0) {
	case "inspect":
		return inspect(ctx, runtime, flags.Arg(1))
	case "stop":
		return stop(ctx, runtime, flags.Args()[1:])
	}
	return fmt.Errorf("crictl: %q is not known here", flags.Arg(0))
}

// inspect prints what the runtime knows of a container beyond the interface, its process above all.
func inspect(ctx context.Context, runtime runtimev1.RuntimeServiceClient, id string) error {
	answer, err := runtime.ContainerStatus(ctx, &runtimev1.ContainerStatusRequest{ContainerId: id, Verbose: true})
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{"info": json.RawMessage(answer.GetInfo()["info"])})
}

func stop(ctx context.Context, runtime runtimev1.RuntimeServiceClient, args []string) error {
	flags := flag.NewFlagSet("stop", flag.ContinueOnError)
	grace := flags.Int64("timeout", 0, "seconds between SIGTERM and SIGKILL")
	if err := flags.Parse(args); err != nil {
		return err
	}
	for _, id := range flags.Args() {
		if _, err := runtime.StopContainer(ctx, &runtimev1.StopContainerRequest{ContainerId: id, Timeout: *grace}); err != nil {
			return err
		}
		fmt.Println(id)
	}
	return nil
}
