// Package plan turns a module into what Metal runs: texts of kernels, and for each function the steps that compute it (see
// [launch.Function]): dispatches of kernels, and operations that the host leaves to the interpreter because there is no kernel for them.
//
// [Make] asks the schedules for the kernels of each operation, prints equal ones once, gives every value a place in memory, and
// says which steps have to wait for which. A plan is the same on every run and machine.
package plan
