package native

import (
	"encoding/binary"

	"github.com/aiopt/aiopt/backend/cpu/memory"
	"github.com/aiopt/aiopt/backend/kernel"
)

// written is what an update of a segment writes over and saves.
type written struct {
	tensor        int    // the index of what is written over
	offset        int    // of the update's base in it, in bytes
	places, saved int    // offsets of where runs of bytes start, and of what was there
	runs, length  int    // how many, and bytes in each
	elem          int    // bytes of an element, which places count
	base          []byte // in the call that is going on
}

// nowhere is the place of a run that has not been written.
const nowhere = -1

// update gives what a step saves its place.
func (p *preparing) update(st *segmentStep) error {
	if st.plan.InPlace == nil {
		return nil
	}
	runs, err := p.eval(st.plan.InPlace.Runs)
	if err != nil {
		return err
	}
	length, err := p.eval(st.plan.InPlace.Length)
	if err != nil {
		return err
	}
	root, offset := p.s.root(st.op.Operands[0])
	from, err := p.eval(offset)
	if err != nil {
		return err
	}
	elem := root.Type.Elem.Bytes()
	w := written{tensor: p.s.index[root], offset: int(from) * elem, runs: int(runs), length: int(length) * elem, elem: elem}
	w.places, w.saved = p.saved, p.saved+memory.Aligned(w.runs*8)
	p.saved = w.saved + memory.Aligned(w.runs*w.length)
	p.updates = append(p.updates, w)
	return nil
}

// savedAt gives the place and the size of what the last update saves.
func (p *preparing) savedAt(kind kernel.Role) (at, bytes int) {
	w := &p.updates[len(p.updates)-1]
	if kind == kernel.Places {
		return w.places, w.runs * 8
	}
	return w.saved, w.runs * w.length
}

// overwrite notes in which tensors the updates write, and that they have not yet.
func (s *session) overwrite(pr *prepared, saved []byte) {
	pr.before = saved
	for i := range pr.updates {
		w := &pr.updates[i]
		t := s.tensors[w.tensor]
		w.base = t.Data[t.Offset*t.Elem.Bytes()+w.offset:]
		places := saved[w.places:][:w.runs*8]
		for k := range places {
			places[k] = 0xff // nowhere, in every word
		}
	}
}

// restore puts back what the updates have written over, the last first.
func (p *prepared) restore() {
	for i := len(p.updates) - 1; i >= 0; i-- {
		w := &p.updates[i]
		for k := w.runs - 1; k >= 0; k-- {
			place := int64(binary.LittleEndian.Uint64(p.before[w.places+8*k:]))
			if place != nowhere {
				copy(w.base[int(place)*w.elem:], p.before[w.saved+k*w.length:][:w.length])
			}
		}
	}
}
