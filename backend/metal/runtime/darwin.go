//go:build darwin && arm64

package runtime

import (
	"fmt"
	goruntime "runtime"
	"unsafe"

	"github.com/ebitengine/purego"
)

// frameworks are loaded in this order. MTLCreateSystemDefaultDevice wants Core Graphics to be there.
var frameworks = []string{
	"/System/Library/Frameworks/Foundation.framework/Foundation",
	"/System/Library/Frameworks/CoreGraphics.framework/CoreGraphics",
	"/System/Library/Frameworks/Metal.framework/Metal",
}

// apple is the system itself.
type apple struct {
	msgSend   uintptr
	msgFloat  func(to, selector uintptr) float64
	getClass  func(name string) uintptr
	create    func() uintptr
	poolPush  func() uintptr
	poolPop   func(pool uintptr)
	selectors [names]uintptr
}

// connect loads the frameworks.
func connect() (system, error) {
	objc, err := purego.Dlopen("/usr/lib/libobjc.A.dylib", purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return nil, fmt.Errorf("the Objective-C runtime: %w", err)
	}
	var last uintptr
	for _, path := range frameworks {
		if last, err = purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_GLOBAL); err != nil {
			return nil, fmt.Errorf("loading a framework of macOS: %w", err)
		}
	}
	a := &apple{}
	var register func(name string) uintptr
	for _, f := range []struct {
		library uintptr
		name    string
		call    any
	}{
		{objc, "objc_msgSend", &a.msgFloat}, {objc, "objc_getClass", &a.getClass}, {objc, "sel_registerName", &register},
		{objc, "objc_autoreleasePoolPush", &a.poolPush}, {objc, "objc_autoreleasePoolPop", &a.poolPop},
		{last, "MTLCreateSystemDefaultDevice", &a.create},
	} {
		address, err := purego.Dlsym(f.library, f.name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		if f.name == "objc_msgSend" {
			a.msgSend = address
		}
		purego.RegisterFunc(f.call, address)
	}
	for i, m := range messages {
		a.selectors[i] = register(m.selector)
	}
	return a, nil
}

func (a *apple) createDevice() object { return object(a.create()) }

func (a *apple) class(name string) object { return object(a.getClass(name)) }

func (a *apple) send(to object, m name, args []argument) uintptr {
	words := []uintptr{uintptr(to), a.selectors[m]}
	for _, g := range args {
		switch g.kind {
		case address, size:
			words = append(words, uintptr(g.memory)+g.number) // one of them is 0
		case text:
			words = append(words, a.selectors[g.number])
		case span:
			words = append(words, g.number, g.second)
		default:
			words = append(words, g.number)
		}
	}
	result, _, _ := purego.SyscallN(a.msgSend, words...)
	goruntime.KeepAlive(args) // whose memory is the heap's, where nothing moves
	return result
}

func (a *apple) sendFloat(to object, m name) float64 { return a.msgFloat(uintptr(to), a.selectors[m]) }

func (a *apple) push() uintptr { return a.poolPush() }

func (a *apple) pop(pool uintptr) { a.poolPop(pool) }

func (a *apple) memory(at uintptr, bytes int) []byte {
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&at)), bytes) // the address is of memory that Go knows nothing of
}
