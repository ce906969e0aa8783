package check

import (
	"context"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/aiopt/aiopt/backend/metal/check/checktest"
	"github.com/aiopt/aiopt/backend/metal/launch"
)

// floats is a buffer of numbers of a type, and what they are after rounding to it.
func floats(dtype string, list []float64) ([]byte, []float64) {
	width := launch.ElementBytes(dtype)
	out, rounded := make([]byte, len(list)*width), make([]float64, len(list))
	for i, v := range list {
		checktest.PutFloat(out[i*width:], dtype, float32(v))
		rounded[i] = float64(checktest.Float(out[i*width:], dtype))
	}
	return out, rounded
}

func random(r *rand.Rand, n int, scale float64) []float64 {
	list := make([]float64, n)
	for i := range list {
		list[i] = r.NormFloat64() * scale
	}
	return list
}

func words(list ...uint32) []byte {
	var b []byte
	for _, v := range list {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}

// goodCase is a kernel with inputs, and what it should give for its argument `out`.
type goodCase struct {
	name     string
	function string
	abi      string
	threads  [3]int
	group    [3]int
	params   []launch.Param
	args     []Arg
	out      int
	want     []float64
	within   float64 // of the largest number expected
}

func in(name, dtype string) launch.Param {
	return launch.Param{Name: name, Kind: launch.Buffer, DType: dtype, Access: launch.Read}
}
func out(name, dtype string) launch.Param {
	return launch.Param{Name: name, Kind: launch.Buffer, DType: dtype, Access: launch.Write}
}
func scalar(name string) launch.Param {
	return launch.Param{Name: name, Kind: launch.Bytes, DType: "u32", Access: launch.Read}
}

func siluCase(r *rand.Rand) goodCase {
	const n = 1003
	x, v := floats("f32", random(r, n, 3))
	want := make([]float64, n)
	for i := range want {
		want[i] = v[i] / (1 + math.Exp(-v[i]))
	}
	return goodCase{"silu", "silu", launch.Buffers, [3]int{1100, 1, 1}, [3]int{64, 1, 1}, []launch.Param{in("x", "f32"), out("y", "f32"), scalar("n")},
		[]Arg{{Bytes: x}, {Bytes: make([]byte, 4*n)}, {Bytes: words(n)}}, 1, want, 1e-6}
}

func silu4Case(r *rand.Rand) goodCase {
	const n = 1000
	x, v := floats("f16", random(r, n, 3))
	want := make([]float64, n)
	for i := range want {
		want[i] = v[i] / (1 + math.Exp(-v[i]))
	}
	return goodCase{"silu4", "silu4", launch.Buffers, [3]int{250, 1, 1}, [3]int{64, 1, 1}, []launch.Param{in("x", "f16"), out("y", "f16")},
		[]Arg{{Bytes: x}, {Bytes: make([]byte, 2*n)}}, 1, want, 5e-4}
}

func softmaxCase(r *rand.Rand) goodCase {
	const rows, cols = 3, 700
	x, v := floats("f16", random(r, rows*cols, 4))
	want := make([]float64, rows*cols)
	for i := range rows {
		sum := 0.0
		for j := range cols {
			want[i*cols+j] = math.Exp(v[i*cols+j])
			sum += want[i*cols+j]
		}
		for j := range cols {
			want[i*cols+j] /= sum
		}
	}
	return goodCase{"softmax", "softmax", launch.Buffers, [3]int{256 * rows, 1, 1}, [3]int{256, 1, 1}, []launch.Param{in("x", "f16"), out("y", "f16"), scalar("cols")},
		[]Arg{{Bytes: x}, {Bytes: make([]byte, 2*rows*cols)}, {Bytes: words(cols)}}, 1, want, 5e-4}
}

func matmul(a, b []float64, m, n, k int) []float64 {
	c := make([]float64, m*n)
	for i := range m {
		for j := range n {
			for l := range k {
				c[i*n+j] += a[i*k+l] * b[l*n+j]
			}
		}
	}
	return c
}

func gemmCase(r *rand.Rand) goodCase {
	const m, n, k = 21, 37, 43
	a, va := floats("f16", random(r, m*k, 1))
	b, vb := floats("f16", random(r, k*n, 1))
	return goodCase{"gemm", "gemm", launch.Buffers, [3]int{3 * 128, 2, 1}, [3]int{128, 1, 1}, []launch.Param{in("a", "f16"), in("b", "f16"), out("c", "f32"), scalar("size")},
		[]Arg{{Bytes: a}, {Bytes: b}, {Bytes: make([]byte, 4*m*n)}, {Bytes: words(m, n, k, 0)}}, 2, matmul(va, vb, m, n, k), 1e-5}
}

func tiledCase(r *rand.Rand) goodCase {
	const m, n, k = 11, 19, 13
	a, va := floats("f32", random(r, m*k, 1))
	b, vb := floats("f32", random(r, k*n, 1))
	params := []launch.Param{in("A", "f32"), in("B", "f32"), out("C", "f32")}
	for i := range params {
		params[i].Rank = 2
	}
	return goodCase{"tiled", "tiled", launch.Tensors, [3]int{24, 16, 1}, [3]int{8, 8, 1}, params,
		[]Arg{{a, []int{m, k}}, {b, []int{k, n}}, {make([]byte, 4*m*n), []int{m, n}}}, 2, matmul(va, vb, m, n, k), 1e-5}
}

func gemvCase(r *rand.Rand) goodCase {
	const rows, cols = 7, 224
	codes := make([]byte, rows*cols/2)
	for i := range codes {
		codes[i] = byte(r.Uint32())
	}
	scales, vs := floats("f16", random(r, rows*cols/32, 0.1))
	zeros, vz := floats("f16", random(r, rows*cols/32, 4))
	x, vx := floats("f16", random(r, cols, 1))
	want := make([]float64, rows)
	for i := range rows {
		for j := range cols {
			code := float64(codes[(i*cols+j)/2] >> (4 * (j % 2)) & 15)
			g := i*cols/32 + j/32
			want[i] += (code - vz[g]) * vs[g] * vx[j]
		}
	}
	return goodCase{"w4_gemv", "w4_gemv", launch.Buffers, [3]int{4 * 64, 1, 1}, [3]int{64, 1, 1},
		[]launch.Param{in("codes", "u8"), in("scales", "f16"), in("zeros", "f16"), in("x", "f16"), out("y", "f16"), scalar("size")},
		[]Arg{{Bytes: codes}, {Bytes: scales}, {Bytes: zeros}, {Bytes: x}, {Bytes: make([]byte, 2*rows)}, {Bytes: words(rows, cols)}}, 4, want, 2e-3}
}

func (c goodCase) dispatch() Dispatch {
	d := Dispatch{Launch: launch.Kernel{Function: c.function, ABI: c.abi, Threadgroup: c.group, Params: c.params}, Threads: c.threads}
	for _, a := range c.args {
		d.Args = append(d.Args, Arg{append([]byte{}, a.Bytes...), a.Extents})
	}
	return d
}

func goodProgram(t testing.TB) *Program {
	t.Helper()
	text, err := os.ReadFile("testdata/good/kernels.metal")
	if err != nil {
		t.Fatal(err)
	}
	p, err := Compile(context.Background(), tools(t), Source{"kernels.metal", string(text)})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestGood runs kernels that are right: nothing to report in any order, the same bytes in all of them, and the numbers that Go computes.
func TestGood(t *testing.T) {
	p := goodProgram(t)
	r := rand.New(rand.NewPCG(1, 2))
	for _, c := range []goodCase{siluCase(r), silu4Case(r), softmaxCase(r), gemmCase(r), tiledCase(r), gemvCase(r)} {
		t.Run(c.name, func(t *testing.T) {
			var first []byte
			for _, o := range modes {
				d := c.dispatch()
				report, err := p.Run(context.Background(), d, o)
				if err != nil {
					t.Fatal(err)
				}
				for _, found := range report.Diagnostics {
					t.Errorf("%s: %s", o.name(), found)
				}
				have := d.Args[c.out].Bytes
				if first == nil {
					first = have
				} else if string(first) != string(have) {
					t.Errorf("%s: the result is another one than in forward order", o.name())
				}
				c.compare(t, o, have)
			}
		})
	}
}

func (c goodCase) compare(t *testing.T, o Options, have []byte) {
	t.Helper()
	dtype := c.params[c.out].DType
	most := 0.0
	for _, w := range c.want {
		most = max(most, math.Abs(w))
	}
	for i, w := range c.want {
		h := float64(checktest.Float(have[i*launch.ElementBytes(dtype):], dtype))
		if !(math.Abs(h-w) <= c.within*most) {
			t.Fatalf("%s: element %d is %g, expected %g within %g", o.name(), i, h, w, c.within*most)
		}
	}
}

func BenchmarkSilu(b *testing.B) {
	p := goodProgram(b)
	const n = 1 << 20
	for _, o := range []Options{{}, {Checked: true}} {
		b.Run(o.name(), func(b *testing.B) {
			x, _ := floats("f32", random(rand.New(rand.NewPCG(1, 2)), n, 1))
			c := siluCase(rand.New(rand.NewPCG(1, 2)))
			c.threads = [3]int{n, 1, 1}
			c.group = [3]int{256, 1, 1}
			c.args = []Arg{{Bytes: x}, {Bytes: make([]byte, 4*n)}, {Bytes: words(n)}}
			d := c.dispatch()
			for b.Loop() {
				if _, err := p.Run(context.Background(), d, o); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mthreads/s")
		})
	}
}

func BenchmarkSoftmax(b *testing.B) {
	p := goodProgram(b)
	const rows, cols = 1024, 1024
	for _, o := range []Options{{}, {Checked: true}} {
		b.Run(o.name(), func(b *testing.B) {
			x, _ := floats("f16", random(rand.New(rand.NewPCG(1, 2)), rows*cols, 1))
			c := softmaxCase(rand.New(rand.NewPCG(1, 2)))
			c.threads = [3]int{256 * rows, 1, 1}
			c.args = []Arg{{Bytes: x}, {Bytes: make([]byte, 2*rows*cols)}, {Bytes: words(cols)}}
			d := c.dispatch()
			for b.Loop() {
				if _, err := p.Run(context.Background(), d, o); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(256*rows)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mthreads/s")
		})
	}
}
