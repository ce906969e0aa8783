package passes

import (
	"fmt"
	"strings"

	"github.com/aiopt/aiopt/passes/pass"
)

// outcomes are what became of each tensor that a pass could compress.
type outcomes struct {
	ctx  *pass.Context
	kind pass.Kind
	list []pass.Compressed
}

// compressedAlready is the reason of what an earlier pass, or who made the model, has compressed.
const compressedAlready = "it is compressed already"

func (o *outcomes) add(e pass.Compressed) {
	e.Kind, e.Pass = o.kind, o.ctx.Pass.String()
	o.list = append(o.list, e)
	if o.ctx.Compressed != nil {
		o.ctx.Compressed(e)
	}
}

// done counts what is compressed.
func (o *outcomes) done() int {
	n := 0
	for _, e := range o.list {
		if e.Refused == "" {
			n++
		}
	}
	return n
}

// refused lists why tensors are not compressed.
func (o *outcomes) refused(which func(pass.Compressed) bool) []string {
	var lines []string
	for _, e := range o.list {
		if e.Refused == "" || !which(e) {
			continue
		}
		name := e.Tensor
		if e.Kind == pass.Weight && e.Shape != nil || e.Kind == pass.State {
			name = "@" + name
		}
		lines = append(lines, name+": "+e.Refused)
	}
	return lines
}

func anyReason(pass.Compressed) bool { return true }

// check is strict, and makes it an error that nothing is compressed. candidates says what could have been, for a module
// without any.
func (o *outcomes) check(candidates string) error {
	if o.done() == 0 {
		none := fmt.Sprintf("found no %s to compress; ", o.kind)
		lines := o.refused(anyReason)
		if len(lines) == 0 {
			return &pass.NothingCompressed{Reason: none + candidates}
		}
		return &pass.NothingCompressed{Reason: none + "these were skipped:\n  " + firstLines(lines, 10)}
	}
	return o.strict()
}

// strict makes it an error, with Strict, that something is not compressed, though the user did not ask to leave it alone.
func (o *outcomes) strict() error {
	return strictly(o.ctx, o.refused(func(e pass.Compressed) bool { return !e.Ignored && e.Refused != compressedAlready }))
}

// firstLines joins some of the lines, and counts the others.
func firstLines(lines []string, most int) string {
	if more := len(lines) - most; more > 0 {
		lines = append(lines[:most:most], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(lines, "\n  ")
}

// strictly makes it an error, with Strict, that tensors are not compressed.
func strictly(ctx *pass.Context, refused []string) error {
	if !ctx.Strict || len(refused) == 0 {
		return nil
	}
	are := "tensors are"
	if len(refused) == 1 {
		are = "tensor is"
	}
	return fmt.Errorf("--strict: %d %s not compressed; leave them out with ignore, if that is meant:\n  %s", len(refused), are, strings.Join(refused, "\n  "))
}

// tell reports what is not compressed, which who takes the entries shows better, and options that have no effect.
func (o *outcomes) tell(unused []string) {
	name := o.ctx.Pass.Name
	if o.ctx.Compressed == nil {
		for _, line := range o.refused(anyReason) {
			o.ctx.Reportf("%s: skipped %s", name, line)
		}
	}
	for _, option := range unused {
		o.ctx.Reportf("%s: %s matches no %s", name, option, o.kind)
	}
}
