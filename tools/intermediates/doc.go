// Package intermediates keeps the values of one run of a model, to be compared with those of another.
//
// A [Set] is read from a .safetensors file that aiopt or its Python package wrote, or from a *.aimodelintermediates folder as
// coreai-torch writes it. Its entries are in the order in which the values were computed; each says which node of the PyTorch graph
// gave it, and where that stands in the source. Tensors stay mapped. Both may be hostile: every size is checked before it is used, and
// no name leads out of the folder. A [Writer] writes such a file and keeps no tensor in memory.
//
// docs/debugging.md describes the file.
package intermediates
