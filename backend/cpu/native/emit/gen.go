package emit

import (
	"fmt"
	"slices"

	llvm "github.com/llir/llvm/ir"
	"github.com/llir/llvm/ir/constant"
	"github.com/llir/llvm/ir/enum"
	"github.com/llir/llvm/ir/types"
	"github.com/llir/llvm/ir/value"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
)

// Layout says what a kernel finds in its context block and what it needs of the caller.
type Layout struct {
	// Words of the block: the addresses of the global buffers, then the sizes in the kernel's order, then for each other
	// buffer the bytes from the start of the scratch memory.
	Words int
	// Scratch are the other buffers in the order of their words.
	Scratch []*kernel.Buffer
}

// LayoutOf gives the layout of a kernel's context block.
func LayoutOf(k *kernel.Kernel) Layout {
	l := Layout{Words: len(k.Buffers) + len(k.Sizes)}
	for _, b := range k.Buffers {
		if b.Space != kernel.Global {
			l.Scratch = append(l.Scratch, b)
		}
	}
	return l
}

// RoundsOf is how many rounds the outermost parallel loop of a kernel has; nil where there is none and the kernel runs whole for [0, 1).
func RoundsOf(k *kernel.Kernel) *ir.Dim {
	loop, _ := k.Outermost()
	if loop == nil {
		return nil
	}
	n := loop.Extent.Add(ir.Const(loop.Step - 1)).FloorDiv(ir.Const(loop.Step))
	return &n
}

// Module gathers kernels that are compiled together.
type Module struct {
	machine *Machine
	module  *llvm.Module
	known   map[string]*llvm.Func // intrinsics and helpers, by name
	rules   map[kernel.Op]rule
}

// NewModule starts a module for a machine.
func NewModule(m *Machine) *Module {
	mod := &Module{machine: m, module: llvm.NewModule(), known: map[string]*llvm.Func{}, rules: rules()}
	mod.module.TargetTriple = m.Triple
	return mod
}

// Add gives the module a function for a verified kernel. A [Refusal] says which operation has no code for the machine; any other
// error is a fault of this package. The module is then as it was.
func (m *Module) Add(name string, k *kernel.Kernel) (err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
			return
		case Refusal:
			err = fmt.Errorf("kernel %s: %w", k.Name, p)
		default:
			err = fmt.Errorf("internal error in kernel %s: %v", k.Name, p)
		}
		m.module.Funcs = slices.DeleteFunc(m.module.Funcs, func(f *llvm.Func) bool { return f.Name() == name })
	}()
	ctx := llvm.NewParam("ctx", pointer{})
	scratch := llvm.NewParam("scratch", pointer{})
	lo, hi := llvm.NewParam("lo", types.I64), llvm.NewParam("hi", types.I64)
	f := m.module.NewFunc(name, types.Void, ctx, lo, hi, scratch)
	f.FuncAttrs = append(f.FuncAttrs, enum.FuncAttrNoUnwind)
	g := &gen{
		Module: m, kernel: k, fn: f, block: f.NewBlock("entry"),
		values: map[*kernel.Value]value.Value{}, buffers: map[*kernel.Buffer]value.Value{}, fixed: map[string]ir.Dim{},
	}
	g.scopes = []*scope{{block: g.block, symbols: map[string]value.Value{}, cache: map[string]value.Value{}}}
	g.sizes = ir.NewDimEnv(k.Sizes, k.Guards)
	g.context(ctx, scratch)
	g.parallel, _ = k.Outermost()
	g.lo, g.hi = lo, hi
	g.run(k.Body)
	if streams(k) && m.machine.Fence != "" {
		g.pure(m.machine.Fence, types.Void)
	}
	g.block.NewRet(nil)
	return nil
}

// Refusal is why there is no code for a kernel. Within the package it is thrown and caught.
type Refusal string

func (r Refusal) Error() string { return string(r) }

func refuse(format string, args ...any) { panic(Refusal(fmt.Sprintf(format, args...))) }

// gen makes the code of one kernel.
type gen struct {
	*Module
	kernel *kernel.Kernel
	fn     *llvm.Func
	block  *llvm.Block // where instructions go
	scopes []*scope    // from the function inwards

	values  map[*kernel.Value]value.Value
	buffers map[*kernel.Buffer]value.Value // where they start
	fixed   map[string]ir.Dim              // the variables of loops that are written out
	sizes   *ir.DimEnv                     // the ranges of all symbols in use, and guards of sizes

	parallel *kernel.Loop
	lo, hi   value.Value
}

// context reads the context block.
func (g *gen) context(ctx, scratch value.Value) {
	at := 0
	word := func() value.Value {
		place := g.address(types.I64, ctx, constant.NewInt(types.I64, int64(at)))
		at++
		return place
	}
	for _, b := range g.kernel.Buffers {
		if b.Space == kernel.Global {
			g.buffers[b] = g.load(pointer{}, word(), 8)
		}
	}
	for _, s := range g.kernel.Sizes {
		g.scopes[0].symbols[s.Name] = g.load(types.I64, word(), 8)
	}
	for _, b := range g.kernel.Buffers {
		if b.Space != kernel.Global {
			offset := g.load(types.I64, word(), 8)
			g.buffers[b] = g.address(types.I8, scratch, offset)
		}
	}
}

// intrinsic declares a function of LLVM's.
func (g *gen) intrinsic(name string, result types.Type, args []value.Value) *llvm.Func {
	if f := g.known[name]; f != nil {
		return f
	}
	var params []*llvm.Param
	for _, a := range args {
		params = append(params, llvm.NewParam("", a.Type()))
	}
	f := g.module.NewFunc(name, result, params...)
	g.known[name] = f
	return f
}

func (g *gen) run(b *kernel.Block) {
	for _, in := range b.Instrs {
		switch in.Op {
		case kernel.LoopInstr:
			g.loop(in.Loop)
		case kernel.IfInstr:
			g.branch(in.If)
		default:
			v := g.instr(in)
			if in.Result != nil {
				g.values[in.Result] = v
			}
		}
	}
}

// inside runs body in a scope of its own that begins at a block.
func (g *gen) inside(at *llvm.Block, body func()) {
	g.scopes[len(g.scopes)-1].block = g.block
	g.block = at
	g.scopes = append(g.scopes, &scope{block: at, symbols: map[string]value.Value{}, cache: map[string]value.Value{}})
	sizes := g.sizes
	body()
	g.sizes = sizes
	g.scopes = g.scopes[:len(g.scopes)-1]
}

// continueAt goes on in a block, in the current scope.
func (g *gen) continueAt(b *llvm.Block) {
	g.block = b
	g.scopes[len(g.scopes)-1].block = b
}

func (g *gen) loop(l *kernel.Loop) {
	if l.Kind == kernel.Unroll {
		g.unrolled(l)
		return
	}
	first, end := value.Value(constant.NewInt(types.I64, 0)), value.Value(nil)
	step := constant.NewInt(types.I64, l.Step)
	if l == g.parallel {
		first = g.block.NewMul(g.lo, step)
		end = g.block.NewMul(g.hi, step)
	} else {
		end = g.dim(l.Extent)
	}
	body, done := g.fn.NewBlock(""), g.fn.NewBlock("")
	before := g.block
	before.NewCondBr(before.NewICmp(enum.IPredSLT, first, end), body, done)
	var counter *llvm.InstPhi
	var last []value.Value
	carried := make([]*llvm.InstPhi, len(l.Init))
	var latch *llvm.Block
	g.inside(body, func() {
		counter = body.NewPhi(llvm.NewIncoming(first, before))
		for i, v := range l.Init {
			carried[i] = body.NewPhi(llvm.NewIncoming(g.values[v], before))
			g.values[l.Carried[i]] = carried[i]
		}
		g.define(l.Var, counter, ir.Const(0), l.Extent.Sub(ir.Const(1)))
		g.run(l.Body)
		for _, v := range l.Next {
			last = append(last, g.values[v])
		}
		latch = g.block
		next := latch.NewAdd(counter, step)
		counter.Incs = append(counter.Incs, llvm.NewIncoming(next, latch))
		latch.NewCondBr(latch.NewICmp(enum.IPredSLT, next, end), body, done)
	})
	g.continueAt(done)
	for i, phi := range carried {
		phi.Incs = append(phi.Incs, llvm.NewIncoming(last[i], latch))
		g.values[l.Results[i]] = done.NewPhi(llvm.NewIncoming(g.values[l.Init[i]], before), llvm.NewIncoming(last[i], latch))
	}
}

// unrolled writes every round out, each in a scope of its own: what a round binds has another value in the next one.
func (g *gen) unrolled(l *kernel.Loop) {
	n, ok := l.Extent.Subst(g.fixed).IsConst()
	if !ok {
		refuse("loop %s is to be written out, but its extent %s is no constant", l.Var, l.Extent)
	}
	now := make([]value.Value, len(l.Init))
	for i, v := range l.Init {
		now[i] = g.values[v]
	}
	for at := int64(0); at < n; at += l.Step {
		g.fixed[l.Var] = ir.Const(at)
		for i, v := range l.Carried {
			g.values[v] = now[i]
		}
		g.inside(g.block, func() { g.run(l.Body) })
		g.continueAt(g.block)
		now = make([]value.Value, len(l.Next))
		for i, v := range l.Next {
			now[i] = g.values[v]
		}
	}
	delete(g.fixed, l.Var)
	for i, v := range l.Results {
		g.values[v] = now[i]
	}
}

func (g *gen) branch(c *kernel.If) {
	var cond value.Value
	if c.Cond != nil {
		cond = g.values[c.Cond]
	} else {
		cond = g.holds(c.Holds)
	}
	then, done := g.fn.NewBlock(""), g.fn.NewBlock("")
	g.block.NewCondBr(cond, then, done)
	g.inside(then, func() {
		g.run(c.Then)
		g.block.NewBr(done)
	})
	g.continueAt(done)
}
