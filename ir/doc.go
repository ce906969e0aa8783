// Package ir is the program representation that every other package reads and changes.
//
// A [Module] holds functions, states and resources. A [Func] is a list of operations in an order in which each value is
// defined before its use; an operation that needs nested code owns unnamed functions, its bodies, which see nothing of
// the function around them but its dims. An [Op] is one struct for every operation; what it means is said by its
// [OpDef], the single place from which the verifier, the printer, the documentation, constant folding and the reference
// interpreter read. Sizes are [Dim] expressions over symbols that a function declares.
//
// The package knows no concrete operation: those are tables in the packages under dialect. It knows nothing of PyTorch,
// of files or of backends.
package ir
