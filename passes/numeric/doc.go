// Package numeric checks passes by running the model: before and after each pass, on the same inputs.
//
// [Hook] makes the hook of a pass runner. Without inputs from the user, [MakeInputs] makes some that are legal for their
// use: indices in range, masks that let most through, sizes at both ends of their ranges.
package numeric
