package pass

import (
	"fmt"
	"strings"
)

// Outcomes are what became of each tensor that a pass could compress. It tells the context of each, and settles at the end
// what is an error and what the user is told.
type Outcomes struct {
	ctx  *Context
	kind Kind
	list []Compressed
}

// CompressedAlready is the reason of what an earlier pass, or who made the model, has compressed.
const CompressedAlready = "it is compressed already"

// NewOutcomes begins without any.
func NewOutcomes(ctx *Context, kind Kind) *Outcomes { return &Outcomes{ctx: ctx, kind: kind} }

// Add notes what became of a tensor. Its Kind and Pass are set here.
func (o *Outcomes) Add(e Compressed) {
	e.Kind, e.Pass = o.kind, o.ctx.Pass.String()
	o.list = append(o.list, e)
	if o.ctx.Compressed != nil {
		o.ctx.Compressed(e)
	}
}

// All lists them in the order in which they were added.
func (o *Outcomes) All() []Compressed { return o.list }

// Done counts what is compressed.
func (o *Outcomes) Done() int {
	n := 0
	for _, e := range o.list {
		if e.Refused == "" {
			n++
		}
	}
	return n
}

// refused lists why tensors are not compressed.
func (o *Outcomes) refused(which func(Compressed) bool) []string {
	var lines []string
	for _, e := range o.list {
		if e.Refused == "" || !which(e) {
			continue
		}
		name := e.Tensor
		if e.Kind == Weight && e.Shape != nil || e.Kind == State {
			name = "@" + name
		}
		lines = append(lines, name+": "+e.Refused)
	}
	return lines
}

func anyReason(Compressed) bool { return true }

// Check is Strict, and makes it an error that nothing is compressed. candidates says what could have been, for a module
// without any.
func (o *Outcomes) Check(candidates string) error {
	if o.Done() == 0 {
		none := fmt.Sprintf("found no %s to compress; ", o.kind)
		lines := o.refused(anyReason)
		if len(lines) == 0 {
			return &NothingCompressed{Reason: none + candidates}
		}
		return &NothingCompressed{Reason: none + "these were skipped:\n  " + FirstLines(lines, 10)}
	}
	return o.Strict()
}

// Strict makes it an error, with Context.Strict, that something is not compressed, though the user did not ask to leave it alone.
func (o *Outcomes) Strict() error {
	return o.ctx.CheckStrict(o.refused(func(e Compressed) bool { return !e.Ignored && e.Refused != CompressedAlready }))
}

// FirstLines joins some of the lines, and counts the others.
func FirstLines(lines []string, most int) string {
	if more := len(lines) - most; more > 0 {
		lines = append(lines[:most:most], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(lines, "\n  ")
}

// CheckStrict makes it an error, with Strict, that tensors are not compressed; the lines say which, and why.
func (c *Context) CheckStrict(refused []string) error {
	if !c.Strict || len(refused) == 0 {
		return nil
	}
	are := "tensors are"
	if len(refused) == 1 {
		are = "tensor is"
	}
	return fmt.Errorf("--strict: %d %s not compressed; leave them out with ignore, if that is meant:\n  %s", len(refused), are, strings.Join(refused, "\n  "))
}

// Tell reports what is not compressed, which who takes the entries shows better, and options that have no effect.
func (o *Outcomes) Tell(unused []string) {
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
