package text_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/ir/text"
	"github.com/google/go-cmp/cmp"
)

// build makes a module with one function that returns nothing; fn adds to it.
func build(t *testing.T, fn func(f *ir.Func, reg *ir.Registry)) *ir.Module {
	t.Helper()
	reg := testRegistry(t)
	f := &ir.Func{Name: "main"}
	fn(f, reg)
	f.Append(ir.NewOp(reg.Op("core.return"), nil, nil, nil, nil, ir.Unknown))
	return &ir.Module{Name: "m", Funcs: []*ir.Func{f}}
}

func addConstant(f *ir.Func, reg *ir.Registry, name string, v ir.Attr) *ir.Value {
	op := ir.NewOp(reg.Op("core.constant"), ir.Attrs{ir.Set("value", v)}, []ir.Type{ir.StaticType(host.F32)}, nil, nil, nil)
	op.Results[0].Name = name
	f.Append(op)
	return op.Results[0]
}

// TestNames prints values whose names are odd, equal or missing, and reads them back.
func TestNames(t *testing.T) {
	var names []string
	m := build(t, func(f *ir.Func, reg *ir.Registry) {
		for _, n := range []string{"x", "x", "a b", "a b", "7", ""} {
			f.AddParam(n, ir.StaticType(host.F32), ir.Input)
		}
		for _, n := range []string{"x", "x_1", "a b", "a b", "é", "7", "", "x", "a.b-c$d"} {
			addConstant(f, reg, n, ir.Int(1))
		}
		given := text.NamesOf(f)
		for _, p := range f.Params {
			names = append(names, given.Of(p.Value))
		}
		for _, op := range f.Ops {
			names = append(names, given.Of(op.Results[0]))
		}
	})
	want := []string{"%x", "%x_1", `%"a b"`, `%"a b_1"`, `%"7"`, "%0",
		"%x_2", "%x_1_1", "%a_b", "%a_b_1", "%__", "%1", "%2", "%x_3", "%a.b-c$d"}
	if d := cmp.Diff(want, names); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	first := text.Sprint(m)
	if again := text.Sprint(parse(t, testRegistry(t), []byte(first))); again != first {
		t.Errorf("read back:\n%s", cmp.Diff(first, again))
	}
	if got := text.NamesOf(m.Funcs[0]).Of(nil) + " " + text.NamesOf(m.Funcs[0]).Of(&ir.Value{}); got != "none %?" {
		t.Errorf("absent and foreign values are %s", got)
	}
}

// TestManyEqualNames takes time in proportion to their number, and gives each its own.
func TestManyEqualNames(t *testing.T) {
	m := build(t, func(f *ir.Func, reg *ir.Registry) {
		for range 20_000 {
			addConstant(f, reg, "add", ir.Int(1))
		}
	})
	seen := map[string]bool{}
	for _, n := range text.NamesOf(m.Funcs[0]) {
		seen[n] = true
	}
	if len(seen) != 20_000 || !seen["add_19999"] {
		t.Errorf("found %d names", len(seen))
	}
}

// TestDenseBits brings every bit pattern of the narrow types and random ones of the others through the text.
func TestDenseBits(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, e := range host.Elems() {
		shape := []int{3, 5}
		switch {
		case e == host.Bool:
		case e.Bits() == 8:
			shape = []int{256}
		case e.Bits() == 16:
			shape = []int{1 << 16}
		}
		src := host.New(e, shape...)
		fill(rng, src)
		m := build(t, func(f *ir.Func, reg *ir.Registry) { addConstant(f, reg, "", ir.Dense{T: src}) })
		got := parse(t, testRegistry(t), []byte(text.Sprint(m))).Funcs[0].Ops[0].Attr("value")
		if !ir.EqualAttr(ir.Dense{T: src}, got) {
			t.Errorf("%s: %s came back as %s", e, text.PrintAttr(ir.Dense{T: src}), text.PrintAttr(got))
		}
	}
}

// fill writes all bit patterns where they fit, otherwise random ones with a share of NaNs; padding of packed rows stays 0.
func fill(rng *rand.Rand, t *host.Tensor) {
	switch e := t.Elem; {
	case e == host.Bool:
		for i := range t.Data {
			t.Data[i] = byte(i % 2)
		}
	case e.Packed():
		row := (5*e.Bits() + 7) / 8
		for i := range t.Data {
			t.Data[i] = byte(rng.Uint32())
			if i%row == row-1 {
				t.Data[i] &= 1<<(5*e.Bits()-8*(row-1)) - 1
			}
		}
	case e.Bits() == 8:
		for i := range t.Data {
			t.Data[i] = byte(i)
		}
	case e.Bits() == 16:
		for i := range 1 << 16 {
			binary.LittleEndian.PutUint16(t.Data[2*i:], uint16(i))
		}
	default:
		for i := range t.Data {
			t.Data[i] = byte(rng.Uint32())
		}
		if e.IsFloat() || e.IsComplex() {
			copy(t.Data[len(t.Data)-8:], []byte{1, 0, 0xf8, 0x7f, 1, 0, 0xf8, 0xff})
		}
	}
}

// TestOptions covers data that lies in no file, and texts without locations.
func TestOptions(t *testing.T) {
	loc := &ir.Loc{Stack: []ir.Frame{{File: "m.py", Line: 3}}}
	m := build(t, func(f *ir.Func, reg *ir.Registry) { addConstant(f, reg, "x", ir.Int(1)).Def.Loc = loc })
	for _, size := range []int{4, 8, 4} {
		m.AddData("w", host.New(host.U8, size))
	}
	print := func(opt text.Options) string {
		var b strings.Builder
		if err := text.Print(&b, m, opt); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	for _, c := range []struct {
		opt          text.Options
		inline, locs int
	}{
		{text.Options{Locs: true}, 3, 2},
		{text.Options{Inline: 9}, 2, 0},
		{text.Options{Inline: -1}, 0, 0},
	} {
		got := print(c.opt)
		if strings.Count(got, "data \"") != c.inline || strings.Count(got, "elided size") != 3-c.inline || strings.Count(got, "loc") != c.locs {
			t.Errorf("%+v:\n%s", c.opt, got)
		}
		parse(t, testRegistry(t), []byte(got))
	}
	m.Resources[1].Source = nil
	if err := text.Print(&strings.Builder{}, m, text.Options{}); err == nil || !strings.Contains(err.Error(), "@w_1 has no source") {
		t.Errorf("found %v", err)
	}
}

// TestPieces covers functions and operations by themselves.
func TestPieces(t *testing.T) {
	src := `air 1
module @m {
  func @main(%p: tensor<bool>, %x: tensor<2xf32>) -> (tensor<2xf32>) {
    %y = core.cond(%p, %x) : tensor<2xf32> loc(#1)
      then(%x: tensor<2xf32>) {
        core.return(%x)
      }
      else(%0: tensor<2xf32>) {
        core.return(%0)
      }
    core.return(%y)
  }
  loc #1 = "m.py":3
}
`
	f := parse(t, testRegistry(t), []byte(src)).Funcs[0]
	want := "%y = core.cond(%p, %x) : tensor<2xf32>\n  then(%x: tensor<2xf32>) {\n    core.return(%x)\n  }\n  else(%0: tensor<2xf32>) {\n    core.return(%0)\n  }"
	if d := cmp.Diff(want, text.PrintOp(f.Ops[0], nil)); d != "" {
		t.Errorf("operation (-want +got):\n%s", d)
	}
	var b bytes.Buffer
	if err := text.PrintFunc(&b, f); err != nil {
		t.Fatal(err)
	}
	whole := "func @main(%p: tensor<bool>, %x: tensor<2xf32>) -> (tensor<2xf32>) {\n  " + strings.ReplaceAll(want, "\n", "\n  ") + "\n  core.return(%y)\n}\n"
	if d := cmp.Diff(whole, b.String()); d != "" {
		t.Errorf("function (-want +got):\n%s", d)
	}
}

// TestSharing: resources of one entry share its source, equal locations and types are one.
func TestSharing(t *testing.T) {
	src := `air 1
module @m {
  func @main() -> () {
    %a = core.constant() {value = @a} : tensor<2xf32> loc(#1)
    %b = core.constant() {value = @b} : tensor<2xf32> loc(#1)
    core.return()
  }
  resource @a : tensor<2xf32> = "m.pt2" entry "w" size 16 crc "00000001"
  resource @b : tensor<2xf32> = "m.pt2" entry "w" size 16 crc "00000001" offset 2
  loc #1 = "m.py":3
}
`
	m := parse(t, testRegistry(t), []byte(src))
	if m.Resources[0].Source != m.Resources[1].Source {
		t.Error("the resources have two sources")
	}
	ops := m.Funcs[0].Ops
	if ops[0].Loc != ops[1].Loc {
		t.Error("the operations have two locations")
	}
	if pos := ops[1].Pos; pos != (ir.Pos{Line: 5, Col: 10}) {
		t.Errorf("the second operation is at %v", pos)
	}
	if ops[0].Results[0].Used() || len(ops[2].Operands) != 0 || ops[0].Parent() != m.Funcs[0] {
		t.Error("the list is not connected as it should be")
	}
}

// TestVersions: an operation whose version is not 1 states it, and text from before is read.
func TestVersions(t *testing.T) {
	src := "air 1\nmodule @m {\n  func @main(%x: tensor<2xf32>) -> (tensor<2xf32>) {\n    %y = nn.linear(%x, %x) : tensor<2xf32>\n    core.return(%y)\n  }\n}\n"
	got := text.Sprint(parse(t, testRegistry(t), []byte(src)))
	if want := strings.Replace(src, "nn.linear", "nn.linear@2", 1); got != want {
		t.Errorf("-want +got:\n%s", cmp.Diff(want, got))
	}
}
