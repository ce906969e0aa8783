package passes

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/passes/rewrite"
)

// FP16 is the pass `fp16`.
func FP16() *pass.Pass {
	p := &pass.Pass{
		Name: "fp16",
		Doc: "Compute and store f32 and bf16 as f16. What f16 cannot hold stays f32, with casts around it: constants beyond 65504 " +
			"or too small, and what is computed from them, up to an operation that brings it back into range, such as softmax; " +
			"squares that are summed, as norms do, up to the root; and numbers made of integers, such as positions, up to their sine and cosine.",
		Lossy:        &pass.Lossy{MinSNR: 30},
		NeedsLowered: true,
	}
	keepIO := p.Options.Bool("keep-io", false, "leave the element types of inputs and outputs, and cast inside")
	p.Run = func(ctx *pass.Context, m *ir.Module) error {
		r, err := findRanges(ctx, m)
		if err != nil {
			return err
		}
		c := &narrowing{ranges: r, keepIO: *keepIO, versions: map[version]*ir.Value{}}
		c.states()
		for _, f := range m.Funcs {
			c.signature(f)
		}
		for _, f := range m.Funcs {
			if err := c.function(f); err != nil {
				return err
			}
		}
		c.dropCasts()
		canonKernels(m)
		c.claims()
		removeDead(m, "fp16")
		c.resourceNames()
		c.report(ctx)
		return nil
	}
	return p
}

// narrowing changes the types of a module whose ranges are known. A value has one type of its own, its home; other
// versions of it are made where an operation needs them.
type narrowing struct {
	*ranges
	keepIO   bool
	versions map[version]*ir.Value
	changed  []retyped
	narrowed map[string]string // a resource: the one that has its data as f16
	bytes    int64             // of the resources narrowed
}

type version struct {
	of   *ir.Value
	elem host.Elem
}

type retyped struct {
	v    *ir.Value
	from host.Elem
}

// narrows reports the element types that become f16.
func narrows(e host.Elem) bool { return e == host.F32 || e == host.BF16 }

// home is the element type that a value of a kind gets.
func home(e host.Elem, k valueKind) host.Elem {
	switch {
	case !narrows(e):
		return e
	case needsF32(k):
		return host.F32
	}
	return host.F16
}

// setElem gives a value its home.
func (c *narrowing) setElem(v *ir.Value, e host.Elem) {
	if from := v.Type.Elem; from != e {
		v.Type = v.Type.WithElem(e)
		c.changed = append(c.changed, retyped{v, from})
	}
}

func (c *narrowing) states() {
	for _, s := range c.m.States {
		if c.stateKind[s.Name] == beyond || !narrows(s.Type.Elem) {
			continue
		}
		s.Type = s.Type.WithElem(host.F16)
		if s.Init != "" {
			s.Init = c.resource16(s.Init)
		}
	}
}

// signature gives parameters and results their types.
func (c *narrowing) signature(f *ir.Func) {
	elems := map[string]host.Elem{}
	for _, p := range f.Params {
		switch {
		case p.Role == ir.StateIn:
			c.setElem(p.Value, c.m.State(p.State).Type.Elem)
		case p.Role == ir.Input && !c.keepIO:
			c.setElem(p.Value, home(p.Value.Type.Elem, bounded))
		}
		elems[p.Value.Name] = p.Value.Type.Elem
	}
	for i, r := range f.Results {
		e := r.Type.Elem
		switch {
		case r.Role == ir.Update && r.State:
			e = c.m.State(r.Target).Type.Elem
		case r.Role == ir.Update:
			e = elems[r.Target]
		case !c.keepIO && c.kind[f.Returns()[i]] != beyond:
			e = home(e, bounded)
		}
		r.Type = r.Type.WithElem(e)
	}
}

func (c *narrowing) function(f *ir.Func) error {
	if err := c.ops(f); err != nil {
		return err
	}
	ret := f.Terminator()
	for i, r := range f.Results {
		if err := c.want(ret, i, r.Type.Elem); err != nil {
			return err
		}
	}
	return nil
}

func (c *narrowing) ops(f *ir.Func) error {
	for _, op := range slices.Clone(f.Ops) {
		if op.Def.Traits.Has(ir.Terminator) {
			continue
		}
		if err := c.op(op); err != nil {
			return fmt.Errorf("%s: %w", op.Describe(), err)
		}
	}
	return nil
}

func (c *narrowing) op(op *ir.Op) error {
	switch {
	case op.Is(core.Constant):
		return c.constant(op)
	case op.Is(tensor.Cast) && c.original[op.Operand(0)] != 0 && c.original[op.Result()] != 0:
		c.drop(op)
		return nil
	case op.Is(core.Call):
		return c.call(op)
	case len(op.Bodies) > 0 && !op.Def.Traits.Has(ir.Foreign):
		return c.bodies(op)
	case op.Def.Traits.Has(ir.Foreign):
		for i, p := range op.Bodies[0].Params {
			if err := c.want(op, i, p.Value.Type.Elem); err != nil {
				return err
			}
		}
		return nil
	case c.keepsTypes(op):
		for i, v := range op.Operands {
			if v != nil && c.original[v] != 0 {
				if err := c.want(op, i, c.original[v]); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if c.inBoth[op] {
		if err := c.twice(op); err != nil {
			return err
		}
	}
	return c.plain(op, c.computesWide(op))
}

// plain makes an operation compute in f32 or in f16.
func (c *narrowing) plain(op *ir.Op, wide bool) error {
	e := host.F16
	if wide {
		e = host.F32
	}
	for i, v := range op.Operands {
		if v == nil || c.original[v] == 0 || op.Is(tensor.Cast) {
			continue
		}
		if err := c.want(op, i, e); err != nil {
			return err
		}
	}
	for _, r := range op.Results {
		if narrows(r.Type.Elem) {
			c.setElem(r, e)
		}
	}
	return nil
}

// dropCasts removes what was a cast to f32 from f16 and is one from f16 to f16.
func (c *narrowing) dropCasts() {
	c.m.AllFuncs(func(f *ir.Func) {
		for _, op := range slices.Clone(f.Ops) {
			if op.Is(tensor.Cast) && c.original[op.Result()] != 0 && op.In(0).Equal(op.Result().Type) {
				c.drop(op)
			}
		}
	})
}

// drop removes a cast between types that are one now.
func (c *narrowing) drop(cast *ir.Op) {
	x, r := cast.Operand(0), cast.Result()
	for i := range r.Claims {
		if t := &r.Claims[i].Transform; t.Cast == 0 && c.original[r] != 0 && c.original[r] != x.Type.Elem {
			t.Cast = ir.Elem(c.original[r])
		}
	}
	if x.Name == "" {
		x.Name = r.Name
	}
	x.AddClaims(r.Claims...)
	r.Claims = nil
	r.ReplaceAllUses(x)
	cast.Parent().Erase(cast)
}

// twice makes a copy of an operation on constants that computes in f32.
func (c *narrowing) twice(op *ir.Op) error {
	wide := op.CloneWith(map[*ir.Value]*ir.Value{})
	op.Parent().InsertBefore(op, wide)
	for i, r := range op.Results {
		w := wide.Results[i]
		if !narrows(r.Type.Elem) {
			continue
		}
		c.original[w], c.kind[w] = r.Type.Elem, c.kind[r]
		w.Name = suffixed(r.Name, "_f32")
		c.versions[version{r, host.F32}] = w
	}
	return c.plain(wide, true)
}

// want gives operand i of an operation in an element type.
func (c *narrowing) want(op *ir.Op, i int, e host.Elem) error {
	v := op.Operands[i]
	if v.Type.Elem == e || !v.Type.Elem.IsFloat() {
		return nil
	}
	key := version{v, e}
	if c.versions[key] == nil {
		b := ir.Before(op)
		b.Loc = op.Loc.By("fp16")
		w, err := b.Typed(tensor.Cast, nil, v.Type.WithElem(e), v)
		if err != nil {
			return err
		}
		w.Name = suffixed(v.Name, "_"+e.String())
		c.versions[key] = w
	}
	op.SetOperand(i, c.versions[key])
	return nil
}

func suffixed(name, suffix string) string {
	if name == "" || strings.HasSuffix(name, suffix) {
		return name
	}
	return name + suffix
}

func (c *narrowing) call(op *ir.Op) error {
	callee := c.m.Func(op.Sym("callee"))
	for i, p := range callee.Params {
		if err := c.want(op, i, p.Value.Type.Elem); err != nil {
			return err
		}
	}
	for i, r := range op.Results {
		c.setElem(r, callee.Results[i].Type.Elem)
	}
	return nil
}

// bodies narrows an operation with bodies: operands and parameters first, then what is inside, then the results.
func (c *narrowing) bodies(op *ir.Op) error {
	first := len(op.Operands) - len(op.Bodies[0].Params)
	for i := first; i < len(op.Operands); i++ {
		v := op.Operands[i]
		if c.original[v] == 0 {
			continue
		}
		p := op.Bodies[0].Params[i-first].Value
		e := home(c.original[v], c.kind[p])
		if c.wideParam[p] {
			e = host.F32
		}
		if err := c.want(op, i, e); err != nil {
			return err
		}
		for _, b := range op.Bodies {
			c.setElem(b.Params[i-first].Value, e)
		}
	}
	for _, b := range op.Bodies {
		if err := c.ops(b); err != nil {
			return err
		}
	}
	for i, r := range op.Results {
		if e := r.Type.Elem; narrows(e) {
			c.setElem(r, home(e, c.kind[r]))
		}
		for _, b := range bodiesThatGive(op) {
			if err := c.want(b.Terminator(), i, r.Type.Elem); err != nil {
				return err
			}
		}
	}
	return nil
}

// claims says of the values that changed that they are casts, and of what is computed from them that it is not exact.
func (c *narrowing) claims() {
	var values []*ir.Value
	for _, x := range c.changed {
		for i := range x.v.Claims {
			if t := &x.v.Claims[i].Transform; t.Cast == 0 {
				t.Cast = ir.Elem(x.from)
			}
		}
		values = append(values, x.v)
	}
	rewrite.MarkApprox(c.m, values)
}

func (c *narrowing) report(ctx *pass.Context) {
	ctx.Reportf("fp16: narrowed %d values and %d resources (%s as f16); %d constants stay f32", len(c.changed), len(c.narrowed),
		host.SizeText(c.bytes), len(c.kept))
	for _, k := range c.kept {
		ctx.Reportf("fp16: kept %s", k)
	}
}
