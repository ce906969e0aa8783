// Package compress is the arithmetic of weight compression: it turns a tensor of numbers into fewer bits and the parameters
// that give the numbers back.
//
// A [Scheme] says how a weight is stored: as codes with scales ([Quant]), as indices into tables ([Palette]), without the
// elements that matter least ([Sparse]), or as a joint form of these. [Apply] makes a [Packed] of it, whose parts are what
// a file holds; [Schemes] are those that have a name. Which elements share parameters is a list of block sizes, one for each
// axis, that [Granularity] stands for.
//
// The package knows host tensors and nothing of modules, operations, passes or configurations.
package compress
