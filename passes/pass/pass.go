package pass

import (
	"context"
	"fmt"
	"strings"

	"github.com/aiopt/aiopt/ir"
)

// Pass changes a module. Options are read when Run is called.
type Pass struct {
	Name    string
	Doc     string // the first sentence says what the pass does
	Options Options
	// Lossy is set by a pass that changes numbers on purpose. Others are exact: their results are compared at the
	// tolerance of the element type.
	Lossy *Lossy
	// NeedsLowered makes the runner refuse a module that still holds torch.call.
	NeedsLowered bool
	Run          func(*Context, *ir.Module) error
}

// Lossy bounds the damage of a pass that changes numbers.
type Lossy struct {
	// MinSNR is in dB: numeric verification reports the SNR and fails below this. A pass whose options decide how numbers are
	// stored sets it when it runs; before, it is that of the defaults.
	MinSNR float64
	// States says that the pass stores states in another form: numeric verification looks at the outputs alone.
	States bool
}

// Context is what a running pass may use.
type Context struct {
	context.Context
	Executor Executor // nil where the caller has no engine; see Execute
	// Calibration is data like that which the model will see; nil where the user gave none, see Samples.
	Calibration *Samples
	// Texts are files that the caller has in memory, by the names that options say. Other names are those of files.
	Texts map[string]string
	// Report takes a line for the user, such as what was compressed; nil drops it.
	Report func(line string)
	// Progress takes how much of a long pass is done; nil drops it.
	Progress func(what string, done, total int)
	// Compressed takes what became of each tensor that a pass could compress; nil drops it.
	Compressed func(Compressed)
	// Outputs takes how near the model's outputs are after a pass that runs it to see; nil drops it.
	Outputs func(OutputQuality)
	// Strict makes it an error if a tensor cannot be compressed as asked.
	Strict bool
	Pass   *Pass // the pass that runs
}

// Reportf gives the user a line.
func (c *Context) Reportf(format string, args ...any) {
	if c.Report != nil {
		c.Report(fmt.Sprintf(format, args...))
	}
}

// Step tells how much of a long pass is done.
func (c *Context) Step(what string, done, total int) {
	if c.Progress != nil {
		c.Progress(what, done, total)
	}
}

// Title is the first sentence of the documentation.
func (p *Pass) Title() string {
	first, _, _ := strings.Cut(p.Doc, ". ")
	return strings.TrimSuffix(first, ".")
}

// String is the pass as a pipeline spells it: its name and the options that were given.
func (p *Pass) String() string { return p.spell(func(s setting) string { return s.text }) }

// Kept is what a module says of the pass: as String, with files by the last parts of their names.
func (p *Pass) Kept() string { return p.spell(func(s setting) string { return s.kept }) }

func (p *Pass) spell(value func(setting) string) string {
	var set []string
	for _, o := range p.Options.list {
		for _, s := range o.given {
			set = append(set, s.name+"="+value(s))
		}
	}
	if len(set) == 0 {
		return p.Name
	}
	return p.Name + "{" + strings.Join(set, ", ") + "}"
}
