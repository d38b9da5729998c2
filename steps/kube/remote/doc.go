// Package remote reaches into pods through the API server: it runs commands in their containers and connects to their ports. It
// speaks WebSocket, and SPDY where the server or something before it has no WebSocket.
//
// It is no step; it judges no exit code and knows no scenario. Which pods are meant is the part of steps/kube/pods.
package remote
