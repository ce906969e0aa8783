package recipe

import (
	"slices"

	"github.com/aiopt/aiopt/passes/compress"
)

// Presets are the schemes that coreai-opt and coreai-models give a name, in a fixed order.
func Presets() []compress.Named {
	return slices.DeleteFunc(compress.Schemes(), func(n compress.Named) bool { return n.Of == "" })
}
