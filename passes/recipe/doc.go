// Package recipe reads compression configurations: which weight is stored how, and which activations are quantized.
//
// A recipe is YAML in the schema of coreai-opt 0.3.0 (its QuantizerConfig, KMeansPalettizerConfig and
// MagnitudePrunerConfig), accepted as it stands, with a few keys of aiopt's own. [Read] checks it against one table of
// fields, which [Schema] prints as a JSON schema, and gives every mistake at once with its line, its key and the nearest
// valid one. [Recipe.Weight], [Recipe.Input] and [Recipe.Output] answer for one tensor at a time by coreai-opt's rules of
// precedence; [Write] saves what was chosen for each weight, so that it can be read again.
//
// The package knows names, paths and shapes; what a scheme does to numbers is [compress]'s matter.
package recipe
