//go:build linux && (amd64 || arm64)

package cuda

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"

	"github.com/aiopt/aiopt/backend/programs"
)

// Device is a GPU. One call at a time uses it; others wait.
type Device struct {
	Name         string
	Architecture string // that texts are compiled for
	Driver       string // the newest CUDA that the driver knows, such as "13.0"

	d       *driver
	device  int32
	context uintptr
	mu      sync.Mutex
	lost    error // a kernel did not end: nothing can run any more
}

// Attributes of a device, of a kernel's function, and options of the compiler in the driver, by their numbers in cuda.h.
const (
	attributeClockKHz   = 13
	attributeProcessors = 16
	attributeMajor      = 75
	attributeMinor      = 76

	functionMaxThreads = 0

	jitMaxRegisters  = 0
	jitErrorLog      = 5
	jitErrorLogBytes = 6
)

// Open finds the first GPU. The error is a *programs.Missing where there is no driver or no GPU.
func Open() (*Device, error) { return open(cmp.Or(os.Getenv(Variable), library)) }

func open(path string) (*Device, error) {
	d, err := openDriver(path)
	if err != nil {
		return nil, err
	}
	v := &Device{d: d}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var count, version int32
	if err := d.failed("cuDeviceGetCount", d.DeviceGetCount(&count)); err != nil {
		return nil, err
	}
	if count == 0 {
		return nil, &programs.Missing{What: "the driver knows of no NVIDIA GPU: expected one, perhaps CUDA_VISIBLE_DEVICES hides it"}
	}
	name := make([]byte, 128)
	err = errors.Join(d.failed("cuDeviceGet", d.DeviceGet(&v.device, 0)),
		d.failed("cuDeviceGetName", d.DeviceGetName(&name[0], int32(len(name)), v.device)),
		d.failed("cuDriverGetVersion", d.DriverGetVersion(&version)))
	if err != nil {
		return nil, err
	}
	v.Name, v.Driver = textOf(name), fmt.Sprintf("%d.%d", version/1000, version%1000/10)
	major, err := v.attribute(attributeMajor)
	if err != nil {
		return nil, err
	}
	minor, err := v.attribute(attributeMinor)
	if err != nil {
		return nil, err
	}
	if v.Architecture, err = architecture(major, minor); err != nil {
		return nil, fmt.Errorf("%s: %w", v.Name, err)
	}
	return v, d.failed("cuDevicePrimaryCtxRetain", d.DevicePrimaryCtxRetain(&v.context, v.device))
}

// Close gives the GPU back. Programs that were loaded may not be used afterwards.
func (v *Device) Close() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.lost != nil {
		return v.lost // the driver would wait for the kernel
	}
	v.lost = errors.New("the device was closed")
	return v.d.failed("cuDevicePrimaryCtxRelease", v.d.DevicePrimaryCtxRelease(v.device))
}

// use calls f on a thread that the context belongs to.
func (v *Device) use(f func() error) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.lost != nil {
		return v.lost
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := v.d.failed("cuCtxSetCurrent", v.d.CtxSetCurrent(v.context)); err != nil {
		return err
	}
	return f()
}

func (v *Device) attribute(number int32) (int, error) {
	var value int32
	err := v.d.failed("cuDeviceGetAttribute", v.d.DeviceGetAttribute(&value, number, v.device))
	return int(value), err
}
