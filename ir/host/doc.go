// Package host holds tensors in the memory of this machine and the loops over them.
//
// Its central types are [Elem], an element type; [Tensor], a strided view of bytes; and [Kernel], the loop of an
// elementwise operation written once per compute class. Everything an operation's Eval needs to compute is here, so that
// constant folding, the reference interpreter and the tests agree on one meaning.
//
// The package knows nothing of modules, operations or files.
package host
