package passes

import (
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/passes/rewrite"
)

// Fuse is the pass `fuse`.
func Fuse() *pass.Pass {
	return &pass.Pass{
		Name: "fuse",
		Doc: "Group operations into kernels that a backend computes in one go. In program order, an operation joins the " +
			"kernel of each operand that only it uses, in operand order, unless the kernel would hold two anchors (heavy " +
			"operations). Views, one-element constants and dequantizations are copied into every kernel that uses them.",
		NeedsLowered: true,
		Run: func(_ *pass.Context, m *ir.Module) error {
			var funcs []*ir.Func
			m.AllFuncs(func(f *ir.Func) {
				if f.Owner() == nil || !f.Owner().Is(core.Kernel) {
					funcs = append(funcs, f)
				}
			})
			for _, f := range funcs {
				fuseFunc(f)
			}
			removeDead(m, "fuse")
			return nil
		},
	}
}

// group is a kernel in the making.
type group struct {
	ops    []*ir.Op // in program order; the last one gives the result
	anchor bool
}

func fuseFunc(f *ir.Func) {
	f.SetOps(f.Ops) // so that indices are the program order
	groups := map[*ir.Op]*group{}
	for _, op := range f.Ops {
		if !startsKernel(op) {
			continue
		}
		g := &group{ops: []*ir.Op{op}, anchor: op.Def.Traits.Has(ir.Anchor)}
		groups[op] = g
		for _, v := range op.Operands {
			producer := throughCheap(v)
			if producer == nil || groups[producer] == nil || groups[producer] == g {
				continue
			}
			p := groups[producer]
			if p.anchor && g.anchor || onlyConsumer(producer.Results[0]) != op {
				continue
			}
			g.ops = append(p.ops, g.ops...)
			g.anchor = g.anchor || p.anchor
			for _, o := range p.ops {
				groups[o] = g
			}
		}
	}
	var ops []*ir.Op
	for _, op := range f.Ops {
		if g := groups[op]; g == nil {
			ops = append(ops, op)
		} else if op == g.ops[len(g.ops)-1] {
			ops = append(ops, buildKernel(g))
		}
	}
	f.SetOps(ops)
}

// startsKernel reports an operation that may be in a kernel and is not merely copied into those of its users.
func startsKernel(op *ir.Op) bool {
	t := op.Def.Traits
	return len(op.Results) == 1 && len(op.Bodies) == 0 && len(op.Binds()) == 0 &&
		(t.Has(ir.Anchor) || op.Def.CanFuse()) && !copied(op)
}

// copied reports an operation that is copied into every kernel that uses it.
func copied(op *ir.Op) bool {
	return op.Def.Traits&(ir.Cheap|ir.View) != 0
}

// throughCheap finds the operation that computes a value, looking through views and what else is copied.
func throughCheap(v *ir.Value) *ir.Op {
	for v != nil && v.Def != nil && copied(v.Def) && len(v.Def.Operands) > 0 {
		v = v.Def.Operands[0]
	}
	if v == nil {
		return nil
	}
	return v.Def
}

// onlyConsumer is the one operation that uses a value, looking through what is copied; nil where there are several.
func onlyConsumer(v *ir.Value) *ir.Op {
	var only *ir.Op
	for _, u := range v.Uses() {
		op := u.Op
		if copied(op) {
			if op = onlyConsumer(op.Results[0]); op == nil {
				return nil
			}
		}
		if only != nil && only != op {
			return nil
		}
		only = op
	}
	return only
}

// buildKernel makes the core.kernel that takes the place of a group's last operation, and detaches the group.
func buildKernel(g *group) *ir.Op {
	result := g.ops[len(g.ops)-1].Results[0]
	inside := map[*ir.Op]bool{}
	for _, op := range g.ops {
		inside[op] = true
	}
	body := &ir.Func{Name: "do"}
	k := &kernelBuilder{body: body, inside: inside, values: map[*ir.Value]*ir.Value{}}
	root := k.value(result)
	body.Append(ir.NewOp(core.Return, nil, nil, []*ir.Value{root}, nil, ir.Unknown))
	kernel := ir.NewOp(core.Kernel, nil, []ir.Type{result.Type}, k.args, []*ir.Func{body}, ir.Unknown)
	out := kernel.Results[0]
	out.Name, out.Claims = result.Name, append([]ir.Claim(nil), result.Claims...)
	result.ReplaceAllUses(out)
	for _, op := range g.ops {
		op.Detach()
	}
	rewrite.CanonKernel(kernel)
	return kernel
}

// kernelBuilder copies operations into a kernel's body. Values from outside become parameters.
type kernelBuilder struct {
	body   *ir.Func
	inside map[*ir.Op]bool
	values map[*ir.Value]*ir.Value // from outside to inside
	args   []*ir.Value
}

func (k *kernelBuilder) value(v *ir.Value) *ir.Value {
	if w := k.values[v]; w != nil {
		return w
	}
	if v.Def == nil || !k.inside[v.Def] && (!copied(v.Def) || v.Def.Is(core.Constant) && !core.OneElement(v.Def)) {
		k.args = append(k.args, v)
		k.values[v] = k.body.AddParam(v.Name, v.Type, ir.Input).Value
		return k.values[v]
	}
	for _, o := range v.Def.Operands {
		if o != nil {
			k.value(o)
		}
	}
	k.body.Append(v.Def.CloneWith(k.values))
	return k.values[v]
}
