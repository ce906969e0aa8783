// Package torch holds the one operation that a program read from PyTorch consists of: [Call], a call of a PyTorch
// operator with every argument spelled out. The pass decompose replaces it; until then it is carried, printed and parsed
// without being understood. The package knows no operator.
package torch
