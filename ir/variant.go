package ir

import (
	"strconv"
	"strings"
)

// FixedSize is the value that a variant of a function has for a symbol.
type FixedSize struct {
	Symbol string
	Value  int64
}

// VariantName is the name of a function's copy with a size fixed: main and B=1 make main_B1. A symbol that ends in a digit
// is set off from the value: main_s3_12.
func VariantName(fn, symbol string, value int64) string {
	name := fn + "_" + symbol
	if last := symbol[len(symbol)-1]; last >= '0' && last <= '9' {
		name += "_" // s3=12 and s31=2 differ
	}
	return name + strconv.FormatInt(value, 10)
}

// VariantOf finds the function that f is a variant of, the most general one, and the sizes that its name says are fixed;
// the arguments of both must agree. It is nil for a function that is no variant.
func (m *Module) VariantOf(f *Func) (base *Func, sizes []FixedSize) {
	for _, g := range m.Funcs {
		if g == f || base != nil && len(g.Name) >= len(base.Name) {
			continue
		}
		if fixed := sizesIn(f.Name, g.Name, g.Dims); fixed != nil && isVariant(f, g, fixed) {
			base, sizes = g, fixed
		}
	}
	return base, sizes
}

// sizesIn reads the sizes that VariantName put behind a prefix; nil where the rest of the name is anything else.
func sizesIn(name, prefix string, dims []*DimDecl) []FixedSize {
	rest, ok := strings.CutPrefix(name, prefix)
	if !ok || rest == "" {
		return nil
	}
	for _, d := range dims {
		digits, ok := strings.CutPrefix(rest, VariantName("", d.Name, 0)[:len(VariantName("", d.Name, 0))-1])
		if !ok {
			continue
		}
		n := 0
		for n < len(digits) && digits[n] >= '0' && digits[n] <= '9' {
			n++
		}
		value, err := strconv.ParseInt(digits[:n], 10, 64)
		if err != nil {
			continue
		}
		fixed := FixedSize{d.Name, value}
		if n == len(digits) {
			return []FixedSize{fixed}
		}
		if more := sizesIn(digits[n:], "", dims); more != nil {
			return append([]FixedSize{fixed}, more...)
		}
	}
	return nil
}

// isVariant reports that f takes and gives what g does when sizes are fixed.
func isVariant(f, g *Func, sizes []FixedSize) bool {
	if len(f.Params) != len(g.Params) || len(f.Results) != len(g.Results) {
		return false
	}
	by := map[string]Dim{}
	for _, s := range sizes {
		by[s.Symbol] = Const(s.Value)
	}
	for i, p := range f.Params {
		if q := g.Params[i]; p.Value.Name != q.Value.Name || p.Role != q.Role || p.State != q.State || !fits(p.Value.Type, q.Value.Type, by) {
			return false
		}
	}
	for i, r := range f.Results {
		if q := g.Results[i]; r.Name != q.Name || r.Role != q.Role || r.Target != q.Target || !fits(r.Type, q.Type, by) {
			return false
		}
	}
	return true
}

// fits reports that a type is another one with symbols fixed, as far as that gives numbers.
func fits(t, general Type, by map[string]Dim) bool {
	if t.Elem != general.Elem || t.Rank() != general.Rank() {
		return false
	}
	for i, d := range general.Shape {
		if n, known := d.Subst(by).IsConst(); known {
			if is, known := t.Shape[i].IsConst(); !known || is != n {
				return false
			}
		}
	}
	return true
}
