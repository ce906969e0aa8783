package runtime

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"unsafe"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/metal/launch"
)

// deeds are what the stand-in does for each message.
var deeds = [names]func(r *recorder, id object, o *thing, args []argument) uintptr{
	alloc: func(r *recorder, _ object, o *thing, _ []argument) uintptr {
		id, _ := r.made(strings.TrimPrefix(o.class, "class "))
		return uintptr(id)
	},
	newObject: func(r *recorder, _ object, o *thing, _ []argument) uintptr {
		id, _ := r.made(strings.TrimPrefix(o.class, "class "))
		return uintptr(id)
	},
	initWithBytes: func(r *recorder, id object, o *thing, args []argument) uintptr {
		o.data = read(args[0], int(args[1].number))
		return uintptr(id)
	},
	respondsTo: func(r *recorder, _ object, o *thing, args []argument) uintptr {
		if asked := messages[args[0].number]; o.has(asked.to) && !r.old {
			return 0xff01 // only the lowest byte says anything
		}
		return 0xff00
	},
	retain: func(_ *recorder, id object, o *thing, _ []argument) uintptr { o.owners++; return uintptr(id) },
	release: func(r *recorder, id object, _ *thing, _ []argument) uintptr {
		r.drop(id)
		return 0
	},
	utf8: func(_ *recorder, _ object, o *thing, _ []argument) uintptr {
		return uintptr(unsafe.Pointer(unsafe.SliceData(o.data)))
	},
	byteLength: func(_ *recorder, _ object, o *thing, _ []argument) uintptr { return uintptr(len(o.data)) },
	description: func(r *recorder, _ object, o *thing, _ []argument) uintptr {
		id, s := r.autoreleased("NSString")
		s.data = []byte(o.failed)
		return uintptr(id)
	},
	deviceName: func(r *recorder, _ object, _ *thing, _ []argument) uintptr {
		id, s := r.autoreleased("NSString")
		s.data = []byte("the stand-in")
		return uintptr(id)
	},
	newQueue: func(r *recorder, _ object, _ *thing, _ []argument) uintptr {
		if r.refuse["queue"] != "" {
			return 0
		}
		id, _ := r.made("MTLCommandQueue")
		return uintptr(id)
	},
	newBuffer: func(r *recorder, _ object, _ *thing, args []argument) uintptr {
		if args[0].number == 0 || args[0].number > r.limits[maxBuffer] || args[1].number != storageShared || r.refuse["buffer"] != "" {
			return 0
		}
		id, o := r.made("MTLBuffer")
		o.data = make([]byte, args[0].number)
		return uintptr(id)
	},
	newBufferOver: func(r *recorder, _ object, _ *thing, args []argument) uintptr {
		if args[0].number%page != 0 || args[1].number%page != 0 || r.refuse["pages"] != "" {
			return 0 // as Metal does for memory that is not whole pages
		}
		id, o := r.made("MTLBuffer")
		o.data = r.memory(args[0].number, int(args[1].number))
		return uintptr(id)
	},
	contents: func(_ *recorder, _ object, o *thing, _ []argument) uintptr {
		return uintptr(unsafe.Pointer(unsafe.SliceData(o.data)))
	},
	newLibrary: func(r *recorder, _ object, _ *thing, args []argument) uintptr {
		source, options := r.alive(object(args[0].number), "the source"), r.alive(object(args[1].number), "the options")
		if !options.committed { // which stands for safe arithmetic
			r.wrong("a text is compiled with fast arithmetic")
		}
		if said := r.refuse["text"]; said != "" {
			return r.fail(args[2], said)
		}
		id, o := r.made("MTLLibrary")
		o.data = source.data
		return uintptr(id)
	},
	setMathMode: func(r *recorder, _ object, o *thing, args []argument) uintptr {
		o.committed = !r.old && args[0].number == mathSafe
		return 0
	},
	setFunctions: func(r *recorder, _ object, _ *thing, args []argument) uintptr {
		if args[0].number != functionsPrecise {
			r.wrong("functions are not precise")
		}
		return 0
	},
	setFastMath: func(r *recorder, _ object, o *thing, args []argument) uintptr {
		o.committed = r.old && args[0].number == 0
		return 0
	},
	newFunction: func(r *recorder, _ object, o *thing, args []argument) uintptr {
		name := r.alive(object(args[0].number), "a name").data
		if !strings.Contains(string(o.data), "kernel void "+string(name)+"(") {
			return 0
		}
		id, f := r.made("MTLFunction")
		f.data = name
		return uintptr(id)
	},
	setFunction: func(_ *recorder, _ object, o *thing, args []argument) uintptr {
		o.of = object(args[0].number)
		return 0
	},
	setMostThreads: func(r *recorder, _ object, _ *thing, args []argument) uintptr {
		if args[0].number < 1 || args[0].number > launch.MostThreads {
			r.wrong("a pipeline for %d threads", args[0].number)
		}
		return 0
	},
	newPipeline: func(r *recorder, _ object, _ *thing, args []argument) uintptr {
		function := r.alive(r.alive(object(args[0].number), "the descriptor").of, "the function")
		if said := r.refuse["pipeline"]; said != "" {
			return r.fail(args[3], said)
		}
		id, p := r.made("MTLComputePipelineState")
		p.data = function.data
		return uintptr(id)
	},
	shared: func(*recorder, object, *thing, []argument) uintptr { return 0 },
	commandBuffer: func(r *recorder, _ object, _ *thing, _ []argument) uintptr {
		id, _ := r.autoreleased("MTLCommandBuffer")
		return uintptr(id)
	},
	computeEncoder: func(r *recorder, id object, o *thing, args []argument) uintptr {
		if args[0].number != dispatchConcurrent {
			r.wrong("an encoder of another type")
		}
		return r.encoder(id, o, "MTLComputeCommandEncoder")
	},
	blitEncoder: func(r *recorder, id object, o *thing, _ []argument) uintptr {
		return r.encoder(id, o, "MTLBlitCommandEncoder")
	},
	setPipeline: func(_ *recorder, _ object, o *thing, args []argument) uintptr {
		o.pipeline = object(args[0].number)
		return 0
	},
	setBuffer: func(r *recorder, _ object, o *thing, args []argument) uintptr {
		b, from := r.alive(object(args[0].number), "a buffer"), int(args[1].number)
		if from%16 != 0 || from > len(b.data) || args[2].number >= mostBuffersOfKernel {
			r.wrong("a buffer of %d bytes is bound from %d on at index %d", len(b.data), from, args[2].number)
			return 0
		}
		o.bound[args[2].number] = b.data[from:]
		return 0
	},
	setBytes: func(r *recorder, _ object, o *thing, args []argument) uintptr {
		if args[1].number == 0 || args[1].number > mostSetBytes {
			r.wrong("%d bytes are brought by a dispatch", args[1].number)
		}
		o.bound[args[2].number] = read(args[0], int(args[1].number))
		return 0
	},
	barrier: func(r *recorder, _ object, o *thing, args []argument) uintptr {
		if args[0].number != scopeBuffers {
			r.wrong("a barrier of another scope")
		}
		r.lines = append(r.lines, "barrier")
		r.settle(o)
		return 0
	},
	dispatch: func(r *recorder, _ object, o *thing, args []argument) uintptr {
		r.dispatched(o, threadsOf(args[0]), threadsOf(args[1]))
		return 0
	},
	endEncoding: func(r *recorder, _ object, o *thing, _ []argument) uintptr {
		if !o.open {
			r.wrong("an encoder ends twice")
		}
		r.settle(o)
		o.open = false
		return 0
	},
	fill: func(r *recorder, _ object, o *thing, args []argument) uintptr {
		b, from, n := r.alive(object(args[0].number), "a buffer"), int(args[1].number), int(args[1].second)
		if from%blitAlignment != 0 || n%blitAlignment != 0 || n == 0 || from+n > len(b.data) {
			r.wrong("%d bytes of %d are filled from %d on", n, len(b.data), from)
			return 0
		}
		r.lines = append(r.lines, fmt.Sprintf("fill %d bytes with %d", n, args[2].number))
		value := byte(args[2].number)
		r.alive(o.of, "a command buffer").work = append(r.alive(o.of, "a command buffer").work, func() error {
			for i := range n {
				b.data[from+i] = value
			}
			return nil
		})
		return 0
	},
	copyBytes: func(r *recorder, _ object, o *thing, args []argument) uintptr {
		x, y := r.alive(object(args[0].number), "a buffer"), r.alive(object(args[2].number), "a buffer")
		from, to, n := int(args[1].number), int(args[3].number), int(args[4].number)
		if from%blitAlignment != 0 || to%blitAlignment != 0 || n%blitAlignment != 0 || from+n > len(x.data) || to+n > len(y.data) {
			r.wrong("%d bytes are copied from %d of %d to %d of %d", n, from, len(x.data), to, len(y.data))
			return 0
		}
		r.lines = append(r.lines, fmt.Sprintf("copy %d bytes", n))
		r.alive(o.of, "a command buffer").work = append(r.alive(o.of, "a command buffer").work, func() error {
			copy(y.data[to:][:n], x.data[from:][:n])
			return nil
		})
		return 0
	},
	commit: func(r *recorder, _ object, o *thing, _ []argument) uintptr {
		if o.committed || r.encoding(o) {
			r.wrong("a command buffer is committed twice, or with an open encoder")
		}
		r.lines = append(r.lines, "commit")
		o.committed = true
		if o.failed = r.refuse["run"]; o.failed != "" {
			return 0
		}
		for _, f := range o.work {
			if err := f(); err != nil {
				r.wrong("%v", err)
			}
		}
		return 0
	},
	wait: func(r *recorder, _ object, o *thing, _ []argument) uintptr {
		if !o.committed {
			r.wrong("a command buffer is waited for that nobody committed")
		}
		return 0
	},
	status: func(_ *recorder, _ object, o *thing, _ []argument) uintptr {
		if o.failed != "" {
			return bufferCompleted + 1
		}
		return bufferCompleted
	},
	bufferError: func(r *recorder, _ object, o *thing, _ []argument) uintptr {
		id, e := r.autoreleased("NSError")
		e.failed = o.failed
		return uintptr(id)
	},
}

// page is that of the machine the tests run on.
const page = 4 << 10

// encoder makes one, while no other of the command buffer is open.
func (r *recorder) encoder(of object, o *thing, class string) uintptr {
	if o.committed || r.encoding(o) {
		r.wrong("an encoder is made for a command buffer that is committed or has an open one")
	}
	id, e := r.autoreleased(class)
	e.of, e.open = of, true
	return uintptr(id)
}

// encoding reports an open encoder of a command buffer.
func (r *recorder) encoding(buffer *thing) bool {
	return slices.ContainsFunc(r.objects[1:], func(o *thing) bool { return o.open && r.objects[o.of] == buffer })
}

// settle puts what an encoder has since its last barrier into the command buffer, in the reverse order: any is allowed.
func (r *recorder) settle(o *thing) {
	if o.class != "MTLComputeCommandEncoder" {
		return
	}
	slices.Reverse(o.work)
	buffer := r.alive(o.of, "a command buffer")
	buffer.work = append(buffer.work, o.work...)
	o.work = nil
}

// dispatched holds a dispatch against the launch of its kernel, and has it computed by the interpreter of kernels when it is committed.
func (r *recorder) dispatched(o *thing, threads, group [3]int) {
	function := string(r.alive(o.pipeline, "a pipeline").data)
	at := slices.IndexFunc(r.plan.File.Kernels, func(k launch.Entry) bool { return k.Function == function })
	k := &r.plan.File.Kernels[at]
	r.lines = append(r.lines, fmt.Sprintf("dispatch %s", strings.TrimRight(function, "0123456789abcdef")))
	bound, err := k.Bind(r.sizes)
	if err != nil || threads != bound.Threads || group != k.Threadgroup || bound.Empty() {
		r.wrong("kernel %s is dispatched with %v threads in groups of %v, expected %v in %v (%v)", function, threads, group, bound.Threads, k.Threadgroup, err)
	}
	call := kernel.Call{Sizes: r.sizes}
	for i, p := range k.Params {
		have := o.bound[i]
		if p.Kind == launch.Bytes {
			if len(have) != 4 || int64(binary.LittleEndian.Uint32(have)) != bound.Values[i] {
				r.wrong("kernel %s: %s is %v, expected %d", function, p.Name, have, bound.Values[i])
			}
			continue
		}
		need := int(bound.Lens[i]) * launch.ElementBytes(p.DType)
		if have == nil || len(have) < need {
			r.wrong("kernel %s: %s has %d bytes, expected %d", function, p.Name, len(have), need)
			return
		}
		call.Buffers = append(call.Buffers, have[:need:need])
	}
	o.bound = [mostBuffersOfKernel][]byte{}
	o.work = append(o.work, func() error { return kernel.Run(r.plan.Kernels[at], call) })
}
