// Package calibrate finds the ranges of values from the numbers that they take: what static activation quantization and
// the passes that weigh activations against weights rest on.
//
// An [Observer] is a rule that turns numbers into a [Range], with which [Codes] give a scale and a zero point. [Stats] feed it
// batch by batch, for a whole tensor or for each index of an axis. Results do not depend on the number of threads, and
// those of every observer but the moving average and the last sample not on the order of the batches.
//
// The package knows host tensors and nothing of modules, operations or passes.
package calibrate
