// Package postgres is what steps and sources share that speak to PostgreSQL: how a scenario names a database, connections
// that only read unless they are told otherwise, statements with bind parameters, values as expressions see them,
// notifications, and errors that say what is wrong and what helps. It is no step, and knows nothing of Kubernetes.
//
// It uses the wire protocol of pgx without its Go types: every value travels in PostgreSQL's own text form, so that a
// parameter is read by the server as it reads a literal, and a value of a type that nobody has heard of is still text.
package postgres
