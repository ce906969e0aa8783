package backend

import (
	"fmt"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Sizes holds the values that symbols have in one call.
type Sizes struct {
	f       *ir.Func
	outer   *Sizes
	values  map[string]int64
	pending []ir.Guard // guards whose symbols are not all bound yet
}

// Get gives the value of a symbol.
func (s *Sizes) Get(name string) (int64, bool) {
	for ; s != nil; s = s.outer {
		if n, ok := s.values[name]; ok {
			return n, true
		}
	}
	return 0, false
}

// Nested gives sizes for one run of a body: it sees those around it and may bind its own. The body's guards on sizes that
// are known already are checked.
func (s *Sizes) Nested(body *ir.Func) (*Sizes, error) {
	n := &Sizes{f: body, outer: s, values: map[string]int64{}, pending: body.Guards}
	return n, n.checkGuards()
}

// Finish is called when a function or body has run: every guard must have been checked by then.
func (s *Sizes) Finish() error {
	if len(s.pending) == 0 {
		return nil
	}
	g := s.pending[0]
	for _, name := range g.Symbols() {
		if _, ok := s.Get(name); !ok {
			return fmt.Errorf("the guard `%s` was not checked: no input and no operation that ran binds %s", g, name)
		}
	}
	return fmt.Errorf("the guard `%s` was not checked", g)
}

// BindInputs binds the symbols of a function from its arguments and checks element types, shapes, ranges and guards. args
// has one tensor per parameter; nil for constants.
func BindInputs(f *ir.Func, args []*host.Tensor) (*Sizes, error) {
	s := &Sizes{}
	return s, s.BindInputs(f, args)
}

// BindInputs is the function of that name for sizes that are used again: what they were before is forgotten.
func (s *Sizes) BindInputs(f *ir.Func, args []*host.Tensor) error {
	values := s.values
	if values == nil {
		values = map[string]int64{}
	}
	clear(values)
	*s = Sizes{f: f, values: values, pending: f.Guards}
	for i, p := range f.Params {
		if args[i] == nil {
			continue
		}
		if err := s.checkType(p, args[i]); err != nil {
			return err
		}
		if p.Binds != "" {
			from := source{what: func() string { return describe(p) + " is" }, input: true}
			if err := s.bind(p.Binds, host.IntAt(args[i], 0), from); err != nil {
				return err
			}
		}
		for k, d := range p.Value.Type.Shape {
			if name, ok := ir.BindableSymbol(d); ok {
				from := source{what: func() string { return fmt.Sprintf("%s: dimension %d is", describe(p), k) }, input: true}
				if err := s.bindFrom(d, name, args[i].Shape[k], from); err != nil {
					return err
				}
			}
		}
	}
	for i, p := range f.Params {
		if args[i] == nil {
			continue
		}
		for k, d := range p.Value.Type.Shape {
			n, constant := d.IsConst()
			if !constant {
				var err error
				if n, err = d.Eval(s.Get); err != nil {
					return fmt.Errorf("%s: dimension %d: %w", describe(p), k, err)
				}
			}
			if int(n) != args[i].Shape[k] {
				return fmt.Errorf("%s: dimension %d is %d, expected %s%s", describe(p), k, args[i].Shape[k], d, equals(d, n))
			}
		}
	}
	return s.checkGuards()
}

func equals(d ir.Dim, n int64) string {
	if _, ok := d.IsConst(); ok {
		return ""
	}
	return fmt.Sprintf(" = %d", n)
}

func describe(p *ir.Param) string {
	if p.Role == ir.StateIn {
		return fmt.Sprintf("state %q", p.State)
	}
	return fmt.Sprintf("input %q", p.Value.Name)
}

func (s *Sizes) checkType(p *ir.Param, t *host.Tensor) error {
	want := p.Value.Type
	if t.Elem != want.Elem || t.Rank() != want.Rank() {
		return fmt.Errorf("%s is %s, expected %s%s", describe(p), t, want, narrowed(p, t))
	}
	return nil
}

// source says where a size comes from, for errors.
type source struct {
	what  func() string
	input bool // the caller has chosen it
}

// narrowed says where the type of an input may come from, which the model that a user knows has not.
func narrowed(p *ir.Param, t *host.Tensor) string {
	if p.Role == ir.Input && p.Value.Type.Elem == host.F16 && (t.Elem == host.F32 || t.Elem == host.BF16) {
		return fmt.Sprintf("; the pass fp16 makes inputs of %s f16, and fp16{keep-io} leaves them as they are", t.Elem)
	}
	return ""
}

// bindFrom solves a*S+b = n for S.
func (s *Sizes) bindFrom(d ir.Dim, name string, n int, from source) error {
	at := func(x int64) int64 {
		y, _ := d.Eval(func(string) (int64, bool) { return x, true })
		return y
	}
	b := at(0)
	a := at(1) - b
	what := from.what
	if (int64(n)-b)%a != 0 {
		return fmt.Errorf("%s %d, expected a size of the form %s", what(), n, d)
	}
	from.what = func() string { return fmt.Sprintf("%s %d, which makes %s", what(), n, name) }
	return s.bind(name, (int64(n)-b)/a, from)
}

func (s *Sizes) bind(name string, n int64, from source) error {
	if have, ok := s.Get(name); ok {
		if have != n {
			return fmt.Errorf("%s %d, but %s is %d by another input", from.what(), n, name, have)
		}
		return nil
	}
	d := s.f.Dim(name)
	if d == nil {
		return fmt.Errorf("%s %d: the symbol is not declared", from.what(), n)
	}
	if n < d.Min || n > d.Max {
		wayOut := ""
		if from.input && n >= 0 && n < d.Min { // torch.export begins at 2 where nobody says otherwise
			wayOut = fmt.Sprintf("; for less, export the model with Dim(%q, min=%d)", name, n)
		}
		return fmt.Errorf("%s %d; %s must be in %s%s", from.what(), n, name, rangeText(d), wayOut)
	}
	s.values[name] = n
	return nil
}

func rangeText(d *ir.DimDecl) string {
	if d.Max == ir.Unbounded {
		return fmt.Sprintf("%d..", d.Min)
	}
	return fmt.Sprintf("%d..%d", d.Min, d.Max)
}

// checkGuards checks the guards whose symbols are all bound and keeps the others for later.
func (s *Sizes) checkGuards() error {
	var later []ir.Guard
	for _, g := range s.pending {
		holds, known, err := g.Holds(s.Get)
		switch {
		case err != nil:
			return fmt.Errorf("guard `%s`: %w", g, err)
		case !known:
			later = append(later, g)
		case !holds:
			return fmt.Errorf("the sizes of this call break the model's guard `%s`%s", g, s.values4(g))
		}
	}
	s.pending = later
	return nil
}

// values4 lists the values of a guard's symbols.
func (s *Sizes) values4(g ir.Guard) string {
	text, seen := "", map[string]bool{}
	for _, c := range g.Any {
		for _, name := range append(c.Left.Symbols(), c.Right.Symbols()...) {
			if n, ok := s.Get(name); ok && !seen[name] {
				seen[name] = true
				text += fmt.Sprintf("; %s is %d", name, n)
			}
		}
	}
	return text
}

// BindResults binds the symbols that an operation's results decide: the value of a number, or the shape of a tensor.
func (s *Sizes) BindResults(op *ir.Op, results []*host.Tensor) error {
	names := op.Binds()
	if len(names) == 0 {
		return nil
	}
	for i, r := range results {
		t := op.Results[i].Type
		if t.Rank() == 0 && r != nil && len(names) == 1 && t.Elem.IsInt() {
			from := source{what: func() string { return fmt.Sprintf("the value of %s is", op.Name()) }}
			if err := s.bind(names[0], host.IntAt(r, 0), from); err != nil {
				return err
			}
			continue
		}
		for k, d := range t.Shape {
			if name, ok := ir.BindableSymbol(d); ok && r != nil {
				if _, bound := s.Get(name); !bound {
					from := source{what: func() string { return fmt.Sprintf("%s: dimension %d of its result is", op.Name(), k) }}
					if err := s.bindFrom(d, name, r.Shape[k], from); err != nil {
						return err
					}
				}
			}
		}
	}
	return s.checkGuards()
}
