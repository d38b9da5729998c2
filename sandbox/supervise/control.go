package supervise

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// controlTimeout bounds an answer to a question over the control socket.
const controlTimeout = 3 * time.Second

// serveControl starts to take orders on the control socket; the returned function ends that.
func (s *supervisor) serveControl(ctx context.Context) (func() error, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "unix", s.options.Place.ControlSocket())
	if err != nil {
		return nil, fmt.Errorf("listen on the control socket of sandbox %q: %w", s.options.Place.Name, err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", s.handleStatus)
	mux.HandleFunc("POST /stop", s.handleStop)
	mux.HandleFunc("POST /restart", s.handleRestart)
	mux.HandleFunc("POST /nodes", s.handleNodes)
	mux.HandleFunc("POST /addon", s.handleAddon)
	server := &http.Server{
		Handler: mux, ReadHeaderTimeout: controlTimeout,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	return func() error {
		err := server.Close()
		if served := <-served; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return err
	}, nil
}

func (s *supervisor) handleStatus(response http.ResponseWriter, request *http.Request) {
	ctx, cancel := context.WithTimeout(request.Context(), controlTimeout)
	defer cancel()
	answer(response, http.StatusOK, s.status(ctx))
}

func (s *supervisor) handleStop(response http.ResponseWriter, _ *http.Request) {
	answer(response, http.StatusOK, struct{}{})
	s.stop(errStopped)
}

func (s *supervisor) handleRestart(response http.ResponseWriter, request *http.Request) {
	component := request.FormValue("component")
	if !slices.Contains(Components(), component) {
		answer(response, http.StatusBadRequest, failure{Error: unknownComponent(component).Error()})
		return
	}
	pause, err := time.ParseDuration(request.FormValue("pause"))
	if err != nil || pause < 0 {
		answer(response, http.StatusBadRequest, failure{Error: fmt.Sprintf("bad pause %q: expected a duration such as 2s", request.FormValue("pause"))})
		return
	}
	s.do(response, func() error { return s.restart(request.Context(), component, pause) })
}

func (s *supervisor) handleNodes(response http.ResponseWriter, request *http.Request) {
	count, err := strconv.Atoi(request.FormValue("count"))
	if err != nil || count < 1 {
		answer(response, http.StatusBadRequest, failure{Error: fmt.Sprintf("bad number of nodes %q: expected a whole number from 1 on", request.FormValue("count"))})
		return
	}
	s.do(response, func() error { return s.grow(request.Context(), count) })
}

func (s *supervisor) do(response http.ResponseWriter, work func() error) {
	if err := work(); err != nil {
		answer(response, http.StatusInternalServerError, failure{Error: err.Error()})
		return
	}
	answer(response, http.StatusOK, struct{}{})
}

// failure is the answer to an order that could not be carried out.
type failure struct {
	Error string `json:"error"`
}

func answer(response http.ResponseWriter, code int, content any) {
	encoded, err := json.Marshal(content)
	if err != nil {
		http.Error(response, err.Error(), http.StatusInternalServerError)
		return
	}
	response.Header().Set("Content-Type", "application/json")
	response.WriteHeader(code)
	// A client that has gone away needs no answer.
	_, _ = response.Write(encoded)
}

// unknownComponent says that there is no such component and which there are.
func unknownComponent(component string) error {
	return fmt.Errorf("unknown component %q: expected one of %s", component, strings.Join(Components(), ", "))
}

// CheckComponent says what is wrong with the name of a component.
func CheckComponent(component string) error {
	if !slices.Contains(Components(), component) {
		return unknownComponent(component)
	}
	return nil
}
