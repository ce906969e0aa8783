package checked

import (
	"encoding/binary"
	"errors"
	"slices"

	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/ir/host"
)

// begin notes that an update writes over a state, and nowhere yet.
func (r *running) begin(u *launch.Undo) error {
	places, err := r.bytes(u.Places)
	if err != nil {
		return err
	}
	for i := range places {
		places[i] = 0xff
	}
	r.undo = append(r.undo, u)
	return nil
}

// restore puts back what updates have written over.
func (r *running) restore() {
	for _, u := range slices.Backward(r.undo) {
		base, err1 := r.bytes(u.Base)
		saved, err2 := r.bytes(u.Saved)
		places, err3 := r.bytes(u.Places)
		if errors.Join(err1, err2, err3) != nil || len(places) == 0 {
			continue // begin has had them
		}
		elem, _ := host.ParseElem(r.seg.fn.Buffers[u.Base].DType)
		length := len(saved) / (len(places) / 8)
		for k := len(places)/8 - 1; k >= 0; k-- {
			if at := int64(binary.LittleEndian.Uint64(places[8*k:])); at >= 0 {
				copy(base[int(at)*elem.Bytes():], saved[k*length:][:length])
			}
		}
	}
	r.undo = nil
}
