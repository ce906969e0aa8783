package msl_test

import (
	"testing"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/backend/metal/metaltest"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// TestFloorOfNegatives has conditions on quotients of numbers below 0: what holds for some threads must stay in the text.
func TestFloorOfNegatives(t *testing.T) {
	var jobs []metaltest.Job
	for _, tt := range []struct {
		name string
		of   func(low, n ir.Dim) ir.Dim // of a number in -5..-2: -2 or -1
	}{
		{"by a number", func(low, _ ir.Dim) ir.Dim { return low.FloorDiv(c(4)) }},
		{"by a size", func(low, n ir.Dim) ir.Dim { return low.FloorDiv(n) }},
	} {
		b := kernel.NewBuilder("floors")
		n := b.Size(&ir.DimDecl{Name: "N", Min: 5, Max: 8})
		m := b.Size(&ir.DimDecl{Name: "M", Min: 0, Max: 1})
		y := b.Output("y", host.I32, c(4))
		one := kernel.Type{Elem: host.I32, Lanes: 1}
		b.For(kernel.Grid, "i", c(4), 1, func(i ir.Dim) {
			b.Store(y, i, b.Int(one, 7))
			low := b.Bind(b.Index(host.I32, i.Sub(c(5))), "low", c(-5), c(-2), nil)
			b.If(ir.Cond{Left: tt.of(low, n), Rel: ir.RelGE, Right: m.Neg()}, func() { b.Store(y, i, b.Int(one, 9)) })
		})
		k, err := b.Build()
		if err != nil {
			t.Fatal(err)
		}
		call := kernel.Call{Sizes: map[string]int64{"N": 5, "M": 1}, Buffers: [][]byte{make([]byte, 16)}}
		jobs = append(jobs, held(t, tt.name, k, call, nil, 0))
	}
	metaltest.HoldAs(t, launch.Buffers, jobs)
}
