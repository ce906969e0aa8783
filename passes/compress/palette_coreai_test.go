package compress

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/ir/safetensors"
)

// paletteCase is what tests/coreai_opt_palettes.py says of one of its cases.
type paletteCase struct {
	Kind, Weight, Table               string
	Bits                              int
	Block                             []int
	Fast, Scaled, Asymmetric, Channel bool
	Fraction                          float64
}

// eachPaletteCase runs a test on each case of a kind, with the weight and a function that gives the parts.
func eachPaletteCase(t *testing.T, kind string, test func(name string, c paletteCase, x *host.Tensor, part func(string) *host.Tensor)) {
	t.Helper()
	f, err := safetensors.Open("testdata/palettes.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tensor := func(name string) *host.Tensor {
		i := slices.IndexFunc(f.Entries, func(e safetensors.Entry) bool { return e.Name == name })
		if i < 0 {
			t.Fatalf("the file has no %s", name)
		}
		x, err := host.FromBytes(f.Entries[i].Elem, f.Entries[i].Shape, slices.Clone(f.Entries[i].Data))
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	cases := 0
	for _, m := range f.Metadata {
		var c paletteCase
		if err := json.Unmarshal([]byte(m.Value), &c); err != nil {
			t.Fatal(err)
		}
		if c.Kind == kind {
			cases++
			test(m.Key, c, tensor("weight."+c.Weight), func(part string) *host.Tensor { return tensor(m.Key + "." + part) })
		}
	}
	if cases == 0 {
		t.Fatalf("no case is %s", kind)
	}
}

func (c paletteCase) paletteOf() Palette {
	return Palette{Bits: c.Bits, ChannelScale: c.Scaled, Asymmetric: c.Asymmetric, Table: map[string]host.Elem{
		"int8": host.I8, "uint8": host.U8, "float8_e4m3fn": host.F8E4M3, "float8_e5m2": host.F8E5M2}[c.Table]}
}

// TestPaletteCoreAI holds the rule of coreai-opt to its indices and tables, bit for bit.
func TestPaletteCoreAI(t *testing.T) {
	eachPaletteCase(t, "palette", func(name string, c paletteCase, x *host.Tensor, part func(string) *host.Tensor) {
		if !c.Fast {
			return
		}
		p := c.paletteOf()
		p.Rule = CoreAI
		got := paletteOf(t, x, p, Options{Out: []int{0}, In: []int{1}, Block: c.Block})
		storedError(t, got, x)
		same := func(what string, got, want *host.Tensor) {
			if g, w := host.Values[float64](got), host.Values[float64](want); !slices.Equal(g, w) {
				at := 0
				for at < len(w) && at < len(g) && g[at] == w[at] {
					at++
				}
				t.Errorf("%s: %s differ from %d of %d on: %v, expected %v", name, what, at, len(w), g[at:min(at+4, len(g))], w[at:min(at+4, len(w))])
			}
		}
		same("indices", host.Unpack(got.Codes), part("indices"))
		switch {
		case c.Table != "":
			same("codes", got.Table, part("codes"))
			if !c.Scaled {
				same("scales", got.Scale, part("scale"))
			}
		default:
			same("tables", got.Table, part("lut"))
		}
		if c.Table == "" && c.Scaled {
			same("channel scales", got.Scale, part("channel"))
		}
	})
}

// TestPaletteSearchCoreAI holds the error of the rule search to that of coreai-opt's exact and fast modes, for tables that
// are rounded and quantized as theirs are.
func TestPaletteSearchCoreAI(t *testing.T) {
	worst := 0.0
	eachPaletteCase(t, "palette", func(name string, c paletteCase, x *host.Tensor, part func(string) *host.Tensor) {
		table, channel := part("lut"), (*host.Tensor)(nil)
		if c.Table != "" {
			table = part("decoded")
		}
		if c.Scaled {
			channel = part("channel")
		}
		theirs := theirError(t, c, x, part("indices"), table, channel)
		got := storedError(t, paletteOf(t, x, c.paletteOf(), Options{Out: []int{0}, In: []int{1}, Block: c.Block}), x)
		if got > theirs*1.0001 {
			t.Errorf("%s: the error is %g, coreai-opt's %g (ratio %.6f)", name, got, theirs, got/theirs)
		} else if theirs > 0 {
			worst = max(worst, got/theirs)
		}
	})
	t.Logf("largest error: %.6f of coreai-opt's", worst)
}

// theirError decodes what coreai-opt found.
func theirError(t *testing.T, c paletteCase, x, indices, table, channel *host.Tensor) float64 {
	shape := make([]int, len(x.Shape))
	for i, b := range c.Block {
		shape[i] = x.Shape[i] / b
	}
	lut, err := table.Reshape(append(shape, 1<<c.Bits, 1))
	if err != nil {
		t.Fatal(err)
	}
	y, err := host.Lookup(host.Serial, indices, lut, 0)
	if err != nil {
		t.Fatal(err)
	}
	rounded := host.New(x.Elem, x.Shape...)
	want, got := host.Values[float32](x), host.Values[float32](y)
	row, sum := len(want)/x.Shape[0], 0.0
	for i, v := range got {
		if channel != nil {
			v *= host.Values[float32](channel)[i/row]
		}
		host.SetFloat(rounded, i, float64(v))
		d := float64(want[i]) - host.FloatAt(rounded, i)
		sum += d * d
	}
	return sum
}
