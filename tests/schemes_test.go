package tests

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/quant"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/ir/text"
)

// schemes are the ways to store weights, with the signal to noise (dB) that they must leave in the outputs of bert.
var schemes = []struct {
	pass string
	snr  float64
}{
	{"w2{group=8}", -5},
	{"w3{group=8, range=asymmetric}", 8},
	{"w4{group=16, scale-type=bf16}", 16},
	{"w4{range=asymmetric, offset=min-value}", 12},
	{"w4{compat=coreai}", 8},
	{"w6", 28},
	{"w8{scale=minmax}", 38},
	{"quantize{dtype=u5, range=asymmetric}", 20},
	{"quantize{dtype=i7, granularity=tensor}", 30},
	{"quantize{dtype=u8, range=asymmetric, granularity=channel, axis=1}", 38},
	{"fp8", 28},
	{"fp8{dtype=f8e5m2}", 20},
	{"mxfp4{group=8}", 14},
	{"pal2{group=8}", 0},
	{"pal3{granularity=tensor}", 8},
	{"pal4", 14},
	{"palettize{bits=5, group=8}", 20},
	{"palettize{bits=7, granularity=tensor}", 28},
	{"palettize{bits=4, granularity=tensor, channel-scale}", 14},
	{"palettize{bits=4, granularity=tensor, lut=i8}", 14},
	{"palettize{bits=4, group=8, channel-scale, lut=u8}", 14},
	{"palettize{bits=4, granularity=tensor, length=2}", 4},
	{"sparsify{sparsity=0.2}", 8},
	{`sparsify{nm="1:4"}`, 6},
	{"w8{sparsity=0.2}", 8},
	{"pal4{sparsity=0.2, granularity=tensor}", 8},
}

// TestSchemes compresses models in every way. The order of fuse and compression does not matter; the model written to a file
// and read back computes the same bytes; and so does one in which the weights are numbers again, as decoded.
func TestSchemes(t *testing.T) {
	t.Parallel()
	c := openCorpus(t, "models")
	names := []string{"bert", "tv_resnet50_dynbatch"}
	if testing.Short() { // the weights of both are compressed by the same threads
		names = names[:1]
	}
	for _, name := range names {
		m := openModel(t, c, spineModel{name: name})
		exact := m.outputs(t, m.build(t, "@cpu"), 0)
		for i, s := range schemes {
			if testing.Short() && i%14 != 0 || name != "bert" && i%3 != 0 {
				continue
			}
			t.Run(name+"/"+s.pass, func(t *testing.T) {
				t.Parallel()
				m.checkScheme(t, s.pass)
				if snr := worstSNR(t, m.outputs(t, m.build(t, "decompose, fuse, "+s.pass), 0), exact); name == "bert" && snr < s.snr {
					t.Errorf("the outputs have an SNR of %.1f dB, expected at least %.1f dB", snr, s.snr)
				}
			})
		}
	}
}

func (m *model) checkScheme(t *testing.T, scheme string) {
	plain := m.build(t, "decompose, "+scheme)
	fused, first := m.build(t, "decompose, fuse, "+scheme), m.build(t, "decompose, "+scheme+", fuse")
	if diff := cmp.Diff(m.lines(t, fused), m.lines(t, first)); diff != "" {
		t.Errorf("the text depends on the order of fuse and the scheme:\n%.4000s", diff)
	}
	want := m.outputs(t, plain, 0)
	for _, ending := range []string{".air", ".airpkg"} {
		path := filepath.Join(t.TempDir(), "m"+ending)
		if err := m.tk.Save(plain, path); err != nil {
			t.Fatal(err)
		}
		back, err := m.tk.Load(path, aiopt.LoadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := sameBytes(m.outputs(t, back, 0), want); err != nil {
			t.Errorf("read back from %s: %v", ending, err)
		}
	}
	decodeAll(t, plain)
	if err := sameBytes(m.outputs(t, plain, 0), want); err != nil {
		t.Errorf("with the weights decoded first: %v", err)
	}
}

func (m *model) lines(t *testing.T, built *ir.Module) []string {
	t.Helper()
	s, err := m.tk.Text(built, text.Options{Locs: true})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(s, "\n")
}

// decodeAll replaces compressed weights by the numbers that they stand for.
func decodeAll(t *testing.T, m *ir.Module) {
	t.Helper()
	tensors := map[*ir.Value]*host.Tensor{}
	var ops []*ir.Op
	m.Walk(func(op *ir.Op) { ops = append(ops, op) })
	for _, op := range ops {
		if name, ok := op.Attr("value").(ir.Symbol); ok && op.Is(core.Constant) {
			data, err := m.Resource(string(name)).Tensor()
			if err != nil {
				t.Fatal(err)
			}
			tensors[op.Result()] = data
		}
		if !quant.Compressed(op) {
			continue
		}
		var in []*host.Tensor
		for _, v := range op.Operands {
			in = append(in, tensors[v]) // nil for an absent one
		}
		out, err := op.Def.Eval(&ir.EvalCtx{}, op, in)
		if err != nil {
			t.Fatal(err)
		}
		tensors[op.Result()] = out[0]
		r := m.AddData("decoded", out[0])
		number := ir.NewOp(core.Constant, ir.Attrs{ir.Set("value", ir.Symbol(r.Name))}, []ir.Type{r.Type}, nil, nil, op.Loc)
		op.Parent().InsertBefore(op, number)
		tensors[number.Result()] = out[0]
		op.Result().ReplaceAllUses(number.Result())
	}
	if err := ir.Verify(m); err != nil {
		t.Fatal(err)
	}
}
