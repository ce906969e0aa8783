// Package msl prints kernels as Metal Shading Language.
//
// A [Module] is a text of flat functions, one a kernel, and the few helpers that they call. Arguments come in one of two forms,
// [launch.Buffers] or [launch.Tensors]; all else is the same. [Module.Add] also gives the description of how the kernel is launched.
//
// The text keeps to a part of the language: address spaces are spelled on every pointer, each parameter names its buffer,
// threadgroup arrays stand at the top, vectors have 2 or 4 lanes, and there are no templates, lambdas or doubles. Indices are
// computed in 32 bits where the ranges of sizes and loops allow it; no buffer may have more than [launch.MostElements] elements.
//
// A kernel that Metal has no means for is refused with a [Refusal] that says why.
package msl
