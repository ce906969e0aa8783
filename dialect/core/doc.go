// Package core holds the operations that give a program its structure: constants, sizes as values, return and calls,
// control flow, and the kernel that groups fused operations.
//
// Control flow owns its code as bodies, which are functions closed over values. See [Cond], [While], [Scan], [Map] and
// [Kernel]. The package knows no numeric operation.
package core
