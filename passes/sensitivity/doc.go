// Package sensitivity says how much a model's outputs suffer when a part of its weights is compressed, and chooses a scheme
// for each part by that.
//
// A [Scheme] is a pass that stores weights in fewer bits. [Measure] compresses one [Unit] of weights after the other by
// each scheme, the others staying exact, runs the model on the calibration data, and compares its outputs with the exact
// ones. [Table.Choose] finds the schemes that fit a number of bits or a quality; [Table.Apply] compresses a module by them.
//
// The package knows no pass, only that a pass has the option include and tells the Context what became of each weight.
package sensitivity
