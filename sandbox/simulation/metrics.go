package simulation

// MetricsHost is the name for which the server of the resource metrics API proves itself: the API server calls it as a
// service, although it listens on the loopback address.
const MetricsHost = "metrics.kube-system.svc"
