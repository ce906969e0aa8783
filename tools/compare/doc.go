// Package compare runs two builds of a model side by side and says where they part.
//
// Each [Side] shows values: a [Program] computes them, a [Saved] side has them in a file. [Matching] pairs values that claim the same
// tensor of PyTorch, and gives each tensor that has no pair its reason. [Run] lets both sides run in step, so that hardly more is in
// memory than what the two runs need, measures each pair, and gives a [Report]. [Local] runs single operations of the tested
// side on the values of the reference, which tells an operation that makes an error from one that inherits it.
package compare
