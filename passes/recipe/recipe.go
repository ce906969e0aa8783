package recipe

import (
	"fmt"

	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/compress"
)

// Recipe is a configuration that has been read. It is not changed by use.
type Recipe struct {
	File  string
	parts []section
	notes Errors
}

// Notes are the parts of the file that are understood and have no effect, in the file's order.
func (r *Recipe) Notes() []*Error { return r.notes }

// section is one compressor's configuration.
type section struct {
	shape  *sectionShape
	types  []moduleRule
	names  []moduleRule
	global moduleRule
}

// moduleRule says what becomes of the modules that it matches.
type moduleRule struct {
	by      By
	key     string
	pattern *pattern // of a name
	ops     opRule
	opTypes []opRule
	opNames []opRule
	state   []tensorRule // of the module's own tensors
	in, out []tensorRule // of the module's own inputs and outputs
}

// opRule says what becomes of the tensors of an operation.
type opRule struct {
	by      By
	key     string
	pattern *pattern
	state   []tensorRule
	in, out []tensorRule
}

// tensorRule is a spec for the tensors of one name or index.
type tensorRule struct {
	by       By
	key      string // * for all
	spec     *spec  // nil: the tensor is left alone
	explicit bool   // written in the file
}

// spec is what one tensor becomes.
type spec struct {
	scheme  compress.Scheme // of a weight
	act     Activation
	channel int // the axis whose channels are pruned whole
}

// By is what decided: an entry of the file, or the default that an omitted one means.
type By struct {
	File string
	Pos
	Key     string // the path of keys
	Default bool   // the entry omits the spec; it means the compressor's default
}

// String is for messages: recipe.yaml:4:7: quantization_config.global_config.op_state_spec.weight
func (b By) String() string {
	s := fmt.Sprintf("%s:%d:%d: %s", b.File, b.Line, b.Col, b.Key)
	if b.Default {
		s += " (by default)"
	}
	return s
}

// Activation is how an operation's input or output is quantized.
type Activation struct {
	Elem        host.Elem
	Range       compress.Range
	Offset      compress.Offset      // of an asymmetric range, or MinValue
	Scale       host.Elem            // F8E8M0, or Invalid for the activation's own type
	Granularity compress.Granularity // Axis may be negative
	Gather      Gather
	Least, Most *float64 // ends of the range that are known; nil: gathered
	CoreAI      bool     // scales are computed as coreai-opt computes them: compat
}

// Gather says how the range of an activation comes about.
type Gather string

// The ways of gathering.
const (
	LastSample    Gather = "static"         // that of the last sample
	MovingAverage Gather = "moving_average" // an average in which a new sample weighs 0.01
	AllSamples    Gather = "global_minmax"  // over all samples
	EachCall      Gather = "dynamic"        // computed while the model runs
)

// Options are what a recipe is read with.
type Options struct {
	CoreAI bool // as if the recipe said compat: coreai
}

// Read reads a recipe; name is the file's, for messages. The error is an [Errors] with every mistake.
func Read(name string, src []byte, opt Options) (*Recipe, error) {
	r := &reporter{file: name, seen: map[string]bool{}}
	root := parseTree(src, r)
	if len(r.errors) > 0 {
		return nil, sorted(r.errors)
	}
	r.check(top(), root, "")
	if len(r.errors) == 0 && !hasSection(root) {
		r.fail(root.at, "", "no compressor is configured; expected "+oneOf(sectionKeys()))
	}
	if len(r.errors) > 0 {
		return nil, sorted(r.errors)
	}
	b := builder{r: r, coreai: opt.CoreAI || root.word("compat", "none", nil) == "coreai"}
	recipe := &Recipe{File: name}
	for i := range sections {
		if n := root.get(sections[i].key); n != nil {
			recipe.parts = append(recipe.parts, b.section(&sections[i], keyAt(root, sections[i].key), n))
		}
	}
	if recipe.checkPruned(r); len(r.errors) > 0 {
		return nil, sorted(r.errors)
	}
	recipe.notes = sorted(r.notes)
	return recipe, nil
}

func hasSection(root *node) bool {
	for _, s := range sections {
		if root.get(s.key) != nil {
			return true
		}
	}
	return false
}
