package sides

import (
	"path/filepath"
	"strconv"

	"github.com/aiopt/aiopt/ir"
)

// exported is the ending of models as PyTorch saves them, which have no passes behind them.
const exported = ".pt2"

// Original lowers a model and no more: every tensor of the PyTorch graph that is computed is there to compare with.
const Original = "decompose{composites=false}"

// ReferencePasses are those of a reference where the user names none: a model as PyTorch saved it is lowered, another one stands as it is.
func ReferencePasses(path string) string {
	if filepath.Ext(path) == exported {
		return Original
	}
	return ""
}

// WithConfig adds to passes the one that compresses as the configuration of a name says; an empty name adds nothing. A model as torch saved
// it is lowered before, if no pass is given.
func WithConfig(passes, config string, m *ir.Module) string {
	if config == "" {
		return passes
	}
	if passes == "" {
		m.Walk(func(op *ir.Op) {
			if op.Def.Dialect() == "torch" {
				passes = "decompose"
			}
		})
	}
	if passes != "" {
		passes += ", "
	}
	return passes + "compress{config=" + strconv.Quote(config) + "}"
}
