// Package quant holds the operations between numbers and the few bits that stand for them: [Dequantize] and [Quantize], and
// for palettized and pruned weights [Lookup] and [SparseToDense].
//
// Weight passes put quant.dequantize where a weight is used; its scale has the data's rank, with one element on an axis for
// each block of the data's. The package does not choose scales.
package quant
