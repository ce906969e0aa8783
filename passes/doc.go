// Package passes holds the standard passes, one file each; [Standard] is the one list of them.
//
// A pass is a constructor that returns a *pass.Pass. Passes know the dialects and the rewriting driver; they know no
// frontend and no backend.
package passes
