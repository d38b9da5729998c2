// Package watch is the watch hub: all waiting of all scenarios on one API server goes through one shared watch per
// resource and scope.
//
// A Hub keeps what its watches have seen in a store. Whoever waits subscribes with a Query and is called with the state
// at once and after each change that concerns it; a change costs one look per interested waiter and waiting costs no
// requests. Watches that end are resumed where they ended; after a 410 the state is read again and the difference is
// delivered. Writes of this process enter the store through Observe, so a waiter never sees a state older than its
// own write.
//
// It is not an informer library: there are no resyncs, no indexers and no handlers that outlive a wait.
package watch
