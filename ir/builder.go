package ir

import (
	"fmt"

	"github.com/aiopt/aiopt/ir/host"
)

// Builder makes operations in a function, in order, at one place of its list.
type Builder struct {
	Func *Func
	Loc  *Loc // given to every operation made
	sink func(*Op)
}

// Append makes a builder that adds at the end of f.
func Append(f *Func, loc *Loc) *Builder {
	return &Builder{Func: f, Loc: loc, sink: f.Append}
}

// Before makes a builder that adds before op, with op's location.
func Before(op *Op) *Builder {
	return &Builder{Func: op.parent, Loc: op.Loc, sink: func(o *Op) { op.parent.InsertBefore(op, o) }}
}

// Collect makes a builder for f whose operations go to sink instead of f's list, for passes that rebuild the list.
func Collect(f *Func, loc *Loc, sink func(*Op)) *Builder {
	return &Builder{Func: f, Loc: loc, sink: func(o *Op) { o.parent = f; sink(o) }}
}

// Build makes an operation and infers its result types.
func (b *Builder) Build(def *OpDef, attrs Attrs, operands ...*Value) (*Op, error) {
	return b.build(def, attrs, nil, nil, operands)
}

// BuildTyped makes an operation whose result types are stated.
func (b *Builder) BuildTyped(def *OpDef, attrs Attrs, types []Type, operands ...*Value) (*Op, error) {
	return b.build(def, attrs, types, nil, operands)
}

// BuildWith makes an operation with bodies; types may be nil where they can be inferred.
func (b *Builder) BuildWith(def *OpDef, attrs Attrs, types []Type, bodies []*Func, operands ...*Value) (*Op, error) {
	return b.build(def, attrs, types, bodies, operands)
}

func (b *Builder) build(def *OpDef, attrs Attrs, types []Type, bodies []*Func, operands []*Value) (*Op, error) {
	for n := len(operands); n > 0 && operands[n-1] == nil; n = len(operands) {
		operands = operands[:n-1]
	}
	loc := b.Loc
	if loc == nil {
		loc = Unknown
	}
	op := &Op{Def: def, Operands: append([]*Value(nil), operands...), Loc: loc, parent: b.Func}
	for _, body := range bodies {
		op.AttachBody(body)
	}
	norm, err := NormalAttrs(def, attrs)
	if err != nil {
		return nil, err
	}
	op.Attrs = norm
	for i, t := range types {
		op.Results = append(op.Results, &Value{Type: t, Def: op, Index: i})
	}
	if err := checkOperands(op); err != nil {
		return nil, err
	}
	inferred, err := op.InferTypes(&InferCtx{Func: b.Func, building: true})
	if err != nil {
		return nil, err
	}
	for i, t := range inferred {
		if err := b.checkResult(op, i, t); err != nil {
			return nil, err
		}
	}
	if types == nil {
		for i, t := range inferred {
			op.Results = append(op.Results, &Value{Type: t, Def: op, Index: i})
		}
	}
	for i, v := range op.Operands {
		v.addUse(op, i)
	}
	b.sink(op)
	return op, nil
}

// checkResult refuses an inferred type that is none, or that a stated one cannot be.
func (b *Builder) checkResult(op *Op, i int, inferred Type) error {
	if err := inferred.Check(); err != nil {
		return op.Errorf("result %d: %v", i, err)
	}
	if i >= len(op.Results) || inferred.Equal(op.Results[i].Type) {
		return nil
	}
	stated := op.Results[i].Type
	if err := stated.Check(); err != nil {
		return op.Errorf("result %d: %v", i, err)
	}
	same := stated.Elem == inferred.Elem && stated.Rank() == inferred.Rank()
	for k := 0; same && k < stated.Rank(); k++ {
		same = stated.Shape[k].Equal(inferred.Shape[k]) || b.Func.Env().Compare(stated.Shape[k], inferred.Shape[k]) != CompareDifferent
	}
	if !same {
		return op.Errorf("result %d is stated to be %s, inference gives %s", i, stated, inferred)
	}
	return nil
}

// InferTypes runs the definition's Infer; an operation without one keeps its types.
func (op *Op) InferTypes(c *InferCtx) ([]Type, error) {
	if op.Def.Infer == nil {
		types := make([]Type, len(op.Results))
		for i, r := range op.Results {
			types[i] = r.Type
		}
		return types, nil
	}
	return op.Def.Infer(c, op)
}

// NewOp makes an operation with stated types and without inference or checks, for readers of outside text, which run the
// verifier afterwards. It belongs to no list yet; see Func.Append.
func NewOp(def *OpDef, attrs Attrs, types []Type, operands []*Value, bodies []*Func, loc *Loc) *Op {
	op := &Op{Def: def, Operands: operands, Attrs: attrs, Loc: loc}
	for i, t := range types {
		op.Results = append(op.Results, &Value{Type: t, Def: op, Index: i})
	}
	for i, v := range operands {
		v.addUse(op, i)
	}
	for _, body := range bodies {
		op.AttachBody(body)
	}
	return op
}

// NormalAttrs orders attributes as the definition declares them, drops those equal to their default, and checks names
// and kinds. An Open operation's attributes stay as they are.
func NormalAttrs(def *OpDef, attrs Attrs) (Attrs, error) {
	if def.Traits.Has(Open) {
		return attrs, nil
	}
	if len(attrs) == 0 && len(def.Attrs) == 0 {
		return nil, nil
	}
	var out Attrs
	found := 0
	for i := range def.Attrs {
		d := &def.Attrs[i]
		v, ok := attrs.Get(d.Name)
		if !ok {
			if d.Default == nil {
				return nil, fmt.Errorf("%s needs the attribute %s (%s): %s", def.Name, d.Name, d.Kind, d.Doc)
			}
			continue
		}
		found++
		v, err := d.check(v)
		if err != nil {
			return nil, fmt.Errorf("%s: attribute %s: %w", def.Name, d.Name, err)
		}
		if d.Default == nil || !EqualAttr(v, d.Default) {
			out = append(out, Named{d.Name, v})
		}
	}
	if found < len(attrs) {
		for i, a := range attrs {
			if def.attr(a.Name) == nil {
				return nil, fmt.Errorf("%s has no attribute %s; it has %s", def.Name, a.Name, def.attrNames())
			}
			for _, b := range attrs[:i] {
				if a.Name == b.Name {
					return nil, fmt.Errorf("%s: attribute %s is given twice", def.Name, a.Name)
				}
			}
		}
	}
	return out, nil
}

func (d *OpDef) attrNames() string {
	if len(d.Attrs) == 0 {
		return "none"
	}
	s := ""
	for i, a := range d.Attrs {
		if i > 0 {
			s += ", "
		}
		s += a.Name
	}
	return s
}

// check gives the attribute in the form its kind has, or says what is wrong.
func (d *AttrDef) check(v Attr) (Attr, error) {
	if _, none := v.(None); none {
		if _, optional := d.Default.(None); optional {
			return v, nil
		}
	}
	ok := false
	switch d.Kind {
	case KindBool:
		_, ok = v.(Bool)
	case KindInt:
		_, ok = v.(Int)
	case KindFloat:
		if n, isInt := v.(Int); isInt {
			return Float(n), nil
		}
		_, ok = v.(Float)
	case KindNumber:
		switch v.(type) {
		case Bool, Int, Float, Complex:
			ok = true
		}
	case KindString:
		var s String
		if s, ok = v.(String); ok && len(d.Enum) > 0 {
			for _, e := range d.Enum {
				if e == string(s) {
					return v, nil
				}
			}
			return nil, fmt.Errorf("%q is none of %q", string(s), d.Enum)
		}
	case KindInts:
		_, ok = v.(Ints)
	case KindDim:
		switch v := v.(type) {
		case Int:
			ok = true
		case DimAttr:
			if err := v.Err(); err != nil {
				return nil, err
			}
			ok = true
		}
	case KindDims:
		switch v := v.(type) {
		case Ints:
			ok = true
		case Dims:
			for _, dim := range v {
				if err := dim.Err(); err != nil {
					return nil, err
				}
			}
			ok = true
		}
	case KindNames:
		ok = isNames(v)
	case KindStrings:
		if ints, empty := v.(Ints); empty && len(ints) == 0 {
			return v, nil
		}
		var list List
		if list, ok = v.(List); ok {
			for _, it := range list {
				if _, isString := it.(String); !isString {
					ok = false
				}
			}
		}
	case KindElem:
		_, ok = v.(Elem)
	case KindSymbol:
		_, ok = v.(Symbol)
	case KindAny:
		ok = true
	}
	if !ok {
		return nil, fmt.Errorf("found %s, expected %s", describeAttr(v), d.Kind)
	}
	return v, nil
}

func isNames(v Attr) bool {
	list, ok := v.(Dims)
	for _, d := range list {
		if _, sym := d.IsSym(); !sym {
			return false
		}
	}
	return ok
}

func describeAttr(v Attr) string {
	names := map[string]string{"ir.Bool": "a bool", "ir.Int": "an integer", "ir.Float": "a float", "ir.Complex": "a complex number", "ir.String": "a string", "ir.Ints": "a list of integers",
		"ir.DimAttr": "a symbolic size", "ir.Dims": "a list of sizes", "ir.List": "a list", "ir.Elem": "an element type", "ir.Symbol": "a symbol", "ir.Ref": "an operand", "ir.Dense": "a tensor",
		"ir.Elided": "elided data", "ir.None": "none"}
	return names[fmt.Sprintf("%T", v)]
}

// Binds lists the symbols that an operation binds from its result.
func (op *Op) Binds() []string {
	a, ok := op.Attrs.Get("binds")
	if !ok {
		return nil
	}
	list, _ := a.(Dims)
	var names []string
	for _, d := range list {
		if s, ok := d.IsSym(); ok {
			names = append(names, s)
		}
	}
	return names
}

func checkOperands(op *Op) error {
	def := op.Def
	if def.Traits.Has(Open) {
		return nil
	}
	for i, v := range op.Operands {
		arg := def.operand(i)
		if arg == nil {
			return op.Errorf("found %d operands, expected %d", len(op.Operands), len(def.Operands))
		}
		if v == nil {
			if !arg.Optional {
				return op.Errorf("operand %d (%s) is absent", i, arg.Name)
			}
			continue
		}
		if !arg.Elems.Has(v.Type.Elem) {
			return op.Errorf("operand %d (%s) is %s, expected %s", i, arg.Name, v.Type, arg.Elems)
		}
	}
	for i := len(op.Operands); i < len(def.Operands); i++ {
		if a := &def.Operands[i]; !a.Optional && !a.Variadic {
			return op.Errorf("operand %d (%s) is missing", i, a.Name)
		}
	}
	return nil
}

// One builds an operation with one result.
func (b *Builder) One(def *OpDef, attrs Attrs, operands ...*Value) (*Value, error) {
	op, err := b.Build(def, attrs, operands...)
	if err != nil {
		return nil, err
	}
	return op.Results[0], nil
}

// Typed builds an operation with one result whose type is stated.
func (b *Builder) Typed(def *OpDef, attrs Attrs, t Type, operands ...*Value) (*Value, error) {
	op, err := b.BuildTyped(def, attrs, []Type{t}, operands...)
	if err != nil {
		return nil, err
	}
	return op.Results[0], nil
}

// AsElem converts an element type to an attribute.
func AsElem(e host.Elem) Elem { return Elem(e) }
