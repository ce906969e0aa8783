package ir

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
)

// Subst replaces symbols by dims, all at the same time.
func (d Dim) Subst(m map[string]Dim) Dim {
	return d.mapAtoms(func(a *dimAtom) Dim {
		if by, ok := m[a.text]; ok && a.kind == dimSymbol {
			return by
		}
		return a.mapArgs(func(arg Dim) Dim { return arg.Subst(m) })
	})
}

// mapAtoms rebuilds d with f applied to the atoms of its products (f sees nested atoms only through mapArgs).
func (d Dim) mapAtoms(f func(*dimAtom) Dim) Dim {
	if d.Err() != nil {
		return d
	}
	sum := Dim{c: d.c}
	changed := false
	for _, t := range d.terms() {
		product := Dim{c: t.coef}
		for _, a := range t.product {
			by := f(a)
			changed = changed || by.atom() != a
			product = product.Mul(by)
		}
		sum = sum.Add(product)
	}
	if !changed {
		return d
	}
	return sum
}

// mapArgs rebuilds the atom with f applied to its arguments.
func (a *dimAtom) mapArgs(f func(Dim) Dim) Dim {
	if a.kind == dimRounded {
		return a.mapRounded(f)
	}
	args := make([]Dim, len(a.args))
	for i, arg := range a.args {
		args[i] = f(arg)
	}
	same := func(x, y Dim) bool { return x.x == y.x && x.c == y.c }
	switch {
	case slices.EqualFunc(args, a.args, same):
		return Dim{x: a.alone}
	case a.kind == dimFloorDiv:
		return args[0].FloorDiv(args[1])
	}
	return dimExtreme(a.kind, args)
}

// dimUnbound is the error of Eval for a symbol without a size.
type dimUnbound struct{ name string }

func (e *dimUnbound) Error() string {
	return fmt.Sprintf("the size of dimension %s is not known", e.name)
}

var errDimRange = errors.New("out of 64 bits")

// Eval computes d from the sizes of its symbols. It fails for an invalid d, for a symbol that size does not know
// (the error names it), for a division by zero, and when the value does not fit into 64 bits.
func (d Dim) Eval(size func(name string) (int64, bool)) (int64, error) {
	if err := d.Err(); err != nil {
		return 0, err
	}
	v, err := d.evalInt(size)
	if !errors.Is(err, errDimRange) {
		return v, err
	}
	// Only a step on the way may have been too large: (4095*S)//4096.
	exact, err := d.evalBig(size)
	if err != nil {
		return 0, err
	}
	if !exact.IsInt64() || exact.Int64() == math.MinInt64 {
		return 0, fmt.Errorf("dimension %v does not fit into 64 bits", d)
	}
	return exact.Int64(), nil
}

func (d Dim) evalInt(size func(string) (int64, bool)) (int64, error) {
	sum := d.c
	for _, t := range d.terms() {
		product := t.coef
		for _, a := range t.product {
			v, err := a.evalInt(size)
			if err != nil {
				return 0, err
			}
			var ok bool
			if product, ok = dimMulInt(product, v); !ok {
				return 0, errDimRange
			}
		}
		var ok bool
		if sum, ok = dimAddInt(sum, product); !ok {
			return 0, errDimRange
		}
	}
	return sum, nil
}

func (a *dimAtom) evalInt(size func(string) (int64, bool)) (int64, error) {
	if a.kind == dimSymbol {
		v, ok := size(a.text)
		if !ok {
			return 0, &dimUnbound{a.text}
		}
		if v == math.MinInt64 {
			return 0, fmt.Errorf("the size of dimension %s is out of range: %d", a.text, v)
		}
		return v, nil
	}
	if a.kind == dimRounded {
		return a.evalRounded(func(d Dim) (float64, error) {
			v, err := d.evalInt(size)
			return float64(v), err
		})
	}
	best, err := a.args[0].evalInt(size)
	for _, arg := range a.args[1:] {
		var v int64
		if err == nil {
			v, err = arg.evalInt(size)
		}
		if err != nil {
			return 0, err
		}
		switch a.kind {
		case dimMin:
			best = min(best, v)
		case dimMax:
			best = max(best, v)
		default:
			if v == 0 {
				return 0, a.zeroError()
			}
			best = dimFloor(best, v)
		}
	}
	return best, nil
}

func (a *dimAtom) zeroError() error {
	return fmt.Errorf("dimension %s divides by zero: %v is 0", a.text, a.args[1])
}

func (d Dim) evalBig(size func(string) (int64, bool)) (*big.Int, error) {
	sum := big.NewInt(d.c)
	for _, t := range d.terms() {
		product := big.NewInt(t.coef)
		for _, a := range t.product {
			v, err := a.evalBig(size)
			if err != nil {
				return nil, err
			}
			product.Mul(product, v)
		}
		sum.Add(sum, product)
	}
	return sum, nil
}

func (a *dimAtom) evalBig(size func(string) (int64, bool)) (*big.Int, error) {
	if a.kind == dimSymbol {
		v, err := a.evalInt(size)
		return big.NewInt(v), err
	}
	if a.kind == dimRounded {
		v, err := a.evalRounded(func(d Dim) (float64, error) {
			v, err := d.evalBig(size)
			if err != nil {
				return 0, err
			}
			f, _ := v.Float64()
			return f, nil
		})
		return big.NewInt(v), err
	}
	var best *big.Int
	for _, arg := range a.args {
		v, err := arg.evalBig(size)
		switch {
		case err != nil:
			return nil, err
		case best == nil:
			best = v
		case a.kind == dimMin && v.Cmp(best) < 0, a.kind == dimMax && v.Cmp(best) > 0:
			best = v
		case a.kind == dimFloorDiv && v.Sign() == 0:
			return nil, a.zeroError()
		case a.kind == dimFloorDiv:
			q, r := new(big.Int).QuoRem(best, v, new(big.Int))
			if r.Sign() != 0 && r.Sign() != v.Sign() {
				q.Sub(q, big.NewInt(1))
			}
			best = q
		}
	}
	return best, nil
}
