package plan

import (
	"slices"

	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/ir"
)

// alignment is that of buffers in the arena, in bytes: as much as any of Metal's rules asks of an offset.
const alignment = 256

// aliases has what the host takes live as long as what it gives, which may be a view of it.
func (p *function) aliases() {
	for i := len(p.out.Steps) - 1; i >= 0; i-- {
		h := p.out.Steps[i].Host
		if h == nil {
			continue
		}
		for _, y := range h.Gives {
			for _, x := range h.Takes {
				p.until(x, p.lives[y].to)
			}
		}
	}
}

// place gives the buffers that live within the call memory: those of known sizes in the arena, the others in slots.
func (p *function) place() {
	var list []int // by when they begin
	for i, b := range p.out.Buffers {
		if b.Kind == "" && p.lives[i].set {
			list = append(list, i)
		}
	}
	slices.SortStableFunc(list, func(a, b int) int { return p.lives[a].from - p.lives[b].from })
	var arena []interval
	slots := &slots{f: p.f}
	for _, i := range list {
		n := launch.BytesOf(p.types[i].Elem, p.types[i].Shape)
		l := p.lives[i]
		if bytes, known := n.IsConst(); known {
			arena = append(arena, interval{buffer: i, from: l.from, to: l.to, size: (bytes + alignment - 1) / alignment * alignment})
			continue
		}
		p.out.Buffers[i].Kind, p.out.Buffers[i].Slot = launch.Slot, slots.take(n, l)
	}
	p.out.Arena = offsets(arena)
	for _, v := range arena {
		p.out.Buffers[v.buffer].Kind, p.out.Buffers[v.buffer].Offset = launch.Arena, v.offset
	}
	for _, s := range slots.list {
		p.out.Slots = append(p.out.Slots, s.bytes.String())
	}
}

// interval is memory that is in use during steps from..to.
type interval struct {
	buffer       int
	from, to     int
	size, offset int64
}

// offsets places intervals where none overlaps another one in time and space, the largest first, each as low as is free. It gives the
// size of the whole.
func offsets(list []interval) int64 {
	order := make([]*interval, len(list))
	for i := range list {
		order[i] = &list[i]
	}
	slices.SortStableFunc(order, func(a, b *interval) int { return int(min(max(b.size-a.size, -1), 1)) })
	total := int64(0)
	for i, v := range order {
		var taken []*interval
		for _, w := range order[:i] {
			if w.from <= v.to && v.from <= w.to {
				taken = append(taken, w)
			}
		}
		slices.SortFunc(taken, func(a, b *interval) int { return int(min(max(a.offset-b.offset, -1), 1)) })
		for _, w := range taken {
			if w.offset >= v.offset+v.size {
				break
			}
			v.offset = max(v.offset, w.offset+w.size)
		}
		total = max(total, v.offset+v.size)
	}
	return total
}

// slots are memory of sizes that a call decides.
type slots struct {
	f    *ir.Func
	list []slot
}

type slot struct {
	bytes ir.Dim
	until int  // the last step that needs it
	own   bool // it is not given to others
}

// take finds a slot that is free and large enough, or adds one. The step a buffer is last read in may not write its successor.
func (s *slots) take(n ir.Dim, l life) int {
	for i := range s.list {
		have := &s.list[i]
		if have.until < l.from && !have.own && !l.own && s.fits(n, have.bytes) {
			have.until = l.to
			return i
		}
	}
	s.list = append(s.list, slot{n, l.to, l.own})
	return len(s.list) - 1
}

func (s *slots) fits(n, room ir.Dim) bool {
	return n.Equal(room) || s.f.Env().Prove(ir.Cond{Left: n, Rel: ir.RelLE, Right: room}) == ir.True
}
