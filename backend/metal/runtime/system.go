package runtime

import (
	"errors"
	goruntime "runtime"
	"unsafe"
)

// system is what the package asks of Objective-C and of Metal. What it gives as an owned object has to be released.
type system interface {
	// createDevice is MTLCreateSystemDefaultDevice: the GPU, owned; nil where there is none.
	createDevice() object
	// class finds a class; nil where there is none of the name.
	class(name string) object
	// send sends a message whose result is an object, an integer or an address, or which has none.
	send(to object, m name, args []argument) uintptr
	// sendFloat sends a message without arguments whose result is a float.
	sendFloat(to object, m name) float64
	// push starts an autorelease pool of the thread, and pop ends it.
	push() uintptr
	pop(pool uintptr)
	// memory is memory at an address that a message gave.
	memory(at uintptr, bytes int) []byte
}

// sender sends messages.
type sender struct{ system }

// to sends one. Messages to nil do nothing, as in Objective-C.
func (s sender) to(o object, m name, args ...argument) uintptr {
	if o == 0 {
		return 0
	}
	return s.send(o, m, args)
}

func (s sender) object(o object, m name, args ...argument) object { return object(s.to(o, m, args...)) }

func (s sender) yes(o object, m name, args ...argument) bool { return uint8(s.to(o, m, args...)) != 0 }

// release gives up objects that are owned.
func (s sender) release(list ...object) {
	for _, o := range list {
		s.to(o, release)
	}
}

// keep owns an object that a pool has.
func (s sender) keep(o object) object { return s.object(o, retain) }

// pooled calls f with a pool for objects that nobody owns. Pools are a thread's.
func (s sender) pooled(f func() error) error {
	goruntime.LockOSThread()
	defer goruntime.UnlockOSThread()
	pool := s.push()
	defer s.pop(pool)
	return f()
}

// string gives an owned NSString.
func (s sender) string(text string) object {
	data := []byte(text + "\x00")
	return s.object(s.object(s.class("NSString"), alloc), initWithBytes, at(unsafe.Pointer(&data[0])), num(len(text)), num(encodingUTF8))
}

// text reads an NSString.
func (s sender) text(o object) string {
	from := s.to(o, utf8)
	if from == 0 {
		return ""
	}
	return string(s.memory(from, int(s.to(o, byteLength, num(encodingUTF8)))))
}

// failed is the error of an NSError; of nil it says that there is none.
func (s sender) failed(e object) error {
	if said := s.text(s.object(e, description)); said != "" {
		return errors.New(said)
	}
	return errors.New("there is no reason given")
}

// outError is where a message puts an NSError.
type outError struct{ o object }

func (e *outError) arg() argument { return at(unsafe.Pointer(&e.o)) }
