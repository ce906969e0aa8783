//go:build linux && (amd64 || arm64)

package cuda

import (
	"context"
	"time"

	"github.com/aiopt/aiopt/backend/metal/check"
)

// Rounds say how a kernel is timed: Rounds times Launches, after one round that does not count. Zero values stand for 10 and 20.
type Rounds struct{ Rounds, Launches int }

func (r Rounds) filled() Rounds {
	if r.Rounds == 0 {
		r.Rounds = 10
	}
	if r.Launches == 0 {
		r.Launches = 20
	}
	return r
}

// Time runs a kernel many times on the same buffers, which stay on the device, and gives the time of one. What the last run
// wrote is in the args' bytes.
func (p *Program) Time(ctx context.Context, d check.Dispatch, how Rounds) (Timing, error) {
	var t Timing
	err := p.v.use(func() error {
		r, err := p.prepare(d)
		if err != nil {
			return err
		}
		defer r.free()
		if t, err = r.timed(ctx, how, r.launch); err != nil {
			return err
		}
		return r.fetch()
	})
	return t, err
}

// timed gives the time of one call of start, which gives work to the device.
func (r *running) timed(ctx context.Context, how Rounds, start func() error) (Timing, error) {
	how = how.filled()
	var rounds []time.Duration
	for i := range how.Rounds + 1 {
		ms, err := r.round(ctx, how.Launches, start)
		if err != nil {
			return Timing{}, err
		}
		if i > 0 {
			rounds = append(rounds, time.Duration(float64(ms)*float64(time.Millisecond)/float64(how.Launches)))
		}
	}
	return timingOf(rounds), nil
}

// round gives the milliseconds between two events around launches.
func (r *running) round(ctx context.Context, launches int, start func() error) (float32, error) {
	var from, to uintptr
	if err := r.failed("cuEventCreate", r.EventCreate(&from, 0)); err != nil {
		return 0, err
	}
	defer r.EventDestroy(from)
	if err := r.failed("cuEventCreate", r.EventCreate(&to, 0)); err != nil {
		return 0, err
	}
	defer r.EventDestroy(to)
	if err := r.failed("cuEventRecord", r.EventRecord(from, 0)); err != nil {
		return 0, err
	}
	for range launches {
		if err := start(); err != nil {
			return 0, err
		}
	}
	if err := r.failed("cuEventRecord", r.EventRecord(to, 0)); err != nil {
		return 0, err
	}
	if err := r.reach(ctx, to); err != nil {
		return 0, err
	}
	var ms float32
	return ms, r.failed("cuEventElapsedTime", r.EventElapsedTime(&ms, from, to))
}

// Peaks measures and reads what the device can do at most.
func (v *Device) Peaks(ctx context.Context) (Peaks, error) {
	var p Peaks
	err := v.use(func() error {
		var err error
		if p.Flops, err = v.flops(); err != nil {
			return err
		}
		p.Bandwidth, err = v.copyRate(ctx)
		return err
	})
	return p, err
}

func (v *Device) flops() (float64, error) {
	product := 2e3 // operations of a multiply-add, and kHz
	for _, attribute := range []int32{attributeProcessors, attributeClockKHz} {
		n, err := v.attribute(attribute)
		if err != nil {
			return 0, err
		}
		product *= float64(n)
	}
	major, err := v.attribute(attributeMajor)
	if err != nil {
		return 0, err
	}
	minor, err := v.attribute(attributeMinor)
	return product * float64(floatLanes(major, minor)), err
}

// copyRate copies memory that no cache holds.
func (v *Device) copyRate(ctx context.Context) (float64, error) {
	const bytes = 1 << 30
	r := &running{driver: v.d, v: v}
	r.d.Launch.Function = "copy"
	defer r.free()
	for range 2 {
		var at uint64
		if err := r.failed("cuMemAlloc", r.MemAlloc(&at, bytes)); err != nil {
			return 0, err
		}
		r.addresses = append(r.addresses, at)
		if err := r.failed("cuMemsetD8", r.MemsetD8(at, 1, bytes)); err != nil {
			return 0, err
		}
	}
	t, err := r.timed(ctx, Rounds{}, func() error {
		return r.failed("cuMemcpyDtoDAsync", r.MemcpyDtoDAsync(r.addresses[1], r.addresses[0], bytes, 0))
	})
	if err != nil {
		return 0, err
	}
	return 2 * bytes / t.Best.Seconds(), nil
}
