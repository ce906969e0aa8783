//go:build linux && (amd64 || arm64)

package cuda

import (
	"bytes"
	"fmt"
	"unsafe"

	"github.com/ebitengine/purego"

	"github.com/aiopt/aiopt/backend/programs"
)

// driver is the part of libcuda that the package calls, under the names of the CUDA driver API without their `cu`. A result that is not
// 0 is an error.
type driver struct {
	Init                    func(flags uint32) int32
	GetErrorName            func(result int32, name **byte) int32
	GetErrorString          func(result int32, text **byte) int32
	DriverGetVersion        func(version *int32) int32
	DeviceGetCount          func(count *int32) int32
	DeviceGet               func(device *int32, ordinal int32) int32
	DeviceGetName           func(name *byte, length int32, device int32) int32
	DeviceGetAttribute      func(value *int32, attribute int32, device int32) int32
	DevicePrimaryCtxRetain  func(context *uintptr, device int32) int32
	DevicePrimaryCtxRelease func(device int32) int32
	CtxSetCurrent           func(context uintptr) int32
	ModuleLoadDataEx        func(module *uintptr, image unsafe.Pointer, options uint32, names *int32, values *uintptr) int32
	ModuleUnload            func(module uintptr) int32
	ModuleGetFunction       func(function *uintptr, module uintptr, name string) int32
	FuncGetAttribute        func(value *int32, attribute int32, function uintptr) int32
	MemAlloc                func(address *uint64, bytes uint64) int32
	MemFree                 func(address uint64) int32
	MemcpyHtoD              func(to uint64, from unsafe.Pointer, bytes uint64) int32
	MemcpyDtoH              func(to unsafe.Pointer, from uint64, bytes uint64) int32
	MemcpyDtoDAsync         func(to, from uint64, bytes uint64, stream uintptr) int32
	MemsetD8                func(address uint64, value uint8, bytes uint64) int32
	LaunchKernel            func(function uintptr, gx, gy, gz, bx, by, bz, shared uint32, stream uintptr, params, extra unsafe.Pointer) int32
	EventCreate             func(event *uintptr, flags uint32) int32
	EventDestroy            func(event uintptr) int32
	EventRecord             func(event, stream uintptr) int32
	EventQuery              func(event uintptr) int32
	EventElapsedTime        func(ms *float32, from, to uintptr) int32
}

// library is what the driver's installation puts where the system looks for libraries.
const library = "libcuda.so.1"

func openDriver(path string) (*driver, error) {
	lib, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return nil, &programs.Missing{What: fmt.Sprintf("%s was not found, which NVIDIA's driver brings: install the driver, or name the file by AIOPT_LIBCUDA (%v)", path, err)}
	}
	d := &driver{}
	for _, f := range []struct {
		name string
		call any
	}{
		{"cuInit", &d.Init}, {"cuGetErrorName", &d.GetErrorName}, {"cuGetErrorString", &d.GetErrorString}, {"cuDriverGetVersion", &d.DriverGetVersion},
		{"cuDeviceGetCount", &d.DeviceGetCount}, {"cuDeviceGet", &d.DeviceGet}, {"cuDeviceGetName", &d.DeviceGetName},
		{"cuDeviceGetAttribute", &d.DeviceGetAttribute}, {"cuDevicePrimaryCtxRetain", &d.DevicePrimaryCtxRetain},
		{"cuDevicePrimaryCtxRelease_v2", &d.DevicePrimaryCtxRelease}, {"cuCtxSetCurrent", &d.CtxSetCurrent},
		{"cuModuleLoadDataEx", &d.ModuleLoadDataEx}, {"cuModuleUnload", &d.ModuleUnload}, {"cuModuleGetFunction", &d.ModuleGetFunction},
		{"cuFuncGetAttribute", &d.FuncGetAttribute}, {"cuMemAlloc_v2", &d.MemAlloc}, {"cuMemFree_v2", &d.MemFree},
		{"cuMemcpyHtoD_v2", &d.MemcpyHtoD}, {"cuMemcpyDtoH_v2", &d.MemcpyDtoH}, {"cuMemcpyDtoDAsync_v2", &d.MemcpyDtoDAsync},
		{"cuMemsetD8_v2", &d.MemsetD8}, {"cuLaunchKernel", &d.LaunchKernel}, {"cuEventCreate", &d.EventCreate},
		{"cuEventDestroy_v2", &d.EventDestroy}, {"cuEventRecord", &d.EventRecord}, {"cuEventQuery", &d.EventQuery},
		{"cuEventElapsedTime", &d.EventElapsedTime},
	} {
		at, err := purego.Dlsym(lib, f.name)
		if err != nil {
			return nil, fmt.Errorf("%s has no %s: expected NVIDIA's driver 525 or newer", path, f.name)
		}
		purego.RegisterFunc(f.call, at)
	}
	if err := d.failed("cuInit", d.Init(0)); err != nil {
		return nil, &programs.Missing{What: fmt.Sprintf("no NVIDIA GPU can be used: %v", err)}
	}
	return d, nil
}

// failed makes an error of a result.
func (d *driver) failed(what string, result int32) error {
	if result == 0 {
		return nil
	}
	var name, text *byte
	d.GetErrorName(result, &name)
	d.GetErrorString(result, &text)
	return fmt.Errorf("%s: %s (%s)", what, spelled(name), spelled(text))
}

// spelled reads a string that ends with a zero.
func spelled(s *byte) string {
	if s == nil {
		return "an error that the driver does not know"
	}
	const most = 1 << 10
	for n := range most {
		if *(*byte)(unsafe.Add(unsafe.Pointer(s), n)) == 0 {
			return string(unsafe.Slice(s, n))
		}
	}
	return string(unsafe.Slice(s, most))
}

func textOf(b []byte) string {
	text, _, _ := bytes.Cut(b, []byte{0})
	return string(text)
}
