package checked

import (
	"fmt"

	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// shape gives the sizes of expressions.
func (r *running) shape(list []string) ([]int, error) {
	shape := make([]int, len(list))
	for i, text := range list {
		n, err := r.eval(text)
		if err != nil {
			return nil, err
		}
		shape[i] = int(n)
	}
	return shape, nil
}

func (r *running) eval(text string) (int64, error) {
	d, err := ir.ParseDim(text)
	if err != nil {
		return 0, err
	}
	return d.Eval(r.c.Eval.Size)
}

// bytes is the memory of a buffer.
func (r *running) bytes(at int) ([]byte, error) {
	if data, ok := r.bound[at]; ok {
		return data, nil
	}
	b := r.seg.fn.Buffers[at]
	elem, _ := host.ParseElem(b.DType)
	shape, err := r.shape(b.Shape)
	if err != nil {
		return nil, err
	}
	n, err := host.SizeBytes(elem, shape)
	if err != nil {
		return nil, err
	}
	switch b.Kind {
	case launch.Status:
		return r.status[:], nil
	case launch.Arena:
		return r.call.arena[b.Offset:][:n:n], nil
	case launch.Slot:
		slot := &r.call.slots[b.Slot]
		if *slot == nil {
			room, err := r.eval(r.seg.fn.Slots[b.Slot])
			if err != nil {
				return nil, err
			}
			*slot = unset(room)
		}
		if n > len(*slot) {
			return nil, fmt.Errorf("buffer %d takes %d bytes of a slot of %d", at, n, len(*slot))
		}
		return (*slot)[:n:n], nil
	case launch.Packed:
		r.bound[at] = unset(int64(n))
		return r.bound[at], nil
	case launch.Part:
		of, err := r.bytes(b.Of)
		if err != nil {
			return nil, err
		}
		from, err := r.eval(b.At)
		if err != nil {
			return nil, err
		}
		start := int(from) * elem.Bytes()
		if start < 0 || start > len(of)-n {
			return nil, fmt.Errorf("buffer %d is %d bytes from %d on of %d", at, n, start, len(of))
		}
		return of[start:][:n:n], nil
	}
	return nil, fmt.Errorf("internal error: buffer %d, which is %s %s, is not there", at, b.Kind, b.Name)
}
