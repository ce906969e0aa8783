// Package cli is the command line of aiopt, for the aiopt command itself and for programs that add passes, lowerings or
// operations of their own: such a program's main is one call of [Main].
//
// A command is one entry of a table: its name, its documentation, its flags and the function that runs it. Help texts
// and shell completion are printed from the same tables that run.
package cli
