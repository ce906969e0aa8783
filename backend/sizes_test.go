package backend

import (
	"strings"
	"testing"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// signature is a function with parameters of the given shapes, declared by texts such as "2*S".
func signature(t *testing.T, dims []*ir.DimDecl, guards []string, shapes ...[]string) *ir.Func {
	t.Helper()
	f := &ir.Func{Name: "main", Dims: dims}
	for i, shape := range shapes {
		typ := ir.TensorOf(host.F32)
		for _, s := range shape {
			d, err := ir.ParseDim(s)
			if err != nil {
				t.Fatal(err)
			}
			typ.Shape = append(typ.Shape, d)
		}
		f.AddParam(string(rune('x'+i)), typ, ir.Input)
	}
	for _, g := range guards {
		guard, err := ir.ParseGuard(g)
		if err != nil {
			t.Fatal(err)
		}
		f.AddGuard(guard)
	}
	return f
}

func TestBindInputs(t *testing.T) {
	s := []*ir.DimDecl{{Name: "S", Min: 2, Max: 8}}
	st := []*ir.DimDecl{{Name: "S", Min: 2, Max: 8}, {Name: "T", Min: 1, Max: ir.Unbounded}}
	for _, c := range []struct {
		name   string
		f      *ir.Func
		args   [][]int
		want   int64 // of S
		errors string
	}{
		{"plain", signature(t, s, nil, []string{"S", "3"}), [][]int{{5, 3}}, 5, ""},
		{"derived", signature(t, s, nil, []string{"2*S+1"}), [][]int{{9}}, 4, ""},
		{"derived does not divide", signature(t, s, nil, []string{"2*S+1"}), [][]int{{8}}, 0, "dimension 0 is 8, expected a size of the form 2*S+1"},
		{"below", signature(t, s, nil, []string{"S"}), [][]int{{1}}, 0, `input "x": dimension 0 is 1, which makes S 1; S must be in 2..8; for less, export the model with Dim("S", min=1)`},
		{"above", signature(t, s, nil, []string{"S"}), [][]int{{9}}, 0, "S must be in 2..8"},
		{"constant", signature(t, s, nil, []string{"S", "3"}), [][]int{{5, 4}}, 0, `input "x": dimension 1 is 4, expected 3`},
		{"two inputs agree", signature(t, s, nil, []string{"S"}, []string{"S"}), [][]int{{5}, {5}}, 5, ""},
		{"two inputs differ", signature(t, s, nil, []string{"S"}, []string{"S"}), [][]int{{5}, {6}}, 0, `input "y": dimension 0 is 6`},
		{"bound later", signature(t, st, nil, []string{"S*T"}, []string{"S", "T"}), [][]int{{15}, {5, 3}}, 5, ""},
		{"product differs", signature(t, st, nil, []string{"S*T"}, []string{"S", "T"}), [][]int{{14}, {5, 3}}, 0, "expected S*T = 15"},
		{"guard holds", signature(t, st, []string{"S <= 2*T"}, []string{"S", "T"}), [][]int{{4, 2}}, 4, ""},
		{"guard breaks", signature(t, st, []string{"S <= 2*T"}, []string{"S", "T"}), [][]int{{5, 2}}, 0, "S is 5; T is 2"},
		{"rank", signature(t, s, nil, []string{"S"}), [][]int{{5, 1}}, 0, `input "x" is tensor<5x1xf32>, expected tensor<[S]xf32>`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var args []*host.Tensor
			for _, shape := range c.args {
				args = append(args, host.New(host.F32, shape...))
			}
			sizes, err := BindInputs(c.f, args)
			if c.errors != "" {
				if err == nil || !strings.Contains(err.Error(), c.errors) {
					t.Fatalf("found error %v, expected one with %q", err, c.errors)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got, ok := sizes.Get("S"); !ok || got != c.want {
				t.Errorf("S is %d, %v, expected %d", got, ok, c.want)
			}
		})
	}
}

// bodyOf puts a body with symbols and guards into a function, below an operation.
func bodyOf(t *testing.T, f *ir.Func, dims []*ir.DimDecl, guards ...string) *ir.Func {
	t.Helper()
	body := &ir.Func{Name: "do", Dims: dims}
	for _, g := range guards {
		guard, err := ir.ParseGuard(g)
		if err != nil {
			t.Fatal(err)
		}
		body.AddGuard(guard)
	}
	holder := &ir.Op{Def: &ir.OpDef{Name: "my.loop"}}
	holder.AttachBody(body)
	f.Append(holder)
	return body
}

// binding is an operation whose results bind symbols.
func binding(t *testing.T, binds string, types ...ir.Type) *ir.Op {
	t.Helper()
	op := &ir.Op{Def: &ir.OpDef{Name: "my.count"}, Attrs: ir.Attrs{ir.Set("binds", ir.Dims{ir.Sym(binds)})}}
	for _, typ := range types {
		op.Results = append(op.Results, &ir.Value{Type: typ})
	}
	return op
}

func wantError(t *testing.T, err error, text string) {
	t.Helper()
	switch {
	case text == "" && err != nil:
		t.Errorf("found the error %v, expected none", err)
	case text != "" && (err == nil || !strings.Contains(err.Error(), text)):
		t.Errorf("found the error %v, expected one with %q", err, text)
	}
}

func number(t *testing.T, n int64) *host.Tensor {
	t.Helper()
	x, err := host.Scalar(host.I64, n)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestNested(t *testing.T) {
	u := []*ir.DimDecl{{Name: "u", Min: 0, Max: 8}}
	for _, c := range []struct {
		name           string
		dims           []*ir.DimDecl
		guard          string
		count          int64 // what the body's operation binds u to; -1: it does not run
		enter, run, at string
	}{
		{name: "of sizes around it", guard: "S >= 5", count: -1},
		{name: "breaks at once", guard: "S >= 50", count: -1, enter: "break the model's guard `S >= 50`; S is 5"},
		{name: "of its own size", dims: u, guard: "u <= S", count: 5},
		{name: "of its own size breaks", dims: u, guard: "u < S", count: 5, run: "guard `u < S`; u is 5; S is 5"},
		{name: "out of range", dims: u, guard: "u < S", count: 9, run: "u must be in 0..8"},
		{name: "never known", dims: u, guard: "u < S", count: -1, at: "the guard `u < S` was not checked: no input and no operation that ran binds u"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := signature(t, []*ir.DimDecl{{Name: "S", Min: 1, Max: 100}}, nil, []string{"S"})
			outer, err := BindInputs(f, []*host.Tensor{host.New(host.F32, 5)})
			if err != nil {
				t.Fatal(err)
			}
			body := bodyOf(t, f, c.dims, c.guard)
			for turn := range 2 { // each run of a body has sizes of its own
				s, err := outer.Nested(body)
				if wantError(t, err, c.enter); err != nil {
					return
				}
				if c.count >= 0 {
					n := max(0, c.count-int64(turn))
					if turn > 0 && c.run != "" {
						return
					}
					err := s.BindResults(binding(t, "u", ir.TensorOf(host.I64)), []*host.Tensor{number(t, n)})
					if wantError(t, err, c.run); err != nil {
						return
					}
					if got, _ := s.Get("u"); got != n {
						t.Errorf("turn %d: u is %d, expected %d", turn, got, n)
					}
				}
				wantError(t, s.Finish(), c.at)
			}
			if _, ok := outer.Get("u"); ok {
				t.Error("the body's size left it")
			}
			if err := outer.Finish(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestBindResults(t *testing.T) {
	dims := []*ir.DimDecl{{Name: "S", Min: 1, Max: 100}, {Name: "u", Min: 1, Max: 8}}
	shaped := func(d ir.Dim) ir.Type { return ir.TensorOf(host.F32).WithShape(d, ir.Const(2)) }
	u := ir.Sym("u")
	for _, c := range []struct {
		name   string
		typ    ir.Type
		result *host.Tensor
		want   int64
		err    string
	}{
		{"a number", ir.TensorOf(host.I64), number(t, 3), 3, ""},
		{"a number out of range", ir.TensorOf(host.I64), number(t, 0), 0, "the value of my.count is 0; u must be in 1..8"},
		{"a shape", shaped(u), host.New(host.F32, 4, 2), 4, ""},
		{"a derived shape", shaped(u.Mul(ir.Const(2)).Add(ir.Const(1))), host.New(host.F32, 7, 2), 3, ""},
		{"a derived shape that does not fit", shaped(u.Mul(ir.Const(2))), host.New(host.F32, 7, 2), 0, "expected a size of the form 2*u"},
		{"a shape out of range", shaped(u), host.New(host.F32, 9, 2), 0, "my.count: dimension 0 of its result is 9"},
		{"a guard breaks", shaped(u), host.New(host.F32, 6, 2), 0, "guard `u <= S`; u is 6; S is 5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := signature(t, dims, []string{"u <= S"}, []string{"S"})
			s, err := BindInputs(f, []*host.Tensor{host.New(host.F32, 5)})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Finish(); err == nil {
				t.Error("the guard was not checked and nobody says so")
			}
			err = s.BindResults(binding(t, "u", c.typ), []*host.Tensor{c.result})
			if wantError(t, err, c.err); err != nil {
				return
			}
			if got, ok := s.Get("u"); !ok || got != c.want {
				t.Errorf("u is %d, %v, expected %d", got, ok, c.want)
			}
			if err := s.Finish(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestNarrowedInputs holds that an error says where the type of an input comes from, if a pass has changed it.
func TestNarrowedInputs(t *testing.T) {
	f := signature(t, nil, nil, []string{"2"})
	f.Params[0].Value.Type.Elem = host.F16
	for elem, want := range map[host.Elem]string{
		host.F32:  "input \"x\" is tensor<2xf32>, expected tensor<2xf16>; the pass fp16 makes inputs of f32 f16, and fp16{keep-io} leaves them as they are",
		host.BF16: "inputs of bf16",
		host.I32:  "expected tensor<2xf16>",
	} {
		_, err := BindInputs(f, []*host.Tensor{host.New(elem, 2)})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "fp16") != elem.IsFloat() {
			t.Errorf("%s: found the error %v, expected %q", elem, err, want)
		}
	}
}
