// Package report says what compression did to a model: as JSON for scripts, as one HTML file with plots for people, and as
// a few lines for a terminal.
//
// [New] makes a [Report] of what passes said of each tensor; its fields and their JSON names are the whole of it, and the
// HTML file and the lines show nothing else. Two runs give the same bytes but for the seconds.
package report
