package pt2

import (
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/ir/host"
)

// samplesFolder holds the inputs that programs were exported with, pickled by torch.save.
const samplesFolder = "data/sample_inputs/"

// SampleInputs gives the tensors that a program was exported with: those among the positional arguments, then those among the
// arguments by name, in their order. It gives none where the file has none. The tensors share the file's bytes.
func (a *Archive) SampleInputs(model string) ([]*host.Tensor, error) {
	e, ok := a.lookup(samplesFolder + model + ".pt")
	if !ok || e.Size == 0 {
		return nil, nil
	}
	list, err := a.readSamples(e)
	if err != nil {
		return nil, a.locate(fmt.Errorf("%s: %w", e.Name, err))
	}
	return list, nil
}

func (a *Archive) readSamples(e Entry) ([]*host.Tensor, error) {
	data, err := a.Checked(e)
	if err != nil {
		return nil, err
	}
	inner, err := ReadContainer(data, e.Name)
	if err != nil {
		return nil, err
	}
	text, ok := inner.lookup("data.pkl")
	if !ok {
		return nil, fmt.Errorf("it has no data.pkl")
	}
	if order, ok := inner.lookup("byteorder"); ok && string(order.Data) != "little" {
		return nil, fmt.Errorf("its byte order is %.10q, expected little", order.Data)
	}
	p := &unpickler{data: text.Data, memo: map[int]any{}, bytes: func(key string) ([]byte, error) {
		s, ok := inner.lookup("data/" + key)
		if !ok {
			return nil, fmt.Errorf("there is no storage %.40q", key)
		}
		return inner.Checked(s)
	}}
	value, err := p.run()
	if err != nil {
		return nil, fmt.Errorf("data.pkl: %w", err)
	}
	var list []*host.Tensor
	left := maxSampleParts
	if !gather(value, &list, &left) {
		return nil, fmt.Errorf("data.pkl has more than %d parts", maxSampleParts)
	}
	return list, nil
}

// maxSampleParts bounds what a pickle unfolds to, in which parts may be shared.
const maxSampleParts = 1 << 16

// gather lists the tensors of a value in order; it gives false where there is too much.
func gather(value any, list *[]*host.Tensor, left *int) bool {
	if *left--; *left < 0 {
		return false
	}
	switch v := value.(type) {
	case *host.Tensor:
		*list = append(*list, v)
	case dict:
		return gather(v.group, list, left)
	case *group:
		return !slices.ContainsFunc(v.items, func(item any) bool { return !gather(item, list, left) })
	}
	return true
}

// storages are the element types of PyTorch's storage classes.
var storages = map[string]host.Elem{
	"torch DoubleStorage": host.F64, "torch FloatStorage": host.F32, "torch HalfStorage": host.F16, "torch BFloat16Storage": host.BF16,
	"torch LongStorage": host.I64, "torch IntStorage": host.I32, "torch ShortStorage": host.I16, "torch CharStorage": host.I8,
	"torch ByteStorage": host.U8, "torch BoolStorage": host.Bool, "torch ComplexFloatStorage": host.C64, "torch ComplexDoubleStorage": host.C128,
}

// storage is what a persistent name stands for.
type storage struct {
	elem host.Elem
	data []byte
}

// rebuild is torch._utils._rebuild_tensor_v2(storage, offset, size, stride, ...).
func rebuild(args []any) (*host.Tensor, error) {
	if len(args) < 4 {
		return nil, fmt.Errorf("a tensor has %d parts, expected 4 or more", len(args))
	}
	s, ok := args[0].(storage)
	offset, whole := args[1].(int)
	shape, sized := ints(args[2])
	strides, strided := ints(args[3])
	if !ok || !whole || !sized || !strided {
		return nil, fmt.Errorf("a tensor is not made of a storage, an offset, sizes and strides")
	}
	return host.View(s.elem, shape, strides, offset, s.data)
}

func ints(value any) ([]int, bool) {
	g, ok := value.(*group)
	if !ok {
		return nil, false
	}
	list := make([]int, len(g.items))
	for i, item := range g.items {
		if list[i], ok = item.(int); !ok {
			return nil, false
		}
	}
	return list, true
}
