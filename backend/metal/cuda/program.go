//go:build linux && (amd64 || arm64)

package cuda

import (
	"fmt"
	"runtime"
	"unsafe"
)

// Program is a module on a device.
type Program struct {
	v       *Device
	module  *Module
	loaded  map[int32]uintptr // modules by the limit of registers they were compiled with; 0 is none
	entries map[loadedEntry]uintptr
}

// loadedEntry is a kernel by its number, compiled for at most so many threads a group; 0 is any.
type loadedEntry struct {
	number, registers int32
}

// registersOfProcessor is how many registers the threads of a group share; threads get them by eights.
const registersOfProcessor = 64 << 10

// Load brings a module to the device, whose driver compiles it.
func (v *Device) Load(m *Module) (*Program, error) {
	p := &Program{v: v, module: m, loaded: map[int32]uintptr{}, entries: map[loadedEntry]uintptr{}}
	return p, v.use(func() error {
		_, err := p.load(0)
		return err
	})
}

// Unload takes the program from the device.
func (p *Program) Unload() error {
	return p.v.use(func() error {
		var first error
		for _, m := range p.loaded {
			if err := p.v.d.failed("cuModuleUnload", p.v.d.ModuleUnload(m)); err != nil {
				first = err
			}
		}
		clear(p.loaded)
		clear(p.entries)
		return first
	})
}

// load compiles the module so that a thread has at most so many registers.
func (p *Program) load(registers int32) (uintptr, error) {
	if m := p.loaded[registers]; m != 0 {
		return m, nil
	}
	image := append([]byte(p.module.PTX), 0)
	log := make([]byte, 8<<10)
	names := []int32{jitErrorLog, jitErrorLogBytes}
	values := []uintptr{uintptr(unsafe.Pointer(&log[0])), uintptr(len(log))}
	if registers > 0 {
		names, values = append(names, jitMaxRegisters), append(values, uintptr(registers))
	}
	var pinned runtime.Pinner // the driver gets its address as a number
	pinned.Pin(&log[0])
	defer pinned.Unpin()
	var module uintptr
	d := p.v.d
	if err := d.failed("cuModuleLoadDataEx", d.ModuleLoadDataEx(&module, unsafe.Pointer(&image[0]), uint32(len(names)), &names[0], &values[0])); err != nil {
		return 0, fmt.Errorf("%s: %w\n%s", p.module.Name, err, textOf(log))
	}
	p.loaded[registers] = module
	return module, nil
}

// entry gives the function of a kernel that groups of so many threads can run.
func (p *Program) entry(number int, threads int) (uintptr, error) {
	f, err := p.function(number, 0)
	if err != nil {
		return 0, err
	}
	var most int32
	if err := p.v.d.failed("cuFuncGetAttribute", p.v.d.FuncGetAttribute(&most, functionMaxThreads, f)); err != nil {
		return 0, err
	}
	if int(most) >= threads {
		return f, nil
	}
	return p.function(number, int32(registersOfProcessor/max(threads, 32)/8*8))
}

func (p *Program) function(number int, registers int32) (uintptr, error) {
	key := loadedEntry{int32(number), registers}
	if f := p.entries[key]; f != 0 {
		return f, nil
	}
	module, err := p.load(registers)
	if err != nil {
		return 0, err
	}
	var f uintptr
	if err := p.v.d.failed("cuModuleGetFunction", p.v.d.ModuleGetFunction(&f, module, entry(number))); err != nil {
		return 0, err
	}
	p.entries[key] = f
	return f, nil
}
