package runtime

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/aiopt/aiopt/backend/metal/plan"
)

// recorder stands for Objective-C and Metal. It refuses what these would not forgive: messages that a receiver does not have, arguments of another
// kind, objects that are used after their end or never released, encoders that are left open, buffers that are not bound. What is committed it
// computes, by the interpreter of kernels; dispatches that no barrier keeps apart in the reverse order.
type recorder struct {
	mu      sync.Mutex
	objects []*thing // by their numbers; 0 is none
	pools   []*pool
	pushed  uintptr
	sent    [names]int

	plan    *plan.Plan
	sizes   map[string]int64
	old     bool              // before macOS 15
	refuse  map[string]string // what a name of a class, kernel or text is refused with
	lines   []string          // what was encoded, in words
	found   []string          // what is wrong
	limits  map[name]uintptr  // that are asked for
	classes map[string]object
}

// thing is an object.
type thing struct {
	class  string
	owners int
	data   []byte // of a string or buffer
	of     object // what it was made by: the command buffer of an encoder, the function of a pipeline

	work      []func() error // of a command buffer, or of an encoder since its last barrier
	open      bool           // of an encoder
	committed bool
	failed    string
	pipeline  object
	bound     [mostBuffersOfKernel][]byte
}

type pool struct {
	token   uintptr
	objects []object
}

func record(p *plan.Plan, sizes map[string]int64) *recorder {
	return &recorder{
		plan: p, sizes: sizes, objects: []*thing{nil}, refuse: map[string]string{}, classes: map[string]object{},
		limits: map[name]uintptr{maxBuffer: 1 << 30, maxShared: 32 << 10, mostThreads: 1024, width: simdThreads},
	}
}

// wrong notes what the system would not forgive; the lock is held.
func (r *recorder) wrong(format string, args ...any) {
	r.found = append(r.found, fmt.Sprintf(format, args...))
}

// right fails the test where something was wrong.
func (r *recorder) right(t *testing.T) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, text := range r.found {
		t.Errorf("Metal: %s", text)
	}
	if len(r.pools) > 0 {
		t.Errorf("%d pools are never ended", len(r.pools))
	}
}

// made gives a new object that is owned.
func (r *recorder) made(class string) (object, *thing) {
	o := &thing{class: class, owners: 1}
	r.objects = append(r.objects, o)
	return object(len(r.objects) - 1), o
}

// autoreleased gives a new object that the pool owns.
func (r *recorder) autoreleased(class string) (object, *thing) {
	id, o := r.made(class)
	if len(r.pools) == 0 {
		r.wrong("an object of %s is made outside of a pool", class)
		return id, o
	}
	last := r.pools[len(r.pools)-1]
	last.objects = append(last.objects, id)
	return id, o
}

// alive gives a living object.
func (r *recorder) alive(id object, why string) *thing {
	if id <= 0 || int(id) >= len(r.objects) {
		r.wrong("%s: object %d is none", why, id)
		return &thing{}
	}
	o := r.objects[id]
	if o.owners <= 0 {
		r.wrong("%s: the object of %s is gone", why, o.class)
	}
	return o
}

func (r *recorder) drop(id object) {
	o := r.alive(id, "release")
	if o.owners--; o.owners == 0 && o.open {
		r.wrong("an encoder is released before it ended")
	}
}

// left lists objects that somebody still owns.
func (r *recorder) left() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []string
	for _, o := range r.objects[1:] {
		if o.owners > 0 && !strings.HasPrefix(o.class, "class ") {
			list = append(list, o.class)
		}
	}
	slices.Sort(list)
	return list
}

func (r *recorder) createDevice() object {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refuse["device"] != "" {
		return 0
	}
	id, _ := r.made("MTLDevice")
	return id
}

func (r *recorder) class(name string) object {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.classes[name] == 0 {
		r.classes[name], _ = r.made("class " + name)
	}
	return r.classes[name]
}

func (r *recorder) push() uintptr {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pushed++
	r.pools = append(r.pools, &pool{token: r.pushed})
	return r.pushed
}

func (r *recorder) pop(token uintptr) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.pools, func(p *pool) bool { return p.token == token })
	if i < 0 {
		r.wrong("a pool is ended that was not begun")
		return
	}
	for _, id := range r.pools[i].objects {
		r.drop(id)
	}
	r.pools = slices.Delete(r.pools, i, i+1)
}

func (r *recorder) memory(at uintptr, bytes int) []byte {
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&at)), bytes)
}

// has reports that an object has the messages of a class or protocol.
func (o *thing) has(class string) bool {
	switch class {
	case "NSObject":
		return true
	case "MTLCommandEncoder":
		return strings.HasSuffix(o.class, "CommandEncoder")
	}
	return o.class == class
}

// send holds a message against the table, and does what it says.
func (r *recorder) send(to object, m name, args []argument) uintptr {
	r.mu.Lock()
	defer r.mu.Unlock()
	want := messages[m]
	r.sent[m]++
	o := r.alive(to, want.selector)
	if !o.has(want.to) {
		r.wrong("%s is sent to an object of %s, which has it not", want.selector, o.class)
	}
	kinds := make([]kind, len(args))
	for i, a := range args {
		kinds[i] = a.kind
	}
	if !slices.Equal(kinds, want.args) {
		r.wrong("%s takes %v, was given %v", want.selector, want.args, kinds)
		return 0
	}
	if want.result == float {
		r.wrong("%s gives a float, and another result is read", want.selector)
	}
	for i, a := range args {
		if a.kind == anObject && a.number != 0 {
			r.alive(object(a.number), fmt.Sprintf("%s, argument %d", want.selector, i))
		}
	}
	if n, ok := r.limits[m]; ok {
		return n
	}
	do := deeds[m]
	if do == nil {
		r.wrong("%s is not expected", want.selector)
		return 0
	}
	return do(r, to, o, args)
}

// sendFloat gives times: each command buffer takes a millisecond.
func (r *recorder) sendFloat(to object, m name) float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent[m]++
	o := r.alive(to, messages[m].selector)
	if !o.has(messages[m].to) || messages[m].result != float || len(messages[m].args) > 0 {
		r.wrong("%s of an object of %s is no float", messages[m].selector, o.class)
	}
	if !o.committed {
		r.wrong("the times of a command buffer are asked for before it is committed")
	}
	if m == ended {
		return 5.001
	}
	return 5
}

// read copies Go's memory at an argument's address.
func read(a argument, bytes int) []byte { return slices.Clone(unsafe.Slice((*byte)(a.memory), bytes)) }

func threadsOf(a argument) (n [3]int) {
	for i, v := range *(*[3]uintptr)(a.memory) {
		n[i] = int(v)
	}
	return n
}

// fail puts an NSError where a message wants it.
func (r *recorder) fail(a argument, said string) uintptr {
	id, e := r.autoreleased("NSError")
	e.failed = said
	*(*object)(a.memory) = id
	return 0
}
