package text

import (
	"strconv"
	"strings"

	"github.com/aiopt/aiopt/ir"
)

// resultTypes reads `: type claims, type claims`.
func (b *opReader) resultTypes(sc *scope, good *bool) bool {
	for more := true; more; more = b.s.isPunct(',') {
		b.s.next()
		pos := b.pos()
		text, ok := b.token(tokType, "a type such as tensor<2x3xf32>")
		if !ok {
			return false
		}
		t, ok := b.p.typ(text, pos, sc)
		if !ok {
			*good = false
		}
		claims, ok := b.claimList()
		if !ok {
			return false
		}
		b.types, b.claims = append(b.types, t), append(b.claims, claims)
	}
	return true
}

func (b *opReader) claimList() ([]ir.Claim, bool) {
	var claims []ir.Claim
	for b.s.kind == tokIdent {
		var c ir.Claim
		switch b.s.text() {
		case "is":
		case "approx":
			c.Approx = true
		default:
			return claims, true
		}
		b.s.next()
		pos := b.pos()
		text, ok := b.token(tokString, `the name of a tensor, such as "linear"`)
		if !ok {
			return nil, false
		}
		c.Tensor, _ = b.p.unquote(text, pos)
		if !b.transform(&c.Transform) {
			return nil, false
		}
		claims = append(claims, c)
	}
	return claims, true
}

func (b *opReader) transform(t *ir.Transform) bool {
	if b.s.is("perm") {
		b.s.next()
		if !b.s.isPunct('[') {
			return b.unexpected("[")
		}
		for more := true; more; more = b.s.isPunct(',') {
			b.s.next()
			pos := b.pos()
			n, ok := b.int("an axis")
			if !ok {
				return false
			}
			if b.p.inRange(n, 0, maxRank, pos) {
				t.Perm = append(t.Perm, int(n))
			}
		}
		if !b.punct(']') {
			return false
		}
	}
	if b.s.is("cast") {
		b.s.next()
		pos := b.pos()
		name, ok := b.token(tokIdent, "an element type")
		if !ok {
			return false
		}
		t.Cast = b.p.castElem(name, pos)
	}
	if b.s.is("slice") {
		b.s.next()
		pos := b.pos()
		text, ok := b.token(tokString, `a slice such as "[:, 0:4]"`)
		if !ok {
			return false
		}
		t.Slice, _ = b.p.unquote(text, pos)
	}
	return true
}

func (b *opReader) loc(good *bool) *ir.Loc {
	pos, text := b.pos(), b.s.text()
	b.s.next()
	number, isHash := strings.CutPrefix(strings.Trim(text[len("loc("):len(text)-1], " \t"), "#")
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || !isHash {
		b.p.diags.add(Diagnostic{Pos: pos, Message: "a location is written loc(#1)"})
		*good = false
		return nil
	}
	l := b.p.locs[n]
	if l == nil {
		b.p.errorf(pos, "locations are listed after the functions: loc #"+strconv.FormatInt(n, 10)+` = "model.py":21`, "the module has no location #%d", n)
		*good = false
	}
	return l
}

// attributes reads `{name = value, ...}`.
func (b *opReader) attributes(sc *scope, good *bool) bool {
	b.inAttrs = true
	b.s.next()
	if b.s.isPunct('}') {
		b.inAttrs = false
		b.s.next()
		return true
	}
	for {
		pos := b.pos()
		name := b.s.text()
		switch b.s.kind {
		case tokIdent:
		case tokString:
			var ok bool
			if name, ok = b.p.unquote(name, pos); !ok {
				*good = false
			}
		default:
			return b.unexpected("the name of an attribute")
		}
		b.s.next()
		if !b.punct('=') {
			return false
		}
		v, ok := b.attr(sc, name == "binds", good)
		if !ok {
			return false
		}
		for _, a := range b.attrs {
			if a.Name == name {
				b.p.errorf(pos, "", "the attribute %s is given twice", name)
				*good = false
			}
		}
		b.attrs, b.attrPos = append(b.attrs, ir.Named{Name: name, Value: v}), append(b.attrPos, pos)
		if !b.s.isPunct(',') {
			if !b.punct('}') {
				return false
			}
			b.inAttrs = false
			return true
		}
		b.s.next()
	}
}

// attr reads one attribute. In a list of dims to bind every word is a symbol.
func (b *opReader) attr(sc *scope, binds bool, good *bool) (ir.Attr, bool) {
	pos := b.pos()
	switch b.s.kind {
	case tokIdent, tokInt, tokFloat, tokSize, tokString, tokSymbol, tokRef, tokDense, tokComplex:
		text := b.s.text()
		b.s.next()
		if binds && charClass[text[0]]&classStart != 0 {
			a, ok := b.p.size(text, pos, sc)
			*good = *good && ok
			return a, true
		}
		a, ok := b.p.leaf(text, pos, sc)
		*good = *good && ok
		return a, true
	}
	if !b.s.isPunct('[') {
		return nil, b.unexpected("the value of an attribute")
	}
	b.s.next()
	from := len(b.items)
	for !b.s.isPunct(']') {
		a, ok := b.attr(sc, binds, good)
		if !ok {
			b.items = b.items[:from]
			return nil, false
		}
		b.items = append(b.items, a)
		if b.s.isPunct(',') {
			b.s.next()
			if b.s.isPunct(']') {
				return nil, b.unexpected("the value of an attribute")
			}
		} else if !b.s.isPunct(']') {
			return nil, b.unexpected(", or ]")
		}
	}
	b.s.next()
	a := ir.Attr(ir.Int(0))
	if *good {
		a = listAttr(b.items[from:])
	}
	b.items = b.items[:from]
	return a, true
}

// listAttr copies items out of the reader's stack into an attribute.
func listAttr(items []ir.Attr) ir.Attr {
	ints := make(ir.Ints, len(items))
	for i, it := range items {
		n, ok := it.(ir.Int)
		if !ok {
			return ir.NormalList(append([]ir.Attr(nil), items...))
		}
		ints[i] = int64(n)
	}
	return ints
}

// normalAttrs brings the attributes into the form the definition has them in. A mistake is reported where it stands.
func (b *opReader) normalAttrs(def *ir.OpDef, pos ir.Pos) (ir.Attrs, bool) {
	if len(b.attrs) == 0 && len(def.Attrs) == 0 {
		return nil, true
	}
	norm, err := ir.NormalAttrs(def, b.attrs)
	if err == nil {
		if def.Traits.Has(ir.Open) {
			norm = append(ir.Attrs(nil), norm...)
		}
		return norm, true
	}
	msg := strings.TrimPrefix(err.Error(), def.Name+": ")
	hint := ""
	for i, a := range b.attrs {
		k := attrIndex(def, a.Name)
		if k < 0 {
			var names []string
			for _, d := range def.Attrs {
				names = append(names, d.Name)
			}
			pos, hint = b.attrPos[i], didYouMean(a.Name, names)
			msg = def.Name + " has no attribute " + a.Name + "; it has " + orNone(strings.Join(names, ", "))
			break
		}
		alone := &ir.OpDef{Name: def.Name, Attrs: def.Attrs[k : k+1]}
		if _, err := ir.NormalAttrs(alone, ir.Attrs{a}); err != nil {
			pos = b.attrPos[i]
			break
		}
	}
	b.p.errorf(pos, hint, "%s", msg)
	return nil, false
}

func attrIndex(def *ir.OpDef, name string) int {
	for i := range def.Attrs {
		if def.Attrs[i].Name == name {
			return i
		}
	}
	return -1
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
