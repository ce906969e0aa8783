// Package weights is what passes that store weights in fewer bits have in common: it finds the weights of a module, asks a
// [Chooser] what is to become of each, and puts a [compress.Packed] in its place.
//
// A pass declares its options, among them those of [DeclareFilter], and gives [Compress] a Chooser: [ForAll], or one of its
// own. A pass with an arithmetic of its own, such as one that looks at calibration data, drives a [Compressor]. Below these
// lie [Find], [Weight.Blocks], [Weight.Channels] and [Weight.Replace].
//
// What an operation takes as a weight, and which axes of it are channels, its definition says (see [ir.Arg]), so that the
// operations of other dialects are found, too.
package weights
