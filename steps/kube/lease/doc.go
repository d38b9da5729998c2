// Package lease keeps the runs of different processes and machines off what a scenario claims, by Leases in a namespace of
// the cluster that is claimed on.
//
// A claim is one Lease with all of its names. Its place in the queue is the resource version with which it was created, which
// the server hands out in one order: a claim has its turn when no earlier one overlaps. Leases are renewed; one that is not
// renewed for its duration is removed by whoever waits behind it, so that a killed run blocks nobody for long. Times are
// measured by the clock of the one who measures, so clocks need not agree. A holder that can't renew gives up before others
// may take over.
//
// It does not know which scenarios of its own run exclude each other: the engine does.
package lease
