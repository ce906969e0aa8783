// Package torch turns the programs of a torch.export archive into an [ir.Module] whose operations are torch.call.
//
// [Import] does it, for one program or for several that become functions of one module ([Program]). Each node becomes one
// call with every argument spelled out, by the operator's [Schema] out of a table made from PyTorch. What a program of
// Python has and the representation has not is resolved here: in-place operators and the views that alias what they
// write to become functional calls (see the type tensor), buffers that a program changes become states, symbolic numbers
// become sizes, and higher-order operators become core.cond, core.while, core.scan and core.map with bodies.
//
// The package reads archives through frontend/pt2. It knows the operators that make views or change their arguments, by
// name; it does not know what any other operator computes, and no pass or backend.
package torch
