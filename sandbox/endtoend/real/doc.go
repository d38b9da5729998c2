// Package real tests a sandbox with a real node as its users see it: real containers, probes, signals and memory limits.
// Its tests need Linux, root and the programs that `sandbox up --node real` asks for, so they have the build tag real:
// `make -C sandbox test-real`.
package real
