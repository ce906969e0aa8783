package plan

import (
	"slices"

	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/ir"
)

// region is memory that a buffer lies in: bytes from..to-1 of a block, or all of it.
type region struct {
	kind     string
	number   int
	from, to int64
}

// whole is the end of a region of unknown size.
const whole = int64(1) << 62

func (a region) overlaps(b region) bool {
	return a.kind == b.kind && a.number == b.number && a.from < b.to && b.from < a.to
}

func (a region) covers(b region) bool {
	return a.kind == b.kind && a.number == b.number && a.from <= b.from && b.to <= a.to
}

// region gives the memory of a buffer. Offsets of parts are looked at where they and the sizes are known.
func (p *function) region(at int) region {
	b := p.out.Buffers[at]
	switch b.Kind {
	case launch.Part:
		r := p.region(b.Of)
		from, known := p.partAt(at)
		n, sized := launch.BytesOf(p.types[at].Elem, p.types[at].Shape).IsConst()
		if known && sized {
			r.from += from
			r.to = r.from + n
		}
		return r
	case launch.Arena:
		n, _ := launch.BytesOf(p.types[at].Elem, p.types[at].Shape).IsConst()
		return region{launch.Arena, 0, b.Offset, b.Offset + n}
	case launch.Slot:
		return region{launch.Slot, b.Slot, 0, whole}
	}
	return region{"", at, 0, whole}
}

// partAt is where a part starts, in bytes.
func (p *function) partAt(at int) (int64, bool) {
	d, err := ir.ParseDim(p.out.Buffers[at].At)
	if err != nil {
		return 0, false
	}
	n, known := d.IsConst()
	return n * int64(p.types[at].Elem.Bytes()), known
}

// access is what a step did with memory.
type access struct {
	step   int
	region region
	writes bool
}

// hazards finds for each step the earlier ones that have to be over: those that write what it reads or writes, and those that read
// what it writes. The status may be written by several at a time: they all write the same.
func (p *function) hazards() {
	after := make([][]uint64, len(p.uses)) // of each step, those that are over when it starts
	var open []access
	for i, uses := range p.uses {
		var mine []access
		for _, u := range uses {
			if u.buffer != p.status {
				mine = append(mine, access{i, p.region(u.buffer), u.writes})
			}
		}
		var waits []int
		for _, a := range mine {
			for _, b := range open {
				if (a.writes || b.writes) && a.region.overlaps(b.region) {
					waits = append(waits, b.step)
				}
			}
		}
		p.out.Steps[i].Waits, after[i] = least(waits, after)
		open = slices.DeleteFunc(open, func(b access) bool {
			return slices.ContainsFunc(mine, func(a access) bool { return a.writes && a.region.covers(b.region) })
		})
		open = append(open, mine...)
	}
}

// least leaves out the steps that others of a list wait for, and gives all that are over before.
func least(waits []int, after [][]uint64) (list []int, all []uint64) {
	slices.Sort(waits)
	waits = slices.Compact(waits)
	all = make([]uint64, len(after)/64+1)
	for _, w := range slices.Backward(waits) {
		if all[w/64]>>(w%64)&1 != 0 {
			continue
		}
		list = append(list, w)
		all[w/64] |= 1 << (w % 64)
		for k, bits := range after[w] {
			all[k] |= bits
		}
	}
	slices.Reverse(list)
	return list, all
}
