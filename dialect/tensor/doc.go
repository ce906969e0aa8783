// Package tensor holds the operations on tensors that know nothing of neural networks: arithmetic, comparison,
// conversion, shapes, indexing, reduction, sorting, linear algebra.
//
// Elementwise operations broadcast by numpy's rules and take operands of one element type: nothing is promoted. Types
// narrower than 32 bits are computed in f32 and rounded once; integers are computed in 64 bits and keep their low bits.
//
// Each operation is one [ir.OpDef]; [Dialect] lists them. The loops are in ir/host; this package knows no other dialect.
package tensor
