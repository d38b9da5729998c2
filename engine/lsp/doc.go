// Package lsp is a language server for scenario files: diagnostics of every check while typing, completion of keys, values
// and inside expressions, hover, definitions, renaming of ids, symbols and quick fixes. It speaks the Language Server
// Protocol 3.17 over two streams. It decides nothing of its own about scenarios: what is right is asked of package scenario.
package lsp
