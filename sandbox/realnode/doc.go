// Package realnode is a node whose pods are real: a kubelet, containerd and kube-proxy in namespaces of their own, so that
// the machine has nothing of them left when the first process of the namespaces ends. It knows what the node needs on the
// machine, writes its configuration, and is that first process. It neither starts itself nor knows the control plane:
// package supervise does that.
package realnode
