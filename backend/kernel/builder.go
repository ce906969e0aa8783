package kernel

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Builder makes a kernel from Go code that reads as the kernel does. Mistakes are collected and told by [Builder.Build];
// until then every method gives a value of a fitting type.
type Builder struct {
	kernel *Kernel
	block  *Block // where instructions go
	values int
	names  map[string]int
	consts map[*Value]*Instr // the instructions of constants, for folding
	halves map[*Value]half   // what is known of f32 that stand for numbers of 16 bits
	errs   []error

	decls  []*ir.DimDecl // sizes that are declared where they are used
	guards []ir.Guard
	verify func(*Kernel) error
}

// NewBuilder starts a kernel.
func NewBuilder(name string) *Builder {
	k := &Kernel{Name: name, Body: &Block{}}
	return &Builder{kernel: k, verify: Verify, block: k.Body, names: map[string]int{}, consts: map[*Value]*Instr{}, halves: map[*Value]half{}}
}

// VerifyBy has Build verify by a function in place of Verify: one that knows the kernels that Verify has accepted before.
func (b *Builder) VerifyBy(verify func(*Kernel) error) { b.verify = verify }

// Size declares a size that the call binds. The declaration is the caller's, such as a function's.
func (b *Builder) Size(decl *ir.DimDecl) ir.Dim {
	b.names[decl.Name]++
	b.kernel.Sizes = append(b.kernel.Sizes, decl)
	return ir.Sym(decl.Name)
}

// Know tells of sizes that the kernel may use, and of what is known of them: Build declares those that it does use, and the
// guards that speak of no others.
func (b *Builder) Know(decls []*ir.DimDecl, guards []ir.Guard) {
	for _, d := range decls {
		b.names[d.Name]++
	}
	b.decls, b.guards = append(b.decls, decls...), append(b.guards, guards...)
}

// Try runs body and takes back all that it built, for who wants to know whether it can or what it would need.
func (b *Builder) Try(body func() error) error { return b.attempt(body, false) }

// Attempt runs body, and takes back what it built where it fails.
func (b *Builder) Attempt(body func() error) error { return b.attempt(body, true) }

func (b *Builder) attempt(body func() error, keep bool) error {
	outer, buffers := *b, len(b.kernel.Buffers)
	b.names, b.block = maps.Clone(b.names), &Block{}
	err := body()
	if err == nil {
		err = errors.Join(b.errs[len(outer.errs):]...)
	}
	if err == nil && keep {
		outer.block.Instrs = append(outer.block.Instrs, b.block.Instrs...)
		b.block = outer.block
		return nil
	}
	b.names, b.block, b.values, b.errs = outer.names, outer.block, outer.values, outer.errs
	b.kernel.Buffers = b.kernel.Buffers[:buffers]
	return err
}

// Guard says what is known of the sizes beside their ranges.
func (b *Builder) Guard(guards ...ir.Guard) { b.kernel.Guards = append(b.kernel.Guards, guards...) }

// Buffer declares memory of n elements. Global buffers are given by the call in the order of their declaration.
func (b *Builder) Buffer(name string, elem host.Elem, n ir.Dim, space Space, access Access) *Buffer {
	buf := &Buffer{Name: b.unique(name), Elem: elem, Len: n, Space: space, Access: access}
	b.kernel.Buffers = append(b.kernel.Buffers, buf)
	return buf
}

// Input declares a global buffer that is read.
func (b *Builder) Input(name string, elem host.Elem, n ir.Dim) *Buffer {
	return b.Buffer(name, elem, n, Global, Read)
}

// Output declares a global buffer that is written.
func (b *Builder) Output(name string, elem host.Elem, n ir.Dim) *Buffer {
	return b.Buffer(name, elem, n, Global, Write)
}

// Loop runs body for the values 0, step, 2*step, ... below extent of the variable that it is given, and carries values from
// round to round: body takes what init or the round before gave and gives what the next one takes. The results are
// those of the last round, or init where there is none. The variable's name is made unique.
func (b *Builder) Loop(kind LoopKind, name string, extent ir.Dim, step int64, init []*Value, body func(i ir.Dim, carried []*Value) []*Value) []*Value {
	l := &Loop{Kind: kind, Var: b.unique(name), Extent: extent, Step: step, Init: init, Body: &Block{}}
	for _, v := range init {
		l.Carried = append(l.Carried, b.value(v.Type))
	}
	b.inside(l.Body, func() { l.Next = body(ir.Sym(l.Var), l.Carried) })
	if len(l.Next) != len(init) {
		b.errs = append(b.errs, fmt.Errorf("loop %s: its body gives %d values, expected %d as at its start", l.Var, len(l.Next), len(init)))
	}
	for _, v := range init {
		l.Results = append(l.Results, b.value(v.Type))
	}
	b.block.Instrs = append(b.block.Instrs, &Instr{Op: LoopInstr, Loop: l})
	return slices.Clone(l.Results)
}

// For is Loop without carried values.
func (b *Builder) For(kind LoopKind, name string, extent ir.Dim, step int64, body func(i ir.Dim)) {
	b.Loop(kind, name, extent, step, nil, func(i ir.Dim, _ []*Value) []*Value {
		body(i)
		return nil
	})
}

// If runs then where the condition on indices holds; accesses inside are checked under it.
func (b *Builder) If(holds ir.Cond, then func()) { b.branch(&If{Holds: holds}, then) }

// IfValue runs then where the bool is true.
func (b *Builder) IfValue(cond *Value, then func()) { b.branch(&If{Cond: cond}, then) }

func (b *Builder) branch(c *If, then func()) {
	c.Then = &Block{}
	b.inside(c.Then, then)
	b.block.Instrs = append(b.block.Instrs, &Instr{Op: IfInstr, If: c})
}

func (b *Builder) inside(block *Block, body func()) {
	outer := b.block
	b.block = block
	body()
	b.block = outer
}

// Build gives the kernel, verified.
func (b *Builder) Build() (*Kernel, error) {
	if len(b.errs) > 0 {
		return nil, fmt.Errorf("kernel %s: %w", b.kernel.Name, errors.Join(b.errs...))
	}
	b.declare()
	slices.SortStableFunc(b.kernel.Buffers, func(x, y *Buffer) int { // the call gives the first ones
		return cmp.Compare(min(x.Space, Shared), min(y.Space, Shared))
	})
	if err := b.verify(b.kernel); err != nil {
		return nil, err
	}
	return b.kernel, nil
}

// declare declares the sizes of Know that the kernel uses.
func (b *Builder) declare() {
	used := map[string]bool{}
	b.kernel.eachDim(func(d ir.Dim) {
		for _, s := range d.Symbols() {
			used[s] = true
		}
	})
	for _, d := range b.decls {
		if used[d.Name] {
			b.kernel.Sizes = append(b.kernel.Sizes, d)
		}
	}
	for _, g := range b.guards {
		if !slices.ContainsFunc(g.Symbols(), func(s string) bool { return !used[s] }) {
			b.kernel.Guards = append(b.kernel.Guards, g)
		}
	}
	b.decls, b.guards = nil, nil
}

// unique gives a name that no buffer, size or variable has yet.
func (b *Builder) unique(name string) string {
	for {
		b.names[name]++
		if b.names[name] == 1 {
			return name
		}
		if tried := fmt.Sprintf("%s_%d", name, b.names[name]); b.names[tried] == 0 {
			b.names[tried]++
			return tried
		}
	}
}

func (b *Builder) value(t Type) *Value {
	v := &Value{Type: t, ID: b.values}
	b.values++
	return v
}

// emit appends the instruction and gives its result, nil for one without.
func (b *Builder) emit(in *Instr, asked Type) *Value {
	t, problem := resultType(in, asked)
	if problem != "" {
		b.errs = append(b.errs, fmt.Errorf("%s: %s", in.Op, problem))
	}
	if folded := b.fold(in, t); folded != nil {
		return folded
	}
	b.block.Instrs = append(b.block.Instrs, in)
	if t == (Type{}) {
		return nil
	}
	in.Result = b.value(t)
	if in.Op == Const {
		b.consts[in.Result] = in
	}
	b.learn(in)
	return in.Result
}
