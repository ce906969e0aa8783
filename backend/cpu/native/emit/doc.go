// Package emit prints kernels as LLVM IR.
//
// The text uses opaque pointers, explicit vectors and SSA values throughout, so that `llc` alone, without the optimiser,
// makes code as good as a C compiler's. It calls no library: exp, sin and the others are polynomials, written out in place.
//
// A kernel becomes `void name(ptr ctx, i64 lo, i64 hi, ptr scratch)`. ctx is a block of 64-bit words that [Layout]
// describes; [lo, hi) are the rounds of the outermost parallel loop to run, and scratch is memory of the thread for buffers
// that no caller gives.
package emit
