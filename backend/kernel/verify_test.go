package kernel_test

import (
	"strings"
	"testing"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// TestVerify holds what is refused, and with what words; an empty want is a kernel that is fine.
func TestVerify(t *testing.T) {
	size := ir.Sym("N")
	for _, tt := range []struct {
		name string
		make func(b *kernel.Builder, x, y *kernel.Buffer) // x and y have N elements
		want string
	}{
		{"vectors of a multiple", func(b *kernel.Builder, x, y *kernel.Buffer) {
			b.For(kernel.Parallel, "i", size.FloorDiv(c(4)).Mul(c(4)), 4, func(i ir.Dim) { b.Store(y, i, b.Load(x, i, 4)) })
		}, ""},
		{"vectors past the end", func(b *kernel.Builder, x, y *kernel.Buffer) {
			b.For(kernel.Parallel, "i", size, 4, func(i ir.Dim) { b.Store(y, i, b.Load(x, i, 4)) })
		}, "`%0 = load x[i] : f32x4`: the index is not proven to keep i+lane < N"},
		{"guarded vectors", func(b *kernel.Builder, x, y *kernel.Buffer) {
			b.For(kernel.Parallel, "i", size, 4, func(i ir.Dim) {
				b.If(ir.Cond{Left: i.Add(c(4)), Rel: ir.RelLE, Right: size}, func() { b.Store(y, i, b.Load(x, i, 4)) })
			})
		}, ""},
		{"before the start", func(b *kernel.Builder, x, y *kernel.Buffer) {
			b.For(kernel.Parallel, "i", size, 1, func(i ir.Dim) { b.Store(y, i, b.Load(x, i.Sub(c(1)), 1)) })
		}, "keep 0 <= i-1"},
		{"shifted by a mask", func(b *kernel.Builder, x, y *kernel.Buffer) {
			b.For(kernel.Parallel, "i", size, 1, func(i ir.Dim) {
				b.Store(y, i, b.LoadLanes(x, i.Sub(c(1)), c(1), 1, b.Within(1, i, c(0), c(1), size)))
			})
		}, ""},
		{"a mask of something else", func(b *kernel.Builder, x, y *kernel.Buffer) {
			b.For(kernel.Parallel, "i", size, 4, func(i ir.Dim) {
				v := b.LoadLanes(x, i, c(1), 4, b.Tail(4, i, size))
				b.StoreLanes(y, i, c(1), v, b.Op(kernel.Less, v, v))
			})
		}, "i+lane < N"},
		{"a mask among others", func(b *kernel.Builder, x, y *kernel.Buffer) {
			b.For(kernel.Parallel, "i", size, 4, func(i ir.Dim) {
				tail := b.Tail(4, i, size)
				v := b.LoadLanes(x, i, c(1), 4, tail)
				b.StoreLanes(y, i, c(1), v, b.Op(kernel.And, b.Op(kernel.Less, v, v), tail))
			})
		}, ""},
		{"a mask of one lane for all", func(b *kernel.Builder, x, y *kernel.Buffer) {
			b.For(kernel.Parallel, "i", size, 1, func(i ir.Dim) {
				b.StoreLanes(y, i, c(1), b.Float(f32(8), 0), b.Splat(b.Within(1, i, c(1), c(0), size.Sub(c(1))), 8))
			})
		}, "the index is not proven to keep i+lane < N"},
		{"a mask of one lane for all among others", func(b *kernel.Builder, x, y *kernel.Buffer) {
			b.For(kernel.Parallel, "i", size, 1, func(i ir.Dim) {
				v := b.Float(f32(8), 0)
				b.StoreLanes(y, i, c(1), v, b.Op(kernel.And, b.Op(kernel.Less, v, v), b.Splat(b.Within(1, i, c(1), c(0), size.Sub(c(1))), 8)))
			})
		}, "the index is not proven to keep i+lane < N"},
		{"a mask of one lane with room for all", func(b *kernel.Builder, x, y *kernel.Buffer) {
			b.For(kernel.Parallel, "i", size, 1, func(i ir.Dim) {
				b.StoreLanes(y, i, c(1), b.Float(f32(8), 0), b.Splat(b.Within(1, i, c(1), c(0), size.Sub(c(8))), 8))
			})
		}, ""},
		{"reversed", func(b *kernel.Builder, x, y *kernel.Buffer) {
			b.For(kernel.Parallel, "i", size.FloorDiv(c(4)).Mul(c(4)), 4, func(i ir.Dim) {
				b.Store(y, i, b.LoadLanes(x, size.Sub(c(1)).Sub(i), c(-1), 4, nil))
			})
		}, ""},
		{"write to an input", func(b *kernel.Builder, x, y *kernel.Buffer) {
			b.For(kernel.Serial, "i", size, 1, func(i ir.Dim) { b.Store(x, i, b.Load(x, i, 1)) })
		}, "buffer x is declared read, this needs write"},
		{"types", func(b *kernel.Builder, x, y *kernel.Buffer) {
			b.Op(kernel.Add, b.Float(f32(4), 1), b.Float(f32(8), 1))
		}, "add: argument 1 is f32x8, expected f32x4 as argument 0"},
		{"a parallel loop inside", func(b *kernel.Builder, x, y *kernel.Buffer) {
			b.For(kernel.Serial, "i", size, 1, func(ir.Dim) { b.For(kernel.Parallel, "j", size, 1, func(ir.Dim) {}) })
		}, "only the outermost one may be parallel"},
		{"two parallel loops", func(b *kernel.Builder, x, y *kernel.Buffer) {
			b.For(kernel.Parallel, "i", size, 1, func(i ir.Dim) { b.Store(y, i, b.Load(x, i, 1)) })
			b.For(kernel.Parallel, "j", size, 1, func(ir.Dim) {})
		}, "stands beside another parallel loop: a kernel has one at most"},
		{"a loop after the parallel one", func(b *kernel.Builder, x, y *kernel.Buffer) {
			b.For(kernel.Parallel, "i", size, 1, func(ir.Dim) {})
			b.For(kernel.Serial, "j", size, 1, func(j ir.Dim) { b.Store(y, j, b.Load(x, j, 1)) })
		}, "stands after the parallel loop"},
		{"a store before the parallel loop", func(b *kernel.Builder, x, y *kernel.Buffer) {
			b.For(kernel.Serial, "j", size, 1, func(j ir.Dim) { b.Store(y, j, b.Load(x, j, 1)) })
			b.For(kernel.Parallel, "i", size, 1, func(ir.Dim) {})
		}, "buffer y is written before the parallel loop"},
		{"a load before the parallel loop of what it writes", func(b *kernel.Builder, x, y *kernel.Buffer) {
			z := b.Buffer("z", host.F32, c(8), kernel.Global, kernel.Read|kernel.Write)
			v := b.Load(z, c(0), 1)
			b.For(kernel.Parallel, "i", c(8), 1, func(i ir.Dim) { b.Store(z, i, v) })
		}, "buffer z is written and read before the parallel loop"},
		{"scratch before the parallel loop", func(b *kernel.Builder, x, y *kernel.Buffer) {
			s := b.Buffer("s", host.F32, size, kernel.Private, 0)
			b.For(kernel.Serial, "j", size, 1, func(j ir.Dim) { b.Store(s, j, b.Load(x, j, 1)) })
			b.For(kernel.Parallel, "i", size, 1, func(i ir.Dim) { b.Store(y, i, b.Load(s, i, 1)) })
		}, ""},
		{"a parallel sum", func(b *kernel.Builder, x, y *kernel.Buffer) {
			b.Loop(kernel.Parallel, "i", size, 1, []*kernel.Value{b.Float(f32(1), 0)}, func(_ ir.Dim, v []*kernel.Value) []*kernel.Value { return v })
		}, "a parallel loop carries values"},
		{"a value of an inner loop", func(b *kernel.Builder, x, y *kernel.Buffer) {
			var v *kernel.Value
			b.For(kernel.Serial, "i", size, 1, func(i ir.Dim) { v = b.Load(x, i, 1) })
			b.For(kernel.Serial, "j", size, 1, func(j ir.Dim) { b.Store(y, j, v) })
		}, "%0 is not defined here"},
		{"a variable of an inner loop", func(b *kernel.Builder, x, y *kernel.Buffer) {
			var at ir.Dim
			b.For(kernel.Serial, "i", size, 1, func(i ir.Dim) { at = i })
			b.Index(host.I64, at)
		}, "i is not defined here"},
		{"a barrier that not all meet", func(b *kernel.Builder, x, y *kernel.Buffer) {
			b.For(kernel.Thread, "i", c(8), 1, func(i ir.Dim) {
				b.If(ir.Cond{Left: i, Rel: ir.RelLT, Right: c(4)}, b.Barrier)
			})
		}, "threads of a group may not all come here"},
		{"a barrier in a uniform branch", func(b *kernel.Builder, x, y *kernel.Buffer) {
			b.For(kernel.Thread, "i", c(8), 1, func(i ir.Dim) {
				b.If(ir.Cond{Left: size, Rel: ir.RelLT, Right: c(4)}, b.Barrier)
			})
		}, ""},
		{"a barrier behind a number of the thread", func(b *kernel.Builder, x, y *kernel.Buffer) {
			b.For(kernel.Thread, "i", c(8), 1, func(i ir.Dim) {
				n := b.Bind(b.Index(host.I32, i), "n", c(0), c(8), nil)
				b.If(ir.Cond{Left: n, Rel: ir.RelLT, Right: c(4)}, b.Barrier)
			})
		}, "threads of a group may not all come here"},
		{"a barrier behind what the thread loads", func(b *kernel.Builder, x, y *kernel.Buffer) {
			b.For(kernel.Thread, "i", c(8), 1, func(i ir.Dim) {
				b.If(ir.Cond{Left: c(0), Rel: ir.RelLT, Right: size}, func() {
					n := b.Bind(b.Cast(b.Load(x, c(0), 1), host.I32), "n", c(0), c(8), nil)
					b.If(ir.Cond{Left: n, Rel: ir.RelLT, Right: c(4)}, b.Barrier)
				})
			})
		}, "threads of a group may not all come here"},
		{"a barrier behind a named number of the group", func(b *kernel.Builder, x, y *kernel.Buffer) {
			b.For(kernel.Thread, "i", c(8), 1, func(i ir.Dim) {
				n := b.Bind(b.Index(host.I32, size), "n", c(0), c(8), nil)
				b.If(ir.Cond{Left: n, Rel: ir.RelLT, Right: c(4)}, b.Barrier)
			})
		}, ""},
		{"a barrier behind a number of the group", func(b *kernel.Builder, x, y *kernel.Buffer) {
			n := b.Bind(b.Int(kernel.Type{Elem: host.I32, Lanes: 1}, 7), "n", c(0), c(8), nil)
			b.For(kernel.Thread, "i", c(8), 1, func(i ir.Dim) {
				b.If(ir.Cond{Left: n, Rel: ir.RelLT, Right: c(4)}, b.Barrier)
			})
		}, ""},
		{"tiles of SIMD groups", func(b *kernel.Builder, x, y *kernel.Buffer) {
			s := b.Buffer("s", host.F16, c(256), kernel.Shared, 0)
			b.For(kernel.Thread, "i", c(128), 1, func(i ir.Dim) {
				at := i.FloorDiv(c(32)).Mul(c(64))
				b.If(ir.Cond{Left: i.FloorDiv(c(64)), Rel: ir.RelLT, Right: c(1)}, func() {
					b.Op(kernel.TileMulAdd, b.TileLoad(s, at, c(8)), b.TileLoadTransposed(s, at, c(8)), b.Tile(0))
				})
			})
		}, ""},
		{"a tile past the end", func(b *kernel.Builder, x, y *kernel.Buffer) {
			b.For(kernel.Thread, "i", c(64), 1, func(i ir.Dim) {
				b.If(ir.Cond{Left: c(64), Rel: ir.RelLE, Right: size}, func() { b.TileLoad(x, i.FloorDiv(c(32)), c(8)) })
			})
		}, "< N"},
		{"a tile of a thread", func(b *kernel.Builder, x, y *kernel.Buffer) {
			b.For(kernel.Thread, "i", c(64), 1, func(i ir.Dim) {
				b.If(ir.Cond{Left: c(128), Rel: ir.RelLE, Right: size}, func() { b.TileLoad(x, i, c(8)) })
			})
		}, "the place may differ between threads of a SIMD group"},
		{"a tile that not all meet", func(b *kernel.Builder, x, y *kernel.Buffer) {
			b.For(kernel.Thread, "i", c(64), 1, func(i ir.Dim) {
				b.If(ir.Cond{Left: i, Rel: ir.RelLT, Right: c(16)}, func() { b.Op(kernel.TileMulAdd, b.Tile(1), b.Tile(2), b.Tile(3)) })
			})
		}, "threads of a SIMD group may not all come here"},
		{"a tile outside of threads", func(b *kernel.Builder, x, y *kernel.Buffer) {
			b.Op(kernel.TileMulAdd, b.Tile(1), b.Tile(2), b.Tile(3))
		}, "stands outside a thread loop"},
		{"a sum that is no f32", func(b *kernel.Builder, x, y *kernel.Buffer) {
			h := b.Buffer("h", host.F16, c(64), kernel.Global, kernel.Read)
			b.For(kernel.Thread, "i", c(32), 1, func(i ir.Dim) {
				v := b.TileLoad(h, c(0), c(8))
				b.Op(kernel.TileMulAdd, v, v, v)
			})
		}, "argument 2 is f16x64, expected f32x64"},
		{"an unbound unrolling", func(b *kernel.Builder, x, y *kernel.Buffer) {
			b.For(kernel.Unroll, "i", size, 1, func(ir.Dim) {})
		}, "the extent N of an unrolled loop is no constant"},
		{"an empty binding", func(b *kernel.Builder, x, y *kernel.Buffer) {
			b.Bind(b.Int(kernel.Type{Elem: host.I64, Lanes: 1}, 3), "at", c(0), size.Sub(c(1)), nil)
		}, "the range is not proven to keep 0 <= N-1"},
	} {
		b := kernel.NewBuilder("k")
		b.Size(&ir.DimDecl{Name: "N", Min: 0, Max: ir.Unbounded})
		tt.make(b, b.Input("x", host.F32, size), b.Output("y", host.F32, size))
		_, err := b.Build()
		if tt.want == "" && err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

// TestGuards holds that guards are of sizes: what one says of a loop's variable would prove what nobody checks.
func TestGuards(t *testing.T) {
	build := func(text string) (*kernel.Kernel, error) {
		g, err := ir.ParseGuard(text)
		if err != nil {
			t.Fatal(err)
		}
		b := kernel.NewBuilder("k")
		n := b.Size(&ir.DimDecl{Name: "N", Min: 0, Max: 99})
		x, y := b.Input("x", host.F32, c(4)), b.Output("y", host.F32, n)
		b.Guard(g)
		b.For(kernel.Serial, "i", n, 1, func(i ir.Dim) { b.Store(y, i, b.Load(x, i, 1)) })
		return b.Build()
	}
	for _, text := range []string{"i <= 3", "N <= 4 or i <= 3"} {
		if _, err := build(text); err == nil || !strings.Contains(err.Error(), "i is not defined here") {
			t.Errorf("%s: found the error %v, expected one of i", text, err)
		}
	}
	k, err := build("N <= 4")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		sizes map[string]int64
		want  string
	}{
		{map[string]int64{"N": 4}, ""},
		{map[string]int64{"N": 5}, "the sizes break the guard N <= 4"},
		{map[string]int64{"N": 100}, "size N is 100, expected"},
		{nil, "no size N is given"},
	} {
		err := k.Takes(func(name string) (int64, bool) { n, ok := tt.sizes[name]; return n, ok })
		if (err != nil) != (tt.want != "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v: found the error %v, expected one with %q", tt.sizes, err, tt.want)
		}
	}
	k.Sizes = nil
	if err := k.Takes(func(string) (int64, bool) { return 0, false }); err == nil || !strings.Contains(err.Error(), "no size is given for the guard N <= 4") {
		t.Errorf("found the error %v, expected one of the guard", err)
	}
}
