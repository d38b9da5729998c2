// Command workload is what runs in the pods of these tests. Each of its commands shows one way in which a process behaves
// or ends.
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"time"
)

const timeout = 5 * time.Second

func main() {
	if len(os.Args) < 2 {
		fail("found no command, expected serve, get, eat, index, write, read or exit")
	}
	argument := ""
	if len(os.Args) > 2 {
		argument = os.Args[2]
	}
	switch os.Args[1] {
	case "serve":
		serve()
	case "get":
		get(argument)
	case "eat":
		eat(argument)
	case "index":
		fmt.Println("index", os.Getenv("JOB_COMPLETION_INDEX"))
	case "write":
		if err := os.WriteFile(argument, []byte("kept\n"), 0o600); err != nil {
			fail(err)
		}
	case "read":
		content, err := os.ReadFile(argument)
		if err != nil {
			fail(err)
		}
		fmt.Print(string(content))
	case "exit":
		code, err := strconv.Atoi(argument)
		if err != nil {
			fail(err)
		}
		fmt.Println("ending with", code)
		os.Exit(code)
	default:
		fail("unknown command " + os.Args[1])
	}
}

func fail(reason any) {
	fmt.Fprintln(os.Stderr, "workload:", reason)
	os.Exit(1)
}

// serve answers with the name of the pod; after GET /break it is not healthy any more.
func serve() {
	var broken atomic.Bool
	http.HandleFunc("GET /{$}", func(response http.ResponseWriter, _ *http.Request) {
		name, _ := os.Hostname()
		fmt.Fprintln(response, name)
	})
	http.HandleFunc("GET /health", func(response http.ResponseWriter, _ *http.Request) {
		if broken.Load() {
			response.WriteHeader(http.StatusInternalServerError)
		}
	})
	http.HandleFunc("GET /break", func(http.ResponseWriter, *http.Request) { broken.Store(true) })
	fmt.Println("serving")
	server := &http.Server{Addr: ":8080", ReadHeaderTimeout: timeout}
	fail(server.ListenAndServe())
}

func get(address string) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		fail(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		fail(err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(os.Stdout, response.Body); err != nil {
		fail(err)
	}
}

// eat takes as many mebibytes as it is told, and keeps them.
func eat(argument string) {
	count, err := strconv.Atoi(argument)
	if err != nil {
		fail(err)
	}
	var eaten [][]byte
	for range count {
		piece := make([]byte, 1<<20)
		for i := 0; i < len(piece); i += 4096 {
			piece[i] = 1
		}
		eaten = append(eaten, piece)
	}
	fmt.Println("eaten", len(eaten), "MiB")
	serve()
}
