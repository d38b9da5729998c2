// Package web is what steps share that speak HTTP: requests with trust settings and bounded answers, errors that say what
// is wrong with a connection, and JSON as expressions see it. It is no step.
package web
