// Package walk runs the plan of a module (package plan): what the host computes goes to the interpreter, and runs of dispatches between that to a
// [Device]. It is the one reader of plans: the checker, an NVIDIA GPU and Metal are devices of it, which know nothing of plans.
package walk
