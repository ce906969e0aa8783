// Package nn is the dialect of neural network layers: those composites that have fast kernels of their own or that passes
// look for by name. Everything else a model contains is arithmetic of package tensor.
//
// [Dialect] is the table. Where an operation's meaning is a few operations of tensor, Expand gives them; Eval computes the
// same in one go, rounding narrow floats once.
//
// The package knows nothing of PyTorch's names or of how backends compute.
package nn
