//go:build unix

package native

import (
	"encoding/binary"
	"testing"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// TestUnrolledRoundsBindAnew reads at an index that each round of a loop that is written out binds to another number, with and without
// a place for mistakes, and around another loop.
func TestUnrolledRoundsBindAnew(t *testing.T) {
	one, n := ir.Const(1), ir.Const(8)
	f32 := kernel.Type{Elem: host.F32, Lanes: 1}
	build := func(told, looped bool) check {
		b := kernel.NewBuilder("unrolled")
		rows := b.Size(&ir.DimDecl{Name: "M", Min: 1, Max: ir.Unbounded})
		x := b.Input("x", host.F32, rows.Mul(n))
		places := b.Input("places", host.I32, ir.Const(6))
		y, sums := b.Output("y", host.F32, ir.Const(6)), b.Output("sums", host.F32, one)
		status := b.Output("status", host.I32, one)
		if !told {
			status = nil
		}
		sum := b.Loop(kernel.Unroll, "i", ir.Const(6), 2, []*kernel.Value{b.Float(f32, 0)}, func(i ir.Dim, acc []*kernel.Value) []*kernel.Value {
			at := b.Bind(b.Load(places, i, 1), "at", ir.Const(0), rows.Mul(n).Sub(one), status)
			v := b.Op(kernel.Add, b.Load(x, at, 1), b.Load(x, at.FloorDiv(ir.Const(3)), 1))
			if looped {
				v = b.Loop(kernel.Serial, "j", rows, 1, []*kernel.Value{v}, func(j ir.Dim, v []*kernel.Value) []*kernel.Value {
					return []*kernel.Value{b.Op(kernel.Add, v[0], b.Load(x, j.Mul(n).Add(i), 1))}
				})[0]
			}
			b.Store(y, i.Add(one), v)
			return []*kernel.Value{b.Op(kernel.Add, acc[0], v)}
		})
		b.Store(sums, ir.Const(0), sum[0])
		k, err := b.Build()
		if err != nil {
			t.Fatal(err)
		}
		data := make([]byte, 0, 64*3)
		for i := range 3 * 8 {
			data, _ = binary.Append(data, binary.LittleEndian, float32(i*i))
		}
		at, _ := binary.Append(nil, binary.LittleEndian, []int32{5, 0, 23, 0, 11, 0})
		return check{kernel: k, call: kernel.Call{Sizes: map[string]int64{"M": 3}, Buffers: [][]byte{data, at, make([]byte, 24), make([]byte, 4), make([]byte, 4)}}}
	}
	holdAll(t, []check{build(false, false), build(true, false), build(false, true), build(true, true)})
}
