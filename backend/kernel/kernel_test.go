package kernel_test

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/x448/float16"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

func c(n int64) ir.Dim { return ir.Const(n) }

func f32(lanes int) kernel.Type { return kernel.Type{Elem: host.F32, Lanes: lanes} }

func floats(x ...float32) []byte {
	var b []byte
	for _, v := range x {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

func numbers(b []byte) []float32 {
	x := make([]float32, len(b)/4)
	for i := range x {
		x[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return x
}

// rowSums adds up the rows of a matrix [M, N], four lanes at a time.
func rowSums(t *testing.T) *kernel.Kernel {
	t.Helper()
	b := kernel.NewBuilder("row_sums")
	m := b.Size(&ir.DimDecl{Name: "M", Min: 0, Max: ir.Unbounded})
	n := b.Size(&ir.DimDecl{Name: "N", Min: 0, Max: ir.Unbounded})
	x, y := b.Input("x", host.F32, m.Mul(n)), b.Output("y", host.F32, m)
	b.For(kernel.Parallel, "row", m, 1, func(row ir.Dim) {
		sum := b.Loop(kernel.Serial, "k", n, 4, []*kernel.Value{b.Float(f32(4), 0)}, func(k ir.Dim, acc []*kernel.Value) []*kernel.Value {
			v := b.LoadLanes(x, row.Mul(n).Add(k), c(1), 4, b.Tail(4, k, n))
			return []*kernel.Value{b.Op(kernel.Add, acc[0], v)}
		})
		b.Store(y, row, b.Op(kernel.Sum, sum[0]))
	})
	k, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestPrint(t *testing.T) {
	want := `kernel row_sums {
  size M in 0..
  size N in 0..
  global read x: f32[M*N]
  global write y: f32[M]
  parallel row < M step 1 {
    %0 = const 0.0 : f32x4
    %2 = serial k < N step 4 carry %1 = %0 {
      %3 = within k in 0..N-1 : boolx4
      %4 = load x[N*row+k] where %3 : f32x4
      %5 = add %1, %4 : f32x4
      next %5
    }
    %6 = sum %2 : f32
    store y[row] = %6
  }
}
`
	if diff := cmp.Diff(want, kernel.Print(rowSums(t))); diff != "" {
		t.Error(diff)
	}
}

func TestRun(t *testing.T) {
	k := rowSums(t)
	for _, shape := range [][2]int{{0, 0}, {1, 0}, {2, 1}, {3, 4}, {2, 7}} {
		x, y, want := make([]float32, shape[0]*shape[1]), make([]byte, 4*shape[0]), make([]float32, shape[0])
		for i := range x {
			x[i] = float32(i)
			want[i/shape[1]] += x[i]
		}
		err := kernel.Run(k, kernel.Call{Sizes: map[string]int64{"M": int64(shape[0]), "N": int64(shape[1])}, Buffers: [][]byte{floats(x...), y}})
		if err != nil || !slices.Equal(numbers(y), want) {
			t.Errorf("%v: %v, %v, want %v", shape, numbers(y), err, want)
		}
	}
}

// TestRunReports holds what Run tells of kernels and calls that a machine would let pass.
func TestRunReports(t *testing.T) {
	n := kernel.Type{Elem: host.I32, Lanes: 1}
	for _, tt := range []struct {
		name string
		make func(b *kernel.Builder, x, y *kernel.Buffer)
		want string
	}{
		{"division", func(b *kernel.Builder, x, y *kernel.Buffer) {
			v := b.Cast(b.Load(x, c(0), 1), host.I32)
			b.Store(y, c(0), b.Cast(b.Op(kernel.Div, b.Int(n, 1), v), host.F32))
		}, "integer division by zero"},
		{"shift", func(b *kernel.Builder, x, y *kernel.Buffer) {
			v := b.Cast(b.Load(x, c(1), 1), host.I32)
			b.Store(y, c(0), b.Cast(b.Op(kernel.ShiftLeft, v, b.Int(n, 32)), host.F32))
		}, "a shift of i32 by 32"},
		{"unwritten", func(b *kernel.Builder, x, y *kernel.Buffer) {
			s := b.Buffer("s", host.F32, c(2), kernel.Private, 0)
			b.Store(s, c(1), b.Load(x, c(0), 1))
			b.Store(y, c(0), b.Load(s, c(0), 1))
		}, "read before it is written"},
		{"scratch of other rounds", func(b *kernel.Builder, x, y *kernel.Buffer) {
			s := b.Buffer("s", host.F32, c(1), kernel.Private, 0)
			b.Store(s, c(0), b.Load(x, c(0), 1))
			b.For(kernel.Parallel, "i", c(2), 1, func(i ir.Dim) {
				b.Store(y, i, b.Load(s, c(0), 1))
				b.Store(s, c(0), b.Load(x, i, 1))
			})
		}, "was written before the parallel loop, and another round has written it since"},
		{"written twice", func(b *kernel.Builder, x, y *kernel.Buffer) {
			y.Once = true
			for range 2 {
				b.Store(y, c(0), b.Load(x, c(0), 1))
			}
		}, "element 0 of buffer y is written again, expected once"},
		{"not written", func(b *kernel.Builder, x, y *kernel.Buffer) {
			y.Once = true
			b.Store(y, c(0), b.Load(x, c(0), 1))
		}, "element 1 of buffer y is not written, expected once"},
		{"read though only to be written", func(b *kernel.Builder, x, y *kernel.Buffer) {
			y.Once, y.Access = true, kernel.Read|kernel.Write
			b.Store(y, c(0), b.Load(y, c(0), 1))
		}, "buffer y is to be written only, and is read"},
		{"race", func(b *kernel.Builder, x, y *kernel.Buffer) {
			b.For(kernel.Parallel, "i", c(2), 1, func(i ir.Dim) { b.Store(y, c(0), b.Load(x, i, 1)) })
		}, "written by two rounds"},
		{"barrier", func(b *kernel.Builder, x, y *kernel.Buffer) {
			b.For(kernel.Thread, "i", c(2), 1, func(i ir.Dim) {
				b.Store(y, c(0), b.Splat(b.Op(kernel.GroupShuffle, b.Load(x, i, 1), b.Int(n, 5)), 1))
			})
		}, "thread 5 is outside the SIMD group of 2"},
	} {
		b := kernel.NewBuilder("k")
		tt.make(b, b.Input("x", host.F32, c(2)), b.Output("y", host.F32, c(2)))
		k, err := b.Build()
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		err = kernel.Run(k, kernel.Call{Buffers: [][]byte{floats(0, 1), floats(0, 0)}})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

// TestRunBefore fills scratch before the parallel loop, for every round.
func TestRunBefore(t *testing.T) {
	b := kernel.NewBuilder("k")
	x, y := b.Input("x", host.F32, c(2)), b.Output("y", host.F32, c(2))
	s := b.Buffer("s", host.F32, c(2), kernel.Private, 0)
	b.Store(s, c(0), b.Load(x, c(1), 1))
	b.For(kernel.Parallel, "i", c(2), 1, func(i ir.Dim) {
		b.Store(s, c(1), b.Load(x, i, 1))
		b.Store(y, i, b.Op(kernel.Add, b.Load(s, c(0), 1), b.Load(s, c(1), 1)))
	})
	k, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	out := make([]byte, 8)
	if err := kernel.Run(k, kernel.Call{Buffers: [][]byte{floats(3, 5), out}}); err != nil {
		t.Fatal(err)
	}
	if got := numbers(out); !slices.Equal(got, []float32{8, 10}) {
		t.Errorf("got %v", got)
	}
}

// TestThreads sums by a tree in shared memory, with a barrier a step.
func TestThreads(t *testing.T) {
	b := kernel.NewBuilder("tree")
	x, y := b.Input("x", host.F32, c(16)), b.Output("y", host.F32, c(2))
	s := b.Buffer("s", host.F32, c(8), kernel.Shared, 0)
	b.For(kernel.Grid, "g", c(2), 1, func(g ir.Dim) {
		b.For(kernel.Thread, "i", c(8), 1, func(i ir.Dim) {
			b.Store(s, i, b.Load(x, g.Mul(c(8)).Add(i), 1))
			b.Barrier()
			for _, half := range []int64{4, 2, 1} {
				b.If(ir.Cond{Left: i, Rel: ir.RelLT, Right: c(half)}, func() {
					b.Store(s, i, b.Op(kernel.Add, b.Load(s, i, 1), b.Load(s, i.Add(c(half)), 1)))
				})
				b.Barrier()
			}
			b.If(ir.Cond{Left: i, Rel: ir.RelEQ, Right: c(0)}, func() { b.Store(y, g, b.Load(s, c(0), 1)) })
		})
	})
	k, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	in, out := make([]float32, 16), make([]byte, 8)
	for i := range in {
		in[i] = float32(i)
	}
	if err := kernel.Run(k, kernel.Call{Buffers: [][]byte{floats(in...), out}}); err != nil {
		t.Fatal(err)
	}
	if got := numbers(out); !slices.Equal(got, []float32{28, 92}) {
		t.Errorf("got %v", got)
	}
}

// TestBind gathers by loaded indices: those outside are clamped, and the status tells.
func TestBind(t *testing.T) {
	b := kernel.NewBuilder("gather")
	x, ids := b.Input("x", host.F32, c(3)), b.Input("ids", host.I64, c(2))
	y, status := b.Output("y", host.F32, c(2)), b.Output("status", host.I32, c(1))
	b.For(kernel.Serial, "i", c(2), 1, func(i ir.Dim) {
		at := b.Bind(b.Load(ids, i, 1), "at", c(0), c(2), status)
		b.Store(y, i, b.Load(x, at, 1))
	})
	k, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		ids  []int64
		want []float32
		told byte
	}{{[]int64{2, 0}, []float32{7, 5}, 0}, {[]int64{-1, 3}, []float32{5, 7}, 1}} {
		var raw []byte
		for _, n := range tt.ids {
			raw = binary.LittleEndian.AppendUint64(raw, uint64(n))
		}
		out, told := make([]byte, 8), make([]byte, 4)
		if err := kernel.Run(k, kernel.Call{Buffers: [][]byte{floats(5, 6, 7), raw, out, told}}); err != nil {
			t.Fatal(err)
		}
		if got := numbers(out); !slices.Equal(got, tt.want) || told[0] != tt.told {
			t.Errorf("%v: %v, status %d, want %v, %d", tt.ids, got, told[0], tt.want, tt.told)
		}
	}
}

// TestTiles multiplies matrices of halves, one of them transposed, a tile of the result for each SIMD group, and finds the least of a lane.
func TestTiles(t *testing.T) {
	b := kernel.NewBuilder("tiles")
	x, z, y := b.Input("x", host.F16, c(8*16)), b.Input("z", host.F16, c(16*16)), b.Output("y", host.F32, c(8*16))
	least := b.Output("least", host.F32, c(2))
	y.Once = true
	b.For(kernel.Thread, "t", c(64), 1, func(i ir.Dim) {
		simd := i.FloorDiv(c(32))
		sum := b.Loop(kernel.Serial, "k", c(16), 8, []*kernel.Value{b.Tile(1)}, func(k ir.Dim, acc []*kernel.Value) []*kernel.Value {
			v, w := b.TileLoad(x, k, c(16)), b.TileLoadTransposed(z, simd.Mul(c(128)).Add(k), c(16))
			return []*kernel.Value{b.Op(kernel.TileMulAdd, v, w, acc[0])}
		})
		b.TileStore(y, simd.Mul(c(8)), c(16), sum[0])
		n := b.Op(kernel.GroupMin, b.Cast(b.Index(host.I32, i), host.F32))
		b.If(ir.Cond{Left: i.Mod(c(32)), Rel: ir.RelEQ, Right: c(0)}, func() { b.Store(least, simd, n) })
	})
	k, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	halves := func(n int) ([]byte, []float32) {
		var raw []byte
		var list []float32
		for i := range n {
			v := float16.Fromfloat32(float32(i%7) - 3)
			raw, list = binary.LittleEndian.AppendUint16(raw, v.Bits()), append(list, v.Float32())
		}
		return raw, list
	}
	xs, xv := halves(8 * 16)
	zs, zv := halves(16 * 16)
	want := make([]float32, 8*16)
	for i := range want {
		want[i] = 1
		for k := range 16 {
			want[i] += xv[i/16*16+k] * zv[i%16*16+k]
		}
	}
	out, mins := make([]byte, 4*8*16), make([]byte, 8)
	if err := kernel.Run(k, kernel.Call{Buffers: [][]byte{xs, zs, out, mins}}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, numbers(out)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]float32{0, 32}, numbers(mins)); diff != "" {
		t.Error(diff)
	}
}
