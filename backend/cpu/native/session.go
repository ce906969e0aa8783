package native

import (
	"fmt"
	"runtime"
	"strings"
	"time"
	"unsafe"

	"github.com/ebitengine/purego"

	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// session is what one session has of its own: memory, and the segments made ready for the sizes that it has seen.
type session struct {
	p       *program
	arena   *arena
	scratch int // bytes of the arena for each thread's scratch memory, at its start
	ready   map[readyKey]*prepared
	results map[*ir.Value]*arena // memory of values that leave a segment and stay within a call
	consts  map[*ir.Op]*host.Tensor
}

// readyKey is a segment with the sizes of a call.
type readyKey struct {
	id    int
	sizes string
}

// maxReady is how many prepared segments a session keeps.
const maxReady = 256

func (p *program) newSession() interp.Runner {
	s := &session{p: p, ready: map[readyKey]*prepared{}, results: map[*ir.Value]*arena{}, consts: map[*ir.Op]*host.Tensor{}}
	runtime.SetFinalizer(s, (*session).free) // a backend.Session has no Close
	return s.run
}

// run computes a segment.
func (s *session) run(id int, c *interp.SegmentCall) ([]*host.Tensor, error) {
	seg := s.p.segments[id]
	pr, err := s.prepared(seg, c.Eval)
	if err != nil {
		return nil, err
	}
	values, err := s.values(seg, c)
	if err != nil {
		return nil, err
	}
	if err := s.outputs(seg, pr, c, values); err != nil {
		return nil, err
	}
	for _, p := range pr.patches {
		t := values[p.value]
		if len(t.Data) == 0 {
			pr.words[p.word] = uint64(s.arena.addr()) // nothing is read or written there
			continue
		}
		pr.words[p.word] = uint64(uintptr(unsafe.Pointer(&t.Data[t.Offset*t.Elem.Bytes()])))
	}
	status := s.arena.data[s.scratchBytes()+pr.arena:][:pr.statusN]
	clear(status)
	if err := s.launch(seg, pr, c, values); err != nil {
		return nil, err
	}
	runtime.KeepAlive(values) // native code has their addresses only
	for _, b := range status {
		if b != 0 {
			return c.Interpret() // which says what is wrong with the number that was out of range
		}
	}
	runtime.KeepAlive(s)
	out := make([]*host.Tensor, len(seg.out))
	for i, v := range seg.out {
		out[i] = values[v]
	}
	return out, nil
}

func (s *session) scratchBytes() int { return s.scratch * s.p.pool.size() }

// prepared gives a segment made ready for the sizes of a call.
func (s *session) prepared(seg *segment, eval *ir.EvalCtx) (*prepared, error) {
	key := readyKey{seg.ID, seg.sizes(eval.Size)}
	if pr := s.ready[key]; pr != nil {
		return pr, nil
	}
	pr, err := seg.prepare(eval.Size, s.p.pool.size())
	if err != nil {
		return nil, err
	}
	scratch := max(s.scratch, aligned(pr.scratch))
	need := scratch*s.p.pool.size() + pr.arena + pr.statusN
	if s.arena == nil || scratch > s.scratch || need > len(s.arena.data) || len(s.ready) >= maxReady {
		clear(s.ready) // their blocks hold addresses of the memory before
		if s.arena == nil || need > len(s.arena.data) {
			if err := s.arena.free(); err != nil {
				return nil, err
			}
			if s.arena, err = newArena(need); err != nil {
				return nil, err
			}
		}
		s.scratch = scratch
	}
	base := s.arena.addr()
	pr.bind(seg, base+uintptr(s.scratchBytes()), base)
	s.ready[key] = pr
	return pr, nil
}

// sizes is a text of the values of the symbols that a segment's types and kernels have.
func (seg *segment) sizes(size func(string) (int64, bool)) string {
	var b strings.Builder
	for _, name := range seg.symbols {
		n, _ := size(name)
		fmt.Fprintf(&b, "%d,", n)
	}
	return b.String()
}

// values are the tensors that come into a segment, dense, and the constants in it.
func (s *session) values(seg *segment, c *interp.SegmentCall) (map[*ir.Value]*host.Tensor, error) {
	values := make(map[*ir.Value]*host.Tensor, len(seg.in)+len(seg.consts)+len(seg.out))
	for i, v := range seg.in {
		t := c.In[i]
		if v.Def != nil && v.Def.Is(core.Constant) && !t.Contiguous() {
			if s.consts[v.Def] == nil {
				s.consts[v.Def] = t.Clone()
			}
			t = s.consts[v.Def]
		}
		if !t.Contiguous() {
			t = t.Clone()
		}
		values[v] = t
	}
	for _, op := range seg.consts {
		t := s.consts[op]
		if t == nil {
			made, err := op.Def.Eval(c.Eval, op, nil)
			if err != nil {
				return nil, err
			}
			if t = made[0]; !t.Contiguous() {
				t = t.Clone()
			}
			s.consts[op] = t
		}
		values[op.Results[0]] = t
	}
	return values, nil
}

// outputs gives memory to the values that leave the segment: the caller's where the function gives them on, the session's
// where they stay within an outermost call, as each is computed once there.
func (s *session) outputs(seg *segment, pr *prepared, c *interp.SegmentCall, values map[*ir.Value]*host.Tensor) error {
	for _, v := range seg.out {
		if values[v] != nil { // a constant
			continue
		}
		shape := pr.shapes[v]
		if !c.Outermost || seg.returned[v] {
			t, err := host.Alloc(v.Type.Elem, shape)
			if err != nil {
				return err
			}
			values[v] = t
			continue
		}
		n, err := host.SizeBytes(v.Type.Elem, shape)
		if err != nil {
			return err
		}
		mem := s.results[v]
		if mem == nil || len(mem.data) < n {
			if err := mem.free(); err != nil {
				return err
			}
			if mem, err = newArena(n); err != nil {
				return err
			}
			s.results[v] = mem
		}
		t, err := host.FromBytes(v.Type.Elem, shape, mem.data[:n])
		if err != nil {
			return err
		}
		values[v] = t
		c.Borrowed = append(c.Borrowed, t)
	}
	return nil
}

// launch runs the kernels. Where somebody watches, it does so operation by operation.
func (s *session) launch(seg *segment, pr *prepared, c *interp.SegmentCall, values map[*ir.Value]*host.Tensor) error {
	if c.Opt.Timing != nil || c.Opt.Observe != nil {
		return s.watched(seg, pr, c, values)
	}
	for i := range pr.launches {
		if err := c.Eval.Context.Err(); err != nil {
			return err
		}
		s.start(pr, &pr.launches[i])
	}
	return nil
}

func (s *session) start(pr *prepared, l *launch) {
	if l.function == nil {
		purego.SyscallN(s.p.code.runner, uintptr(unsafe.Pointer(&pr.words[l.list])), uintptr(l.n))
		return
	}
	parts := min(int64(s.p.pool.size()), l.rounds)
	ctx := uintptr(unsafe.Pointer(&pr.words[l.ctx]))
	scratch := s.arena.addr()
	s.p.pool.run(int(parts), func(i int) {
		k := int64(i)
		l.function.call(ctx, scratch+uintptr(i*s.scratch), l.rounds*k/parts, l.rounds*(k+1)/parts)
	})
}

// watched runs every operation alone, shows its result and says how long it took.
func (s *session) watched(seg *segment, pr *prepared, c *interp.SegmentCall, values map[*ir.Value]*host.Tensor) error {
	opt := c.Opt
	for i := range seg.steps {
		op := seg.steps[i].op
		if err := c.Eval.Context.Err(); err != nil {
			return err
		}
		begin := time.Now()
		for _, l := range pr.alone(i) {
			s.start(pr, &l)
		}
		if opt.Timing != nil {
			opt.Timing(op, "native", time.Since(begin).Nanoseconds())
		}
		v := op.Results[0]
		if opt.Observe == nil || opt.Select != nil && !opt.Select(v) {
			continue
		}
		t := values[v]
		if t == nil {
			n, err := host.SizeBytes(v.Type.Elem, pr.shapes[v])
			if err != nil {
				return err
			}
			at := s.scratchBytes() + pr.at[v]
			if t, err = host.FromBytes(v.Type.Elem, pr.shapes[v], s.arena.data[at:at+n]); err != nil {
				return err
			}
		}
		opt.Observe(v, t)
	}
	return nil
}

// free gives the memory back.
func (s *session) free() {
	_ = s.arena.free()
	for _, a := range s.results {
		_ = a.free()
	}
}
