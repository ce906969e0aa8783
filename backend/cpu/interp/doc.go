// Package interp is the reference engine: it runs each operation's Eval, in order, and so says what every other engine
// must compute. It is complete, pure Go, and uses all cores inside large operations.
//
// [Backend] compiles a module by numbering the values of each function and noting where each is used last, so that
// memory is given back as early as possible.
package interp
