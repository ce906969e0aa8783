package native

import (
	"context"
	"fmt"
	"runtime"
	"time"
	"unsafe"

	"github.com/aiopt/aiopt/backend/cpu/memory"
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Peaks are what a machine reaches at most, on all threads together.
type Peaks struct {
	MulAdds float64 // f32 multiply-adds a second, in registers
	Read    float64 // bytes read from memory a second
}

// What the peaks are measured with.
const (
	peakRounds = 64
	peakAdds   = 1 << 15 // multiply-adds of each accumulator in a round
	peakBytes  = 128 << 20
	peakRuns   = 7 // the best counts
)

// Peaks runs kernels that do nothing but multiply and add, and nothing but read, for some 0.2 s. It takes 128 MiB.
func (b Backend) Peaks(ctx context.Context, threads int) (Peaks, error) {
	c, err := newCompiler(b)
	if err != nil {
		return Peaks{}, err
	}
	adds, accumulators, err := mulAddPeak(c.machine.Lanes, c.machine.Registers)
	if err != nil {
		return Peaks{}, err
	}
	read, chunks, err := readPeak(c.machine.Lanes)
	if err != nil {
		return Peaks{}, err
	}
	code, err := c.compile(ctx, "peaks", []*kernel.Kernel{adds, read})
	if err != nil {
		return Peaks{}, err
	}
	defer code.close()
	for i, f := range code.functions {
		if f == nil {
			return Peaks{}, fmt.Errorf("the kernel %d of the peaks was not compiled: %w", i, code.refused[i])
		}
	}
	region, err := memory.NewRegion(peakBytes + 1<<20)
	if err != nil {
		return Peaks{}, err
	}
	defer region.Free()
	for i := 0; i < len(region.Data); i += 4096 { // pages that were never written are all one page of zeros
		region.Data[i] = 1
	}
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	p := newPool(threads)
	defer p.close()
	words := []uint64{uint64(region.Addr()), uint64(region.Addr() + peakBytes)}
	best := func(f *function, rounds int64) float64 {
		seconds := 0.0
		parts := min(int64(p.size()), rounds)
		for run := range peakRuns {
			begin := time.Now()
			p.each(int(parts), func(i int) {
				k := int64(i)
				f.call(uintptr(unsafe.Pointer(&words[0])), 0, rounds*k/parts, rounds*(k+1)/parts)
			})
			if s := time.Since(begin).Seconds(); run == 0 || s < seconds {
				seconds = s
			}
		}
		return seconds
	}
	work := float64(peakRounds) * peakAdds * float64(accumulators) * float64(c.machine.Lanes)
	peaks := Peaks{MulAdds: work / best(code.functions[0], peakRounds), Read: peakBytes / best(code.functions[1], chunks)}
	runtime.KeepAlive(words)
	return peaks, nil
}

// mulAddPeak is a kernel with as many independent sums as registers allow.
func mulAddPeak(lanes, registers int) (*kernel.Kernel, int, error) {
	count := registers - 4
	b := kernel.NewBuilder("adds")
	x := b.Input("x", host.F32, ir.Const(int64(2*lanes)))
	y := b.Output("y", host.F32, ir.Const(int64(peakRounds*lanes)))
	b.For(kernel.Parallel, "i", ir.Const(peakRounds), 1, func(i ir.Dim) {
		factor, term := b.Load(x, ir.Const(0), lanes), b.Load(x, ir.Const(int64(lanes)), lanes)
		init := make([]*kernel.Value, count)
		for k := range init {
			init[k] = b.Float(factor.Type, float64(k))
		}
		sums := b.Loop(kernel.Serial, "k", ir.Const(peakAdds), 1, init, func(_ ir.Dim, acc []*kernel.Value) []*kernel.Value {
			next := make([]*kernel.Value, len(acc))
			for k, a := range acc {
				next[k] = b.Op(kernel.MulAdd, a, factor, term)
			}
			return next
		})
		all := sums[0]
		for _, s := range sums[1:] {
			all = b.Op(kernel.Add, all, s)
		}
		b.Store(y, i.Mul(ir.Const(int64(lanes))), all)
	})
	k, err := b.Build()
	return k, count, err
}

// readPeak is a kernel that adds up all of a buffer, in chunks.
func readPeak(lanes int) (*kernel.Kernel, int64, error) {
	const side, chunk = 8, 1 << 16 // vectors at a time, f32 in a chunk
	total := int64(peakBytes / 4)
	b := kernel.NewBuilder("read")
	x := b.Input("x", host.F32, ir.Const(total))
	y := b.Output("y", host.F32, ir.Const(total/chunk*int64(lanes)))
	b.For(kernel.Parallel, "i", ir.Const(total/chunk), 1, func(i ir.Dim) {
		init := make([]*kernel.Value, side)
		for k := range init {
			init[k] = b.Float(kernel.Type{Elem: host.F32, Lanes: lanes}, 0)
		}
		sums := b.Loop(kernel.Serial, "k", ir.Const(chunk), int64(side*lanes), init, func(at ir.Dim, acc []*kernel.Value) []*kernel.Value {
			next := make([]*kernel.Value, len(acc))
			for k, a := range acc {
				next[k] = b.Op(kernel.Add, a, b.Load(x, i.Mul(ir.Const(chunk)).Add(at).Add(ir.Const(int64(k*lanes))), lanes))
			}
			return next
		})
		all := sums[0]
		for _, s := range sums[1:] {
			all = b.Op(kernel.Add, all, s)
		}
		b.Store(y, i.Mul(ir.Const(int64(lanes))), all)
	})
	k, err := b.Build()
	return k, total / chunk, err
}
