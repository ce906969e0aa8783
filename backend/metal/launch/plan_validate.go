package launch

import (
	"errors"
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// mostText bounds an expression, in bytes, and mostProblems what is said of one function.
const (
	mostText     = 4096
	mostProblems = 20
)

// validateFunction gives what is wrong with a function's description, beside kernels of the file: every number names something that is there,
// memory is as large as what is put there, and nothing is written that is only to be read.
func (f *File) validateFunction(fn *Function) error {
	v := &validator{file: f, fn: fn, known: map[string]ir.Dim{}}
	if fn.Name == "" {
		v.wrong("it has no name")
	}
	if fn.Arena < 0 || fn.Arena > host.MaxBytes {
		v.wrong("an arena of %d bytes, expected 0 to %d", fn.Arena, int64(host.MaxBytes))
	}
	for i, text := range fn.Slots {
		v.expression(text, "slot %d", i)
	}
	for i := range fn.Buffers {
		v.buffer(i)
	}
	for i, b := range fn.Results {
		if v.has(b, "result %d", i) && fn.Buffers[b].Kind == Status {
			v.wrong("result %d is the status", i)
		}
	}
	for i := range fn.Steps {
		v.step(i)
	}
	return errors.Join(v.errs...)
}

type validator struct {
	file  *File
	fn    *Function
	bytes []ir.Dim          // of the buffers before
	known map[string]ir.Dim // expressions that were read
	errs  []error
}

func (v *validator) wrong(format string, args ...any) {
	if len(v.errs) < mostProblems {
		v.errs = append(v.errs, fmt.Errorf("function %q: "+format, append([]any{v.fn.Name}, args...)...))
	}
}

// expression reads one over the function's sizes.
func (v *validator) expression(text, format string, args ...any) ir.Dim {
	if d, ok := v.known[text]; ok {
		return d
	}
	var d ir.Dim
	err := fmt.Errorf("an expression of %d bytes, expected at most %d", len(text), mostText)
	if len(text) <= mostText {
		d, err = ir.ParseDim(text)
	}
	if err == nil {
		err = d.Err()
	}
	if err != nil {
		v.wrong("%s: %w", fmt.Sprintf(format, args...), err)
		return ir.Const(0)
	}
	for _, s := range d.Symbols() {
		if !slices.Contains(v.fn.Sizes, s) {
			v.wrong("%s: %s is no size of the function", fmt.Sprintf(format, args...), s)
		}
	}
	v.known[text] = d
	return d
}

// has reports a number that is a buffer's.
func (v *validator) has(b int, format string, args ...any) bool {
	if b < 0 || b >= len(v.fn.Buffers) {
		v.wrong("%s is buffer %d, expected one of %d", fmt.Sprintf(format, args...), b, len(v.fn.Buffers))
		return false
	}
	return true
}

func (v *validator) buffer(i int) {
	b := &v.fn.Buffers[i]
	v.bytes = append(v.bytes, v.sizeOf(i))
	n, known := v.bytes[i].IsConst()
	switch b.Kind {
	case Input, StateIn, Output:
		if b.Name == "" {
			v.wrong("buffer %d is an %s without a name", i, b.Kind)
		}
	case Constant:
		if b.Op < 0 {
			v.wrong("buffer %d is the constant of operation %d", i, b.Op)
		}
	case Packed:
		if !known {
			v.wrong("buffer %d is filled once and has %s bytes, expected a number", i, v.bytes[i])
		}
	case Status:
		if b.DType != "i32" || !known || n != 4 {
			v.wrong("buffer %d is the status, expected one i32", i)
		}
	case Arena:
		if !known || b.Offset < 0 || n > v.fn.Arena || b.Offset > v.fn.Arena-n {
			v.wrong("buffer %d takes %s bytes from %d on of an arena of %d", i, v.bytes[i], b.Offset, v.fn.Arena)
		}
	case Slot:
		if b.Slot < 0 || b.Slot >= len(v.fn.Slots) {
			v.wrong("buffer %d lies in slot %d, expected one of %d", i, b.Slot, len(v.fn.Slots))
		}
	case Part:
		if b.Of < 0 || b.Of >= i {
			v.wrong("buffer %d is a part of buffer %d, expected one before it", i, b.Of)
		}
		v.expression(b.At, "buffer %d", i)
	default:
		v.wrong("buffer %d is a %q, expected one of input state constant output arena slot part packed status", i, b.Kind)
	}
}

// sizeOf is the bytes of a buffer.
func (v *validator) sizeOf(i int) ir.Dim {
	b := &v.fn.Buffers[i]
	e, ok := host.ParseElem(b.DType)
	if !ok {
		v.wrong("buffer %d: dtype is %q", i, b.DType)
		return ir.Const(0)
	}
	if len(b.Shape) > mostRank {
		v.wrong("buffer %d: %d axes, expected at most %d", i, len(b.Shape), mostRank)
		return ir.Const(0)
	}
	var shape []ir.Dim
	for _, text := range b.Shape {
		d := v.expression(text, "buffer %d", i)
		if n, known := d.IsConst(); known && (n < 0 || n > host.MaxBytes) {
			v.wrong("buffer %d: a side of %d", i, n)
			d = ir.Const(0)
		}
		shape = append(shape, d)
	}
	n := BytesOf(e, shape)
	if n.Err() != nil {
		v.wrong("buffer %d: %w", i, n.Err())
		return ir.Const(0)
	}
	return n
}

// mostRank is how many axes a buffer may have.
const mostRank = 64

// BytesOf is what a dense tensor takes; rows of elements narrower than a byte are filled up to whole bytes.
func BytesOf(e host.Elem, shape []ir.Dim) ir.Dim {
	n := ir.Const(1)
	for i, d := range shape {
		if i == len(shape)-1 && e.Packed() {
			d = d.Mul(ir.Const(int64(e.Bits()))).Add(ir.Const(7)).FloorDiv(ir.Const(8))
		}
		n = n.Mul(d)
	}
	if e.Packed() {
		return n
	}
	return n.Mul(ir.Const(int64(e.Bytes())))
}

func (v *validator) step(i int) {
	s := &v.fn.Steps[i]
	if s.Op < 0 {
		v.wrong("step %d is of operation %d", i, s.Op)
	}
	for _, w := range s.Waits {
		if w < 0 || w >= i {
			v.wrong("step %d waits for step %d, expected one before it", i, w)
		}
	}
	switch {
	case (s.Dispatch == nil) == (s.Host == nil):
		v.wrong("step %d: expected a dispatch or what the host computes, and not both", i)
	case s.Dispatch != nil:
		v.dispatch(i, s.Dispatch)
	default:
		for _, b := range append(slices.Clone(s.Host.Takes), s.Host.Gives...) {
			v.has(b, "step %d", i)
		}
	}
}

func (v *validator) dispatch(i int, d *Dispatch) {
	if d.Kernel < 0 || d.Kernel >= len(v.file.Kernels) {
		v.wrong("step %d runs kernel %d, expected one of %d", i, d.Kernel, len(v.file.Kernels))
		return
	}
	k := &v.file.Kernels[d.Kernel]
	if d.Function != k.Function {
		v.wrong("step %d runs kernel %d, which is %q and not %q", i, d.Kernel, k.Function, d.Function)
	}
	for _, s := range k.Sizes {
		if !slices.Contains(v.fn.Sizes, s) {
			v.wrong("step %d: %s is no size of the function", i, s)
		}
	}
	at := 0
	for _, p := range k.Params {
		if p.Kind == Bytes {
			continue
		}
		if at < len(d.Buffers) {
			v.bound(i, &p, d.Buffers[at], d.Once)
		}
		at++
	}
	if at != len(d.Buffers) {
		v.wrong("step %d gives kernel %s %d buffers, expected %d", i, k.Function, len(d.Buffers), at)
	}
	if u := d.Undo; u != nil && v.has(u.Base, "step %d", i) && v.has(u.Saved, "step %d", i) && v.has(u.Places, "step %d", i) {
		if v.fn.Buffers[u.Places].DType != "i64" || v.fn.Buffers[u.Base].DType != v.fn.Buffers[u.Saved].DType {
			v.wrong("step %d: what it saves has the types %s and %s, expected that of its base and i64", i, v.fn.Buffers[u.Saved].DType, v.fn.Buffers[u.Places].DType)
		}
	}
}

// bound holds a buffer against the parameter that it is bound to.
func (v *validator) bound(i int, p *Param, b int, once bool) {
	if !v.has(b, "step %d: %s", i, p.Name) {
		return
	}
	root := b
	for v.fn.Buffers[root].Kind == Part && v.fn.Buffers[root].Of < root && v.fn.Buffers[root].Of >= 0 {
		root = v.fn.Buffers[root].Of
	}
	kind := v.fn.Buffers[root].Kind
	if p.Access != Read && (kind == Constant || kind == Input || kind == Packed != once && (kind == Packed || once)) {
		v.wrong("step %d writes to buffer %d, which is %s", i, b, kind)
	}
	if p.Len == "" {
		return
	}
	want := v.expression(p.Len, "step %d: %s", i, p.Name).Mul(ir.Const(int64(ElementBytes(p.DType))))
	if !want.Equal(v.bytes[b]) {
		v.wrong("step %d: %s takes %s bytes, buffer %d has %s", i, p.Name, want, b, v.bytes[b])
	}
}
