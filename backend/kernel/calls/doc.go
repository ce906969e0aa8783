// Package calls says which kernels compute an operation of a program, and what each of their buffers is: operands, the result, memory
// between kernels, or a constant in another order. Engines that run kernels make their programs of it.
package calls
