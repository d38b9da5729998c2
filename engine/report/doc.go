// Package report turns the events of a run into what people and machines read: text for a terminal or a log, JSON,
// JUnit, or failures only. Each kind of report is one file that registers in kinds and offers the Sink interface.
//
// A report knows the journal and nothing else. The same sinks serve a run that is going on, as subscribers of its
// journal, and a run that is over, through Render; a report made later is the same but for the live display. Results go
// to standard output or to files, progress to standard error.
//
// Whatever comes from a cluster is hostile until shown otherwise: escape sequences and control characters never reach a
// terminal or an XML file.
package report
