// Package journal is the record of a run: one file of JSON lines, written while the run goes on, from which every
// report is made and from which a later process takes back what a dead run left behind.
//
// Life of a journal: Store.Create makes the run directory and locks it; the run appends events, and those that promise
// to take a change back are on the disk before the change is made; subscribers see the same events, in the same order,
// without ever holding the run up; Close ends it. Read opens it again, also after kill -9 in the middle of a line, and
// Reopen goes on writing where a dead run stopped.
//
// A journal knows nothing of how events come about and prints nothing. Secrets are masked before they reach the file or
// a subscriber, with one exception: the data of an undo and the target of the run are written as they are, because
// without them nothing could be taken back. They stay in the file, which only its owner can read; subscribers never
// get them.
package journal
