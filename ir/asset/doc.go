// Package asset reads and writes .airpkg files: a compiled model in one file.
//
// An asset is a zip file with stored, aligned entries that ordinary tools open: the program as .air text, the weights as a
// safetensors file, generated kernels, and a manifest with the functions, their variants, where the model comes from, and
// the SHA-256 of every entry. Weights are used where they lie in the mapped file; equal ones are stored once.
//
// An asset refers to no other file and nothing else may be in it. It may be hostile: [Open] checks the layout, the sums of
// everything but the weights, and that names, sizes and sums of the weights agree with the program; the bytes of a weight
// are held against their CRC-32 when they are first used. docs/asset.md describes the format.
package asset
