// Package rewrite replaces small groups of operations by others until nothing matches any more.
//
// A [Pattern] names the operation it starts from and a function that tries to rewrite it. [Run] drives a list of patterns over a module. The package knows the shape of the program and no concrete operation.
package rewrite
