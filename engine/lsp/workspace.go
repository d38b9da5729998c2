package lsp

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/source"
)

// client is what is known of who is served.
type client struct {
	watches bool     // it tells of changes on disk when it is asked to
	folders []string // that it has open
}

type initializeParams struct {
	RootURI          string `json:"rootUri"`
	WorkspaceFolders []struct {
		URI string `json:"uri"`
	} `json:"workspaceFolders"`
	Capabilities struct {
		Workspace struct {
			DidChangeWatchedFiles struct {
				DynamicRegistration bool `json:"dynamicRegistration"`
			} `json:"didChangeWatchedFiles"`
		} `json:"workspace"`
	} `json:"capabilities"`
}

// introduce takes in what a client says of itself.
func (s *Server) introduce(params json.RawMessage) {
	var p initializeParams
	if json.Unmarshal(params, &p) != nil {
		return // nothing is known, which is enough
	}
	s.client.watches = p.Capabilities.Workspace.DidChangeWatchedFiles.DynamicRegistration
	for _, f := range p.WorkspaceFolders {
		s.client.folders = append(s.client.folders, pathOf(f.URI))
	}
	if len(s.client.folders) == 0 && p.RootURI != "" {
		s.client.folders = []string{pathOf(p.RootURI)}
	}
}

type request struct {
	Version string `json:"jsonrpc"`
	ID      int    `json:"id"`
	Method  string `json:"method"`
	Params  any    `json:"params"`
}

// watch asks the client to tell when files change that scenarios use: manifests, templates, configurations.
func (s *Server) watch() error {
	if !s.client.watches {
		return nil
	}
	return s.out.send(request{"2.0", 1, "client/registerCapability", map[string]any{
		"registrations": []any{map[string]any{
			"id": "files", "method": "workspace/didChangeWatchedFiles",
			"registerOptions": map[string]any{"watchers": []any{map[string]any{"globPattern": "**/*.{yaml,yml,json}"}}},
		}},
	}})
}

type workspaceSymbol struct {
	Name      string   `json:"name"`
	Kind      int      `json:"kind"`
	Location  location `json:"location"`
	Container string   `json:"containerName,omitempty"`
}

// workspaceSymbols finds scenarios and other files of ours by their name, and the steps in them by their id.
func (s *Server) workspaceSymbols(params json.RawMessage) (any, error) {
	var p struct {
		Query string `json:"query"`
	}
	if err := json.Unmarshal(params, &p); err != nil {
		return nil, &responseError{Code: codeInvalidParams, Message: err.Error()}
	}
	out := []workspaceSymbol{}
	for _, folder := range s.client.folders {
		for _, path := range s.ourFiles(folder) {
			out = append(out, s.symbolsOf(path, p.Query)...)
		}
	}
	return out, nil
}

// ourFiles lists the files below a folder that are ours by their names.
func (s *Server) ourFiles(folder string) []string {
	var out []string
	seen := 0
	_ = fs.WalkDir(os.DirFS(folder), ".", func(name string, entry fs.DirEntry, err error) error { // what can't be read is not found
		switch seen++; {
		case err != nil:
			return nil
		case seen > mostSearched:
			return fs.SkipAll
		case entry.IsDir() && name != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules"):
			return fs.SkipDir
		case entry.IsDir():
			return nil
		}
		bare := strings.TrimSuffix(strings.TrimSuffix(name, ".yaml"), ".yml")
		if bare != name && slices.ContainsFunc(s.kinds, func(k FileKind) bool { return strings.HasSuffix(bare, k.Suffix) }) {
			out = append(out, filepath.Join(folder, filepath.FromSlash(name)))
		}
		return nil
	})
	return out
}

// mostSearched is how many names of a workspace are looked at.
const mostSearched = 20_000

// symbolsOf lists what a file has whose name holds the letters of a query in their order.
func (s *Server) symbolsOf(path, query string) []workspaceSymbol {
	data, ok := s.read(path)
	if !ok {
		return nil
	}
	file, _ := source.Parse(path, data)
	if file.Root == nil {
		return nil
	}
	d := newDocument(uriOf(path), 0, string(data))
	metadata, _ := source.Lookup(file.Root, "metadata")
	title, _ := source.Lookup(metadata, "name")
	name := filepath.Base(path)
	var out []workspaceSymbol
	if title != nil && title.Value != "" {
		name = title.Value
		if matches(query, name) {
			out = append(out, workspaceSymbol{Name: name, Kind: symbolModule, Location: location{d.uri, d.spanOf(file.Range(title))}})
		}
	}
	steps, _ := source.Lookup(file.Root, "steps")
	if steps = source.Follow(steps); steps == nil {
		return out
	}
	for _, item := range steps.Content {
		if id, _ := source.Lookup(item, "id"); id != nil && matches(query, id.Value) {
			out = append(out, workspaceSymbol{Name: id.Value, Kind: symbolFunction, Location: location{d.uri, d.spanOf(file.Range(id))}, Container: name})
		}
	}
	return out
}

// matches reports whether a name has the letters of a query in their order.
func matches(query, name string) bool {
	name = strings.ToLower(name)
	for _, r := range strings.ToLower(query) {
		i := strings.IndexRune(name, r)
		if i < 0 {
			return false
		}
		name = name[i+len(string(r)):]
	}
	return true
}
