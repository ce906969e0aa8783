package passes

import (
	"slices"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/passes/rewrite"
)

// Int16 is the pass `int16`.
func Int16() *pass.Pass {
	p := &pass.Pass{
		Name: "int16",
		Doc: "Compute integers of 32 and 64 bits as i16 where the ranges of constants, sizes and counting prove that all fit. " +
			"Chains of additions, products, comparisons, choices and the like are narrowed if that needs fewer casts than it saves; " +
			"what indexes, goes in or out, or is kept in a state stays as it is.",
		NeedsLowered: true,
	}
	p.Run = func(ctx *pass.Context, m *ir.Module) error {
		s := &shortening{m: m, ranges: &integers{m: m, known: map[*ir.Value]interval{}}, resources: map[string]string{},
			was: map[*ir.Value]host.Elem{}, made: map[*ir.Value]*ir.Value{}}
		m.AllFuncs(func(f *ir.Func) {
			if s.err == nil && !f.Foreign() {
				s.function(f)
			}
		})
		if s.err != nil {
			return s.err
		}
		canonKernels(m)
		m.DropUnusedResources()
		m.SettleLost()
		ctx.Reportf("int16: narrowed %d values and the operands of %d comparisons", s.values, s.comparisons)
		return nil
	}
	return p
}

var (
	// shortOps compute the same in i16 if operands and results fit.
	shortOps = []*ir.OpDef{tensor.Add, tensor.Sub, tensor.Mul, tensor.Neg, tensor.Abs, tensor.Min, tensor.Max, tensor.Where, tensor.Expand,
		tensor.Concat, tensor.Reshape, tensor.Transpose, tensor.Slice, tensor.Flip, tensor.FloorDiv, tensor.Remainder}
	comparisons = []*ir.OpDef{tensor.Eq, tensor.Ne, tensor.Lt, tensor.Le, tensor.Gt, tensor.Ge}
	// sources are made as i16 at no cost.
	sources = []*ir.OpDef{core.Constant, tensor.Fill, tensor.Iota}
)

// shortening narrows the integers of a module.
type shortening struct {
	m                   *ir.Module
	ranges              *integers
	resources           map[string]string       // by the name of the wide one
	was                 map[*ir.Value]host.Elem // of what is narrow now
	made                map[*ir.Value]*ir.Value // of a wide value: the narrow one beside it
	values, comparisons int
	err                 error
}

// chain are operations that are narrowed together or not at all.
type chain struct{ ops []*ir.Op }

func wideInt(v *ir.Value) bool {
	return v != nil && (v.Type.Elem == host.I32 || v.Type.Elem == host.I64)
}

func (s *shortening) fits(f *ir.Func, v *ir.Value) bool {
	r := s.ranges.of(f, v)
	return r.low >= -1<<15 && r.high < 1<<15
}

// function finds the chains of a function or body and narrows those that pay.
func (s *shortening) function(f *ir.Func) {
	chains := map[*ir.Op]*chain{}
	var order []*chain
	for _, op := range f.Ops {
		if !s.can(f, op) {
			continue
		}
		c := &chain{}
		order = append(order, c)
		for _, v := range op.Operands {
			if wideInt(v) && chains[v.Def] != nil && chains[v.Def] != c {
				other := chains[v.Def]
				for _, o := range other.ops {
					chains[o] = c
				}
				c.ops, other.ops = append(c.ops, other.ops...), nil
			}
		}
		c.ops = append(c.ops, op)
		chains[op] = c
	}
	for _, c := range order {
		slices.SortFunc(c.ops, func(x, y *ir.Op) int { return f.Index(x) - f.Index(y) })
		if len(c.ops) > 0 && s.pays(f, c, chains) {
			for _, op := range c.ops {
				s.narrow(f, op)
			}
			s.restore(f, c, chains)
		}
	}
}

// can reports an operation that computes the same in i16.
func (s *shortening) can(f *ir.Func, op *ir.Op) bool {
	compares := slices.Contains(comparisons, op.Def)
	if !compares && (!slices.Contains(shortOps, op.Def) || !wideInt(op.Result()) || !s.fits(f, op.Result()) || indexes(op.Result())) {
		return false
	}
	some := false
	for _, v := range op.Operands {
		if wideInt(v) {
			some = true
			if !s.fits(f, v) {
				return false
			}
		}
	}
	return some
}

// indexes reports a value that something takes as an index, a size or a result.
func indexes(v *ir.Value) bool {
	return slices.ContainsFunc(v.Uses(), func(u ir.Use) bool {
		arg := u.Op.Def.OperandDef(u.Index)
		return arg != nil && arg.Elems == ir.Index || u.Op.Is(core.Bind) || u.Op.Def.Traits.Has(ir.Terminator)
	})
}

// pays weighs the elements that become narrower against those that are cast. Views and the like save nothing by
// themselves. Open sizes count as 16, or the least that they may be.
func (s *shortening) pays(f *ir.Func, c *chain, chains map[*ir.Op]*chain) bool {
	gain := int64(0)
	cast := map[*ir.Value]bool{}
	for _, op := range c.ops {
		computes := op.Def.Traits.Has(ir.Elementwise)
		for _, v := range op.Operands {
			switch {
			case !wideInt(v):
			case computes:
				gain += elements(f, v)
				fallthrough
			default:
				if chains[v.Def] != c && !isSource(v) && !cast[v] {
					cast[v] = true
					gain -= 2 * elements(f, v)
				}
			}
		}
		if r := op.Result(); wideInt(r) {
			if computes {
				gain += elements(f, r)
			}
			if escapes(r, c, chains) {
				gain -= 2 * elements(f, r)
			}
		}
	}
	return gain > 0
}

func isSource(v *ir.Value) bool { return v.Def != nil && slices.Contains(sources, v.Def.Def) }

// escapes reports a value of a chain that something outside takes as it is; a cast takes any integer.
func escapes(v *ir.Value, c *chain, chains map[*ir.Op]*chain) bool {
	return slices.ContainsFunc(v.Uses(), func(u ir.Use) bool { return chains[u.Op] != c && !u.Op.Is(tensor.Cast) })
}

func elements(f *ir.Func, v *ir.Value) int64 {
	n, err := v.Type.NumElements().Eval(func(name string) (int64, bool) {
		d := f.Dim(name)
		if d == nil {
			return 0, false
		}
		return min(max(d.Min, 16), d.Max), true
	})
	if err != nil {
		return 1
	}
	return n
}

// narrow makes an operation take and give i16.
func (s *shortening) narrow(f *ir.Func, op *ir.Op) {
	for i, v := range op.Operands {
		if !wideInt(v) { // or narrow already
			continue
		}
		w, err := s.short(f, v)
		if err != nil {
			s.err = err
			return
		}
		op.SetOperand(i, w)
	}
	r := op.Result()
	if !wideInt(r) {
		s.comparisons++
		return
	}
	s.values++
	for i := range r.Claims {
		if t := &r.Claims[i].Transform; t.Cast == 0 {
			t.Cast = ir.Elem(r.Type.Elem)
		}
	}
	s.was[r] = r.Type.Elem
	r.Type = r.Type.WithElem(host.I16)
}

// short gives a value as i16: of a source another one, of anything else a cast behind it.
func (s *shortening) short(f *ir.Func, v *ir.Value) (*ir.Value, error) {
	if s.made[v] != nil {
		return s.made[v], nil
	}
	def, attrs, operands := tensor.Cast, ir.Attrs(nil), []*ir.Value{v}
	if isSource(v) {
		var err error
		if attrs, err = s.shortSource(v.Def); err != nil {
			return nil, err
		}
		def, operands = v.Def.Def, nil
	}
	w, err := s.behind(f, v).Typed(def, attrs, v.Type.WithElem(host.I16), operands...)
	if err == nil {
		w.Name = suffixed(v.Name, "_i16")
		s.made[v] = w
	}
	return w, err
}

// shortSource gives the attributes of a source that makes i16.
func (s *shortening) shortSource(op *ir.Op) (ir.Attrs, error) {
	switch a := op.Attr("value").(type) {
	case ir.Dense:
		x, err := castTensor(a.T, host.I16)
		return op.Attrs.With("value", ir.Dense{T: x}), err
	case ir.Symbol:
		if s.resources[string(a)] == "" {
			x, err := s.m.Resource(string(a)).Tensor()
			if err == nil {
				x, err = castTensor(x, host.I16)
			}
			if err != nil {
				return nil, err
			}
			s.resources[string(a)] = s.m.AddData(string(a)+".i16", x).Name
		}
		return op.Attrs.With("value", ir.Symbol(s.resources[string(a)])), nil
	}
	return op.Attrs, nil
}

// behind builds right behind the operation that gives a value, or at the start.
func (s *shortening) behind(f *ir.Func, v *ir.Value) *ir.Builder {
	at := 0
	loc := ir.Unknown
	if v.Def != nil {
		at, loc = f.Index(v.Def)+1, v.Def.Loc
	}
	b := ir.Before(f.Ops[at])
	b.Loc = loc.By("int16")
	return b
}

// restore gives those outside a chain the wide values that they take, and removes sources that nobody takes any more.
func (s *shortening) restore(f *ir.Func, c *chain, chains map[*ir.Op]*chain) {
	for _, op := range c.ops {
		r := op.Result()
		if s.was[r] == host.Invalid || !escapes(r, c, chains) {
			continue
		}
		w, err := s.behind(f, r).Typed(tensor.Cast, nil, r.Type.WithElem(s.was[r]), r)
		if err != nil {
			s.err = err
			return
		}
		w.Name = suffixed(r.Name, "_"+s.was[r].String())
		for _, u := range slices.Clone(r.Uses()) {
			if chains[u.Op] != c && !u.Op.Is(tensor.Cast) {
				u.Op.SetOperand(u.Index, w)
			}
		}
	}
	for _, op := range slices.Clone(f.Ops) {
		if slices.Contains(sources, op.Def) && s.made[op.Result()] != nil && !op.Result().Used() {
			rewrite.Lose(s.m, op, "int16", s.made[op.Result()])
			f.Erase(op)
		}
	}
}
