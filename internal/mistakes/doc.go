// Package mistakes shows what authors are told when a scenario is wrong: a folder of broken files with what validate says
// of each, a count of how many of the mistakes that a machine makes in good scenarios are found, what hostile files cost,
// and the page docs/mistakes.md. It holds tests only; each package tests its own checks beside it.
package mistakes
