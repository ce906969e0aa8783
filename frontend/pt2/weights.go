package pt2

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/aiopt/aiopt/ir/host"
)

// Store is one of the two places where an archive keeps tensors.
type Store uint8

// The stores.
const (
	Weights   Store = iota // the state_dict: parameters and persistent buffers
	Constants              // lifted constants and buffers that are not persistent
)

var stores = [...]struct{ name, folder, config string }{
	Weights:   {"weights", "data/weights/", "_weights_config.json"},
	Constants: {"constants", "data/constants/", "_constants_config.json"},
}

// String names the store.
func (s Store) String() string { return stores[s].name }

// payload is one line of a store's configuration.
type payload struct {
	path   string
	pickle bool
	meta   *TensorMeta // nil for a Python object
}

// Tensor is a view of an entry's bytes: element i, j, ... is at Offset + i*Strides[0] + j*Strides[1] + ... elements.
// Every index lies inside the entry, and the number of elements fits in an int64.
type Tensor struct {
	Entry          Entry
	Elem           host.Elem
	Sizes, Strides []int64
	Offset         int64
}

// Tensor finds a weight or constant by its fully qualified name, such as layers.0.bias. It reads no data.
func (m *Model) Tensor(fqn string, store Store) (*Tensor, error) {
	at := fmt.Sprintf("%s%s%s at config[%q]", stores[store].folder, m.Name, stores[store].config, fqn)
	t, err := m.tensor(fqn, store, at)
	if err != nil {
		return nil, m.archive.locate(err)
	}
	return t, nil
}

func (m *Model) tensor(fqn string, store Store, at string) (*Tensor, error) {
	p, ok := m.payloads[store][fqn]
	if !ok {
		return nil, problem(at, trySave, "model %q uses this tensor, but the %s list has no such name among its %d",
			m.Name, store, len(m.payloads[store]))
	}
	if p.meta == nil {
		return nil, problem(at, "", "found a pickled Python object (%s), expected a tensor", p.path)
	}
	if p.pickle {
		return nil, problem(at, "turn the weight into plain tensors before torch.export.export (for torchao: unwrap_tensor_subclass), or quantize with aiopt instead",
			"the weight is a pickled tensor subclass (use_pickle), expected raw bytes")
	}
	entry, ok := m.archive.lookup(stores[store].folder + p.path)
	if !ok {
		return nil, problem(at, tryCopy, "its bytes should be in entry %q, which the archive lacks", stores[store].folder+p.path)
	}
	t := &Tensor{Entry: entry}
	if err := t.setMeta(p.meta, at); err != nil {
		return nil, err
	}
	if err := t.checkRange(at); err != nil {
		return nil, err
	}
	return t, nil
}

func (t *Tensor) setMeta(meta *TensorMeta, at string) error {
	if meta.Layout != Strided {
		return problem(at, "call to_dense() on the weight before export", "found a %s tensor, expected a strided one", meta.Layout)
	}
	elem, ok := meta.DType.Elem()
	if !ok {
		return problem(at, "convert the weight before export", "the dtype %s is not supported", meta.DType)
	}
	t.Elem = elem
	if len(meta.Sizes) != len(meta.Strides) {
		return problem(at, trySave, "found %d sizes and %d strides, expected as many of each", len(meta.Sizes), len(meta.Strides))
	}
	t.Sizes = make([]int64, len(meta.Sizes))
	t.Strides = make([]int64, len(meta.Strides))
	constant := true
	set := func(to *int64, from Sym[int64]) {
		value, ok := from.Const()
		constant = constant && ok && value >= 0
		*to = value
	}
	for i := range t.Sizes {
		set(&t.Sizes[i], meta.Sizes[i])
		set(&t.Strides[i], meta.Strides[i])
	}
	set(&t.Offset, meta.StorageOffset)
	if !constant {
		return problem(at, trySave, "a size, stride or storage offset is symbolic or negative, expected numbers from 0 on")
	}
	return nil
}

// checkRange proves that the last element lies inside the entry.
func (t *Tensor) checkRange(at string) error {
	count, last, fits := int64(1), t.Offset, true
	for i, size := range t.Sizes {
		if size == 0 {
			return nil // no element, so none is outside
		}
		var reach int64
		count, fits = mulAdd(count, size, 0, fits)
		reach, fits = mulAdd(size-1, t.Strides[i], last, fits)
		last = reach
	}
	end, fits := mulAdd(last, int64(t.Elem.Bytes()), int64(t.Elem.Bytes()), fits)
	if !fits || end > t.Entry.Size {
		need := fmt.Sprint(end)
		if !fits {
			need = "more than 2^63"
		}
		return problem(at, tryCopy, "a %s view with sizes %v, strides %v, offset %d needs %s bytes, but entry %s has %d",
			t.Elem, t.Sizes, t.Strides, t.Offset, need, t.Entry.Name, t.Entry.Size)
	}
	return nil
}

// mulAdd is a*b + c for numbers that are not negative; fits becomes false, and stays so, when it overflows.
func mulAdd(a, b, c int64, fits bool) (int64, bool) {
	high, low := bits.Mul64(uint64(a), uint64(b))
	low, carry := bits.Add64(low, uint64(c), 0)
	return int64(low), fits && high == 0 && carry == 0 && low <= math.MaxInt64
}

// readPayloads decodes a store's configuration.
func (m *Model) readPayloads(store Store) error {
	folder := stores[store].folder
	e, ok := m.archive.lookup(folder + m.Name + stores[store].config)
	if !ok {
		if _, ok := m.archive.lookup(folder + m.Name + ".pt"); ok {
			return problem(folder+m.Name+".pt", tryResave, "the %s are pickled, as torch 2.8 writes them", store)
		}
		return problem(folder+m.Name+stores[store].config, tryCopy, "the archive lacks this entry, which lists the %s of model %q", store, m.Name)
	}
	if err := e.Check(); err != nil {
		return err
	}
	list := map[string]payload{}
	d := newDecoder(e.Data, &m.archive.budget)
	for key := range d.object() {
		if key != "config" {
			d.skip()
			continue
		}
		for fqn := range d.object() {
			if _, ok := list[fqn]; ok {
				d.fail("the name %q is listed twice", fqn)
			}
			d.charge(mapEntry + 64)
			list[fqn] = d.payload()
		}
	}
	m.payloads[store] = list
	return d.finish(e.Name)
}

func (d *decoder) payload() payload {
	var p payload
	for key := range d.object() {
		switch key {
		case "path_name":
			p.path = d.text()
		case "use_pickle":
			p.pickle = d.bool()
		case "tensor_meta":
			if !d.null() {
				p.meta = d.tensorMeta()
			}
		default:
			d.skip()
		}
	}
	return p
}
