// Package custom takes the kernels that users wrote out of a module (core.metal_kernel): their texts and how they are launched,
// as an asset holds them, and runs them in the checker against the bodies that say what they compute.
//
// Nothing of a text is compiled or run by [Of], [Files] and [Lint]. [Run] does both, in the checker's child process: who calls it
// has asked the user whether the text is to be trusted.
package custom
