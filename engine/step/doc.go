// Package step is what a step is: one declaration (Spec) from which the engine takes decoding, checks, JSON schema,
// documentation and expression types, and the few things a running step may ask of the engine (Run).
//
// Life of a step: its folder declares it with Define; the loader decodes the author's YAML into the config type and
// checks every expression against the declared outputs of other steps; the scheduler evaluates the ${{ }} parts and
// calls Run once for each attempt; what Run returns becomes steps.<id>.<output>.
//
// A step knows nothing of other steps, of the scheduler or of reports.
package step
