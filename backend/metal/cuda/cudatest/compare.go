package cudatest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/aiopt/aiopt/backend/metal/check"
	"github.com/aiopt/aiopt/backend/metal/check/checktest"
	"github.com/aiopt/aiopt/backend/metal/cuda"
	"github.com/aiopt/aiopt/backend/metal/launch"
)

// Outcome is how a case went.
type Outcome struct {
	Case  *Case
	Equal bool    // every byte is the right one
	Error float64 // the largest, as a part of the largest number
	Err   error   // it could not run, or the error is too large
}

// mostTime is for kernels that hang; none of the right ones takes a second.
const mostTime = 20 * time.Second

// Run runs every case on a device.
func (b *Bundle) Run(ctx context.Context, device *cuda.Device) []Outcome {
	programs := make([]*cuda.Program, len(b.Modules))
	failed := make([]error, len(b.Modules))
	for i, m := range b.Modules {
		programs[i], failed[i] = device.Load(m)
	}
	list := make([]Outcome, len(b.Cases))
	for i := range b.Cases {
		c := &b.Cases[i]
		list[i].Case = c
		if err := failed[c.Module]; err != nil {
			list[i].Err = err
			continue
		}
		d := b.Dispatch(c)
		within, cancel := context.WithTimeout(ctx, mostTime)
		list[i].Err = programs[c.Module].Run(within, d)
		cancel()
		if list[i].Err == nil {
			b.compare(&list[i], d)
		}
	}
	return list
}

// compare holds what a dispatch gave against what is wanted.
func (b *Bundle) compare(o *Outcome, d check.Dispatch) {
	o.Equal = true
	var errs []error
	for _, w := range o.Case.Want {
		p, have := d.Launch.Params[w.Param], d.Args[w.Param].Bytes
		want := b.data[w.At : w.At+len(have)]
		if bytes.Equal(have, want) {
			continue
		}
		o.Equal = false
		gap, err := w.compare(numbers(have, p.DType), numbers(want, p.DType))
		o.Error = max(o.Error, gap)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", p.Name, err))
		}
	}
	for _, e := range o.Case.Expected {
		if err := e.Compare(d.Args[e.Arg].Bytes); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", d.Launch.Params[e.Arg].Name, err))
		}
	}
	o.Err = errors.Join(errs...)
}

// compare gives the largest error, and the first number that is too far off.
func (w Want) compare(have, want []float64) (float64, error) {
	most, gap := 0.0, 0.0
	for _, v := range want {
		if !math.IsInf(v, 0) && !math.IsNaN(v) {
			most = max(most, math.Abs(v))
		}
	}
	for i, h := range have {
		v := want[i]
		if h == v || h != h && v != v {
			continue
		}
		off := math.Abs(h-v) / most
		if !(off <= w.Within) {
			return gap, fmt.Errorf("element %d is %v, expected %v (off by %.3g of the largest, allowed %.3g)", i, h, v, off, w.Within)
		}
		gap = max(gap, off)
	}
	return gap, nil
}

// numbers reads elements.
func numbers(b []byte, dtype string) []float64 {
	width := launch.ElementBytes(dtype)
	list := make([]float64, len(b)/width)
	for i := range list {
		at := b[i*width : (i+1)*width]
		switch dtype {
		case "f32", "f16", "bf16":
			list[i] = float64(checktest.Float(at, dtype))
		case "i8", "i16", "i32", "i64":
			list[i] = float64(whole(at) << (64 - 8*width) >> (64 - 8*width))
		default:
			list[i] = float64(uint64(whole(at)))
		}
	}
	return list
}

// whole reads an integer of any width.
func whole(b []byte) int64 {
	var eight [8]byte
	copy(eight[:], b)
	return int64(binary.LittleEndian.Uint64(eight[:]))
}
