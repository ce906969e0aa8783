// Package kernel is the kernel IR: what a fused group or a heavy operation becomes for a target, before it is printed as
// LLVM IR or Metal.
//
// A [Kernel] is loops over typed [Buffer]s. Numbers are SSA values of an element type and a number of lanes; indices are
// [ir.Dim] expressions over loop variables, the sizes of the call, and loaded integers that have a bound. So the verifier
// proves that every access lies inside its buffer with the means that sizes of tensors are compared by.
//
// A [Builder] makes kernels, [Verify] checks them, [Print] shows them, and [Run] computes them, slowly, as the oracle of the
// code generators. A schedule is a function that makes a kernel for a [Target].
//
// The package knows no instruction set, no Metal and no operation of a dialect.
package kernel
