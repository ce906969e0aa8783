//go:build unix

package native

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// compressedProduct is a product of rows with n columns of weights along k, made from constants of the types by the lines of weights.
func compressedProduct(rows, n, k int, types []string, weights string) heavy {
	x, y := fmt.Sprintf("%dx%dxf32", rows, k), fmt.Sprintf("%dx%dxf32", rows, n)
	names, params := []string{"%x0"}, []string{"%x: tensor<" + x + ">"}
	for i, c := range types {
		names, params = append(names, fmt.Sprintf("%%c%d", i)), append(params, fmt.Sprintf("%%c%d: tensor<%s>", i, c))
	}
	return heavy{[]string{x}, types, "core.kernel(" + strings.Join(names, ", ") + ")", y, fmt.Sprintf(`      kernel(%s) {
        %s
        %%l = nn.linear(%%x, %%d) : tensor<%s>
        core.return(%%l)
      }
`, strings.Join(params, ", "), weights, y)}
}

// packedTests are products with compressed weights of every kind.
func packedTests() []heavy {
	var list []heavy
	for i, codes := range []string{"i4", "u4", "i8", "i2", "u3", "i6", "u1", "f8e4m3", "f4e2m1"} {
		for _, rows := range []int{1, 2 + i%3, 14} {
			n, k := 67+13*i, 96+32*(i%2)
			list = append(list, compressedProduct(rows, n, k, []string{fmt.Sprintf("%dx%dx%s", n, k, codes), fmt.Sprintf("%dx%dxf32", n, k/32)},
				fmt.Sprintf("%%d = quant.dequantize(%%c0, %%c1) : tensor<%dx%dxf32>", n, k)))
		}
	}
	for bits := 1; bits <= 6; bits++ {
		list = append(list, compressedProduct(1+bits%2, 80, 75, []string{fmt.Sprintf("80x75xu%d", bits), fmt.Sprintf("1x1x%dx1xf32", 1<<bits)}, "%d = quant.lookup(%c0, %c1) : tensor<80x75xf32>"))
	}
	return append(list,
		compressedProduct(1, 70, 64, []string{"70x64xu4", "70x2xf16", "70x2xu4"}, "%d = quant.dequantize(%c0, %c1, %c2) : tensor<70x64xf32>"),
		compressedProduct(9, 70, 64, []string{"70x64xu4", "70x4xf32", "70x4xu4"}, "%d = quant.dequantize(%c0, %c1, %c2) : tensor<70x64xf32>"),
		compressedProduct(1, 70, 64, []string{"70x64xu4", "1x1x16x1xf32", "70x1xf32"},
			"%t = quant.lookup(%c0, %c1) : tensor<70x64xf32>\n        %d = quant.dequantize(%t, %c2) : tensor<70x64xf32>"),
	)
}

// TestPacked holds products with compressed weights against the interpreter, on one thread and several.
func TestPacked(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 9))
	for i, h := range packedTests() {
		if skipped(i, 6) {
			continue
		}
		m := h.module(t, rng)
		scramble(m, rng)
		reference, err := interp.Backend{}.Compile(context.Background(), m, backend.Options{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		if err := agree(compileHeavy(t, m, 1+i%3), reference.NewSession(), inputsOf(t, m, rng)); err != nil {
			t.Errorf("%v: %v", h.constants, err)
		}
	}
}

// scramble gives constants of codes any bits.
func scramble(m *ir.Module, rng *rand.Rand) {
	for _, op := range m.Funcs[0].Ops {
		if !op.Is(core.Constant) {
			continue
		}
		if x := op.Attr("value").(ir.Dense).T; x.Elem.IsInt() {
			low, high := x.Elem.Range()
			for i := range x.Len() {
				host.SetInt(x, i, int64(low)+rng.Int64N(int64(high-low)+1))
			}
		}
	}
}

// pickKernel takes lanes of a table by what idx says.
func pickKernel(t *testing.T, e host.Elem, entries, lanes int) *kernel.Kernel {
	t.Helper()
	b := kernel.NewBuilder(fmt.Sprintf("pick_%s_%d_%d", e, entries, lanes))
	const rounds = 5
	table, at := b.Input("table", e, ir.Const(int64(entries))), b.Input("at", host.I32, ir.Const(int64(rounds*lanes)))
	y := b.Output("y", e, ir.Const(int64(rounds*lanes)))
	b.For(kernel.Parallel, "i", ir.Const(int64(rounds*lanes)), int64(lanes), func(i ir.Dim) {
		b.Store(y, i, b.Op(kernel.Pick, b.Load(table, ir.Const(0), entries), b.Load(at, i, lanes)))
	})
	k, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// TestPick holds looking up in registers against the interpreter of kernels.
func TestPick(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	var kernels []*kernel.Kernel
	for _, e := range []host.Elem{host.F32, host.I32, host.I8, host.F64} {
		for _, entries := range []int{1, 2, 4, 8, 16, 32, 64, 256} {
			for _, lanes := range []int{1, 4, 8, 16, 24, 32} {
				if entries*lanes > 256*16 || skipped(len(kernels)+lanes+entries, 5) { // tables of bytes go with one vector
					continue
				}
				kernels = append(kernels, pickKernel(t, e, entries, lanes))
			}
		}
	}
	var checks []check
	for _, k := range kernels {
		var call kernel.Call
		for _, b := range k.Buffers {
			n, _ := b.Len.IsConst()
			x := host.New(b.Elem, int(n))
			for i := range x.Len() {
				host.SetFloat(x, i, float64(rng.IntN(100)-50))
			}
			call.Buffers = append(call.Buffers, x.Data)
		}
		checks = append(checks, check{k, call, 0})
	}
	holdAll(t, checks)
}
