// Package pt2 reads the archives that torch.export.save writes and gives their content as plain, typed Go data.
//
// [Open] maps an [Archive], checks its zip directory and decodes every [Model] in it: the [Graph] of [Node]s whose
// [Argument]s mirror the file's unions, the signature ([InputSpec], [OutputSpec]), ranges, guards and call trees
// ([Tree]). [Model.Tensor] gives a weight or constant as a checked view ([Tensor]) of the mapped file; its bytes are
// neither read nor copied.
//
// What the reader promises: graph inputs and outputs stand in the order of the signature and have its names; every
// parameter, buffer and tensor constant of the signature resolves to a view that lies inside its entry; each enum number
// is known. What it leaves to others: whether a target exists, whether a named value is defined, what an expression of
// sizes means.
//
// A file is untrusted: every mistake is an [Error] with place, finding and advice, and memory stays within a small
// multiple of the file's size.
//
// The package must not know the IR, passes or backends, and gives no meaning to op names or arguments.
package pt2
