package walk

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/ir/host"
)

// restore puts back what updates have written over. All that was queued must be over.
func (f *Frame) restore() error {
	for _, u := range slices.Backward(f.undo) {
		if err := f.putBack(u); err != nil {
			return fmt.Errorf("putting back what was in a state: %w", err)
		}
	}
	f.undo = nil
	return nil
}

func (f *Frame) putBack(u *launch.Undo) error {
	base, err := f.place(u.Base)
	if err != nil {
		return err
	}
	saved, err := f.Take(u.Saved)
	if err != nil {
		return err
	}
	places, err := f.Take(u.Places)
	if err != nil {
		return err
	}
	elem, _ := host.ParseElem(f.fn.Buffers[u.Base].DType)
	length := len(saved) / (len(places) / 8)
	for k := len(places)/8 - 1; k >= 0; k-- {
		at := int64(binary.LittleEndian.Uint64(places[8*k:]))
		if at < 0 {
			continue
		}
		if at > int64(base.Len-length)/int64(elem.Bytes()) {
			return fmt.Errorf("a run of %d bytes at element %d of a state of %d bytes", length, at, base.Len)
		}
		if err := base.Block.Write(base.At+int(at)*elem.Bytes(), saved[k*length:][:length]); err != nil {
			return err
		}
	}
	return nil
}
