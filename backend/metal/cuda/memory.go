//go:build linux && (amd64 || arm64)

package cuda

import (
	"context"
	"fmt"
	"unsafe"

	"github.com/aiopt/aiopt/backend/metal/check"
)

// Memory is memory of a device that dispatches may use one after the other. What is done with it follows what was started before.
type Memory struct {
	v     *Device
	at    uint64
	bytes int
}

// Alloc gives memory, at a multiple of 256 bytes.
func (v *Device) Alloc(bytes int) (*Memory, error) {
	m := &Memory{v: v, bytes: bytes}
	return m, v.use(func() error { return v.d.failed("cuMemAlloc", v.d.MemAlloc(&m.at, uint64(max(bytes, 1)))) })
}

// Read copies to the host, when all that was started is over.
func (m *Memory) Read(at int, to []byte) error {
	if len(to) == 0 {
		return nil
	}
	return m.v.use(func() error {
		return m.v.d.failed("cuMemcpyDtoH", m.v.d.MemcpyDtoH(unsafe.Pointer(&to[0]), m.at+uint64(at), uint64(len(to))))
	})
}

// Write copies from the host.
func (m *Memory) Write(at int, from []byte) error {
	if len(from) == 0 {
		return nil
	}
	return m.v.use(func() error {
		return m.v.d.failed("cuMemcpyHtoD", m.v.d.MemcpyHtoD(m.at+uint64(at), unsafe.Pointer(&from[0]), uint64(len(from))))
	})
}

// Fill sets bytes.
func (m *Memory) Fill(at, bytes int, value byte) error {
	return m.v.use(func() error {
		return m.v.d.failed("cuMemsetD8", m.v.d.MemsetD8(m.at+uint64(at), value, uint64(bytes)))
	})
}

// Copy copies bytes of other memory.
func (m *Memory) Copy(at int, from *Memory, fromAt, bytes int) error {
	return m.v.use(func() error {
		return m.v.d.failed("cuMemcpyDtoDAsync", m.v.d.MemcpyDtoDAsync(m.at+uint64(at), from.at+uint64(fromAt), uint64(bytes), 0))
	})
}

// Free gives the memory back; nothing is left to be done where that fails, or where the device is closed.
func (m *Memory) Free() {
	_ = m.v.use(func() error {
		m.v.d.MemFree(m.at)
		return nil
	})
}

// Start starts a kernel whose buffers lie in memory of the device, and does not wait for it. where says where, for each parameter; those without
// memory are of kind bytes and small.
func (p *Program) Start(d check.Dispatch, where []Place) error {
	addresses := make([]uint64, len(where))
	for i, w := range where {
		if w.Memory != nil {
			addresses[i] = w.Memory.at + uint64(w.At)
		} else if len(d.Args[i].Bytes) > copyBytes {
			return fmt.Errorf("kernel %s: parameter %s brings %d bytes, expected at most %d", d.Launch.Function, d.Launch.Params[i].Name, len(d.Args[i].Bytes), copyBytes)
		}
	}
	return p.v.use(func() error {
		r, err := p.shaped(d)
		if err != nil {
			return err
		}
		if r.param, r.shared, err = encode(d, addresses); err != nil {
			return err
		}
		return r.launch()
	})
}

// Finish waits for all that was started. The error is that of a kernel, or ctx, which also ends the use of the device where a kernel does not end.
func (v *Device) Finish(ctx context.Context) error {
	return v.use(func() error {
		r := &running{driver: v.d, v: v}
		r.d.Launch.Function = "that was started"
		return r.wait(ctx)
	})
}
