//go:build linux && (amd64 || arm64)

package cuda

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"runtime"
	"time"
	"unsafe"

	"github.com/aiopt/aiopt/backend/metal/check"
	"github.com/aiopt/aiopt/backend/metal/launch"
)

// guardBytes follow each buffer on the device: a kernel that writes there is found, if not where.
const guardBytes = 256

const guardByte = 0xff

// Run runs a kernel. What it wrote is in the args' bytes afterwards, as with [check.Program.Run]. An error is a dispatch that does not
// fit the kernel, a device that gave up on it, a write just behind a buffer, or ctx, which also ends the use of the device where
// the kernel does not end.
func (p *Program) Run(ctx context.Context, d check.Dispatch) error {
	return p.v.use(func() error {
		r, err := p.prepare(d)
		if err != nil {
			return err
		}
		defer r.free()
		if err := r.launch(); err != nil {
			return err
		}
		if err := r.wait(ctx); err != nil {
			return err
		}
		return r.fetch()
	})
}

// running is a dispatch whose buffers are on the device.
type running struct {
	*driver
	v         *Device
	d         check.Dispatch
	function  uintptr
	addresses []uint64
	grid      [3]uint32
	block     uint32
	shared    uint32
	param     []byte
}

// prepare brings the buffers of a dispatch to the device.
func (p *Program) prepare(d check.Dispatch) (*running, error) {
	r, err := p.shaped(d)
	if err != nil {
		return nil, err
	}
	for i := range d.Args {
		if err := r.upload(d.Args[i].Bytes); err != nil {
			r.free()
			return nil, fmt.Errorf("parameter %s of %d bytes: %w", d.Launch.Params[i].Name, len(d.Args[i].Bytes), err)
		}
	}
	if r.param, r.shared, err = encode(d, r.addresses); err != nil {
		r.free()
		return nil, err
	}
	return r, nil
}

// shaped finds the function of a dispatch and its grid of groups.
func (p *Program) shaped(d check.Dispatch) (*running, error) {
	number, err := check.Fit(p.module.Name, p.module.Kernels, d)
	if err != nil {
		return nil, err
	}
	r := &running{driver: p.v.d, v: p.v, d: d}
	group := d.Launch.Threadgroup
	for i := range 3 {
		r.grid[i] = uint32((d.Threads[i] + group[i] - 1) / group[i])
	}
	if r.grid[1] > math.MaxUint16 || r.grid[2] > math.MaxUint16 {
		return nil, fmt.Errorf("kernel %s: a grid of %v groups, an NVIDIA GPU takes at most %d in y and z", d.Launch.Function, r.grid, math.MaxUint16)
	}
	r.block = uint32(group[0] * group[1] * group[2])
	if r.function, err = p.entry(number, int(r.block)); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *running) upload(b []byte) error {
	var at uint64
	if err := r.failed("cuMemAlloc", r.MemAlloc(&at, uint64(len(b)+guardBytes))); err != nil {
		return err
	}
	r.addresses = append(r.addresses, at)
	if len(b) > 0 {
		if err := r.failed("cuMemcpyHtoD", r.MemcpyHtoD(at, unsafe.Pointer(&b[0]), uint64(len(b)))); err != nil {
			return err
		}
	}
	return r.failed("cuMemsetD8", r.MemsetD8(at+uint64(len(b)), guardByte, guardBytes))
}

func (r *running) free() {
	if r.v.lost != nil {
		return
	}
	for _, at := range r.addresses {
		r.MemFree(at) // nothing is left to be done where it fails
	}
	r.addresses = nil
}

// launch starts the kernel.
func (r *running) launch() error {
	params := []unsafe.Pointer{unsafe.Pointer(&r.param[0])}
	result := r.LaunchKernel(r.function, r.grid[0], r.grid[1], r.grid[2], r.block, 1, 1, r.shared, 0, unsafe.Pointer(&params[0]), nil)
	runtime.KeepAlive(r.param)
	if err := r.failed("cuLaunchKernel", result); err != nil {
		return fmt.Errorf("kernel %s: %w", r.d.Launch.Function, err)
	}
	return nil
}

// notReady is CUDA_ERROR_NOT_READY.
const notReady = 600

// wait lets the device finish what it was given.
func (r *running) wait(ctx context.Context) error {
	var event uintptr
	if err := r.failed("cuEventCreate", r.EventCreate(&event, 0)); err != nil {
		return err
	}
	if err := r.failed("cuEventRecord", r.EventRecord(event, 0)); err != nil {
		return err
	}
	if err := r.reach(ctx, event); err != nil {
		return err
	}
	return r.failed("cuEventDestroy", r.EventDestroy(event))
}

// reach waits for an event, at longer and longer intervals.
func (r *running) reach(ctx context.Context, event uintptr) error {
	for pause := 10 * time.Microsecond; ; pause = min(2*pause, 10*time.Millisecond) {
		result := r.EventQuery(event)
		if result == 0 {
			return nil
		}
		if result != notReady {
			return fmt.Errorf("kernel %s: %w", r.d.Launch.Function, r.failed("the kernel ended with", result))
		}
		select {
		case <-ctx.Done():
			r.v.lost = fmt.Errorf("kernel %s still runs, and the device cannot be used: %w", r.d.Launch.Function, ctx.Err())
			return r.v.lost
		case <-time.After(pause):
		}
	}
}

// fetch brings back what the kernel may have written.
func (r *running) fetch() error {
	var errs []error
	guard := make([]byte, guardBytes)
	for i, a := range r.d.Args {
		n := uint64(len(a.Bytes))
		if r.d.Launch.Params[i].Access != launch.Read && n > 0 {
			errs = append(errs, r.failed("cuMemcpyDtoH", r.MemcpyDtoH(unsafe.Pointer(&a.Bytes[0]), r.addresses[i], n)))
		}
		errs = append(errs, r.failed("cuMemcpyDtoH", r.MemcpyDtoH(unsafe.Pointer(&guard[0]), r.addresses[i]+n, guardBytes)))
		for j, c := range guard {
			if c != guardByte {
				errs = append(errs, fmt.Errorf("kernel %s writes byte %d of %s, which has %d", r.d.Launch.Function, int(n)+j, r.d.Launch.Params[i].Name, n))
				break
			}
		}
	}
	return errors.Join(errs...)
}

// The layout of aiopt::Launch in shim/runtime.h.
const (
	argumentsAt   = 48
	argumentBytes = 112
	extentAt      = 12
	strideAt      = 44
	copyAt        = 80
	copyBytes     = 32
)

// encode lays out the parameter of a kernel, and gives the bytes of threadgroup memory that the launch brings.
func encode(d check.Dispatch, addresses []uint64) ([]byte, uint32, error) {
	b := make([]byte, argumentsAt+argumentBytes*max(len(d.Args), 1))
	word := binary.LittleEndian.PutUint32
	for i := range 3 {
		word(b[4*i:], uint32(d.Threads[i]))
		word(b[12+4*i:], uint32(d.Launch.Threadgroup[i]))
	}
	shared := uint32(0)
	if len(d.Launch.ThreadgroupMemory) > 4 {
		return nil, 0, fmt.Errorf("kernel %s has %d [[threadgroup(n)]] parameters, expected at most 4", d.Launch.Function, len(d.Launch.ThreadgroupMemory))
	}
	for n, bytes := range d.Launch.ThreadgroupMemory {
		word(b[24+4*n:], shared)
		shared += uint32(bytes+15) / 16 * 16
	}
	for i, a := range d.Args {
		at := b[argumentsAt+argumentBytes*i:]
		binary.LittleEndian.PutUint64(at, addresses[i])
		word(at[8:], uint32(len(a.Extents)))
		stride := uint64(1)
		for j := range a.Extents {
			n := a.Extents[len(a.Extents)-1-j]
			if stride > math.MaxUint32 {
				return nil, 0, fmt.Errorf("kernel %s: the extents %v of %s, expected at most %d elements", d.Launch.Function, a.Extents, d.Launch.Params[i].Name, uint32(math.MaxUint32))
			}
			word(at[extentAt+4*j:], uint32(n))
			word(at[strideAt+4*j:], uint32(stride))
			stride *= uint64(n)
		}
		copy(at[copyAt:copyAt+copyBytes], a.Bytes)
	}
	return b, shared, nil
}
