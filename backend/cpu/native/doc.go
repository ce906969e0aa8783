// Package native runs modules with code made for the processor it runs on: LLVM compiles the kernels, Go does the rest.
//
// What a schedule covers becomes native kernels; every other operation runs in the interpreter within the same program.
// Go evaluates sizes, guards and bounds before native code runs, and never gives it memory that it has not measured.
package native
