// Package checked is an engine that computes a module as Metal would: by the plan of [plan.Make], dispatch by dispatch, with the texts of
// its kernels run in the checker. It is slow, and finds what is wrong with kernels, memory and hazards.
package checked
