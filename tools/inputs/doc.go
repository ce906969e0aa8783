// Package inputs holds the tensors and values that a user gives by name, and finds the calls of functions that they describe. `aiopt help
// inputs` explains the names.
package inputs
