// Package airtest tests passes and operations by files.
//
// [Run] runs golden files: a module, the passes to run, and the module expected. [ParseExample] makes a module of the
// example that an operation's definition carries. The package is for those who write passes for aiopt, too: it takes the
// toolkit they built.
package airtest
