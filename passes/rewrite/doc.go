// Package rewrite replaces small groups of operations by others until nothing matches any more.
//
// A [Pattern] names the operation it starts from and a function that tries to rewrite it. [Run] drives a list of
// patterns over a module. [CanonKernel] and [MarkApprox] settle what passes leave behind. The package knows the shape of the
// program, which kernels and calls of the core dialect are part of, and no other operation.
package rewrite
