// Package observe holds the sources that answer "what is it now?": an object, a set of objects, events, logs, an HTTP
// address, alerts, metrics, requests that arrived, the rows of a database. Steps that wait, assert or monitor take a
// Source into their config, open it once they run and get Looks: one (Once), or one at each change (Watch).
//
// What Kubernetes can watch is watched through the hub of package kube and costs no requests while nothing happens; logs
// are followed, and notifications of a database are waited for; the rest is polled at a stated interval. A thing that does
// not exist is a value (nil, or an empty list), a kind that does not exist is an error.
//
// A kind of source is one file here with a type that implements kind, and one line in Source.given. The package is not
// a step and knows nothing of conditions, verdicts or time limits.
package observe
