// Package supervise runs one sandbox: it prepares its files, starts the components as child processes, fills the new
// cluster with nodes and a storage class, answers questions over a control socket and takes everything down again. It
// knows the command lines of the components but none of their code, and it simulates nothing itself.
package supervise
