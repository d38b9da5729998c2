package lsp

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/textproto"
	"strconv"
	"sync"
)

// maxMessage is the longest message that is read: more than any file that the loader takes.
const maxMessage = 64 << 20

// message is a JSON-RPC 2.0 request, notification or response.
type message struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  json.RawMessage `json:"params,omitempty"`
	Result  any             `json:"result,omitempty"`
	Error   *responseError  `json:"error,omitempty"`
}

// response always has a result or an error, as JSON-RPC asks for: nothing is null.
type response struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Result  any             `json:"result"`
}

type failure struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Error   *responseError  `json:"error"`
}

type notification struct {
	Version string `json:"jsonrpc"`
	Method  string `json:"method"`
	Params  any    `json:"params"`
}

// responseError is why a request was not answered.
type responseError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// Error returns the message.
func (e *responseError) Error() string { return e.Message }

// The codes of JSON-RPC and of the protocol.
const (
	codeParse          = -32700
	codeMethodNotFound = -32601
	codeInvalidParams  = -32602
	codeInternal       = -32603
	codeNotInitialized = -32002
	codeInvalidRequest = -32600
	codeRequestFailed  = -32803
)

// reader takes messages off a stream.
type reader struct{ in *bufio.Reader }

// next returns the next message; io.EOF when the stream ends between two.
func (r reader) next() (message, error) {
	header, err := textproto.NewReader(r.in).ReadMIMEHeader()
	if err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) && len(header) == 0 {
			err = io.EOF
		}
		return message{}, err
	}
	length, err := strconv.Atoi(header.Get("Content-Length"))
	if err != nil || length < 0 || length > maxMessage {
		return message{}, fmt.Errorf("message with Content-Length %q; expected a number up to %d", header.Get("Content-Length"), maxMessage)
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(r.in, body); err != nil {
		return message{}, fmt.Errorf("reading a message of %d bytes: %w", length, err)
	}
	var m message
	if err := json.Unmarshal(body, &m); err != nil {
		return message{}, &responseError{Code: codeParse, Message: "not JSON: " + err.Error()}
	}
	return m, nil
}

// writer puts messages on a stream, one at a time.
type writer struct {
	mutex sync.Mutex
	out   io.Writer
}

func (w *writer) send(v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("writing a message: %w", err)
	}
	w.mutex.Lock()
	defer w.mutex.Unlock()
	_, err = fmt.Fprintf(w.out, "Content-Length: %d\r\n\r\n%s", len(body), body)
	return err
}
