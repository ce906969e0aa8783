package inspect

import (
	"strings"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/quant"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// The purposes of data that is no part of a compressed weight; those parts are called as the operands that
// take them.
const (
	roleWeight  = "weight"
	roleInteger = "integers"
	roleState   = "state"
	roleCodes   = "codes" // what quant.dequantize takes as its data
)

// datum is a resource and what it is for. Resources that share their bytes are one.
type datum struct {
	resource   *ir.Resource
	role       string
	elements   int64 // that are stored
	parameters int64 // numbers of the model that it stands for
	bytes      int64
}

// place tells resources apart by where their bytes are.
type place struct {
	source *ir.Source
	offset int64
	size   int
}

// tensors lists a module's data in its order.
func tensors(m *ir.Module) []*datum {
	var list []*datum
	byName := map[string]*datum{}
	byPlace := map[place]*datum{}
	for _, r := range m.Resources {
		shape, _ := r.Type.Static()
		size, err := host.SizeBytes(r.Type.Elem, shape)
		if err != nil { // the verifier has refused it
			continue
		}
		at := place{r.Source, r.Offset, size}
		if byPlace[at] == nil {
			d := &datum{resource: r, role: roleInteger, bytes: int64(size)}
			d.elements, _ = r.Type.NumElements().IsConst()
			if e := r.Type.Elem; e.IsFloat() || e.IsComplex() {
				d.role, d.parameters = roleWeight, d.elements
			}
			byPlace[at] = d
			list = append(list, d)
		}
		byName[r.Name] = byPlace[at]
	}
	for _, s := range m.States {
		if d := byName[s.Init]; d != nil {
			d.role, d.parameters = roleState, 0
		}
	}
	m.Walk(func(op *ir.Op) { compressed(op, byName) })
	return list
}

// compressed notes what data is to an operation that decodes a weight.
func compressed(op *ir.Op, byName map[string]*datum) {
	if !quant.Compressed(op) {
		return
	}
	for i, v := range op.Operands {
		if v == nil {
			continue
		}
		if d := byName[constant(op.Parent(), v, false)]; d != nil {
			d.role = op.Def.Operands[i].Name
			if d.role == "data" {
				d.role = roleCodes
			}
			if i > 0 {
				d.parameters = 0
			}
		}
	}
	if d := byName[constant(op.Parent(), op.Operands[0], true)]; d != nil {
		if n, ok := op.Result().Type.NumElements().IsConst(); ok {
			d.parameters = max(d.parameters, n)
		}
	}
}

// constant names the resource that a value in f shows; through decoding, too, that which holds its codes.
func constant(f *ir.Func, v *ir.Value, decoding bool) string {
	for {
		switch {
		case v.Def == nil && f.Owner() != nil && f.Owner().Is(core.Kernel):
			v, f = f.Owner().Operands[v.Index], f.Owner().Parent()
		case v.Def == nil:
			return ""
		case v.Def.Is(core.Constant):
			name, _ := v.Def.Attr("value").(ir.Symbol)
			return string(name)
		case v.Def.Def.Traits.Has(ir.View), decoding && quant.Compressed(v.Def):
			v = v.Def.Operands[0]
		default:
			return ""
		}
	}
}

// folders lists the modules that a weight is in, from the model down to a depth, by its name: fc1.weight is in fc1, and so
// is fc1.weight.scale.
func (d *datum) folders(depth int) []string {
	names := strings.Split(d.resource.Name, ".")
	names = names[:len(names)-1]
	if n := len(names); n > 0 && (names[n-1] == "weight" || names[n-1] == "bias") {
		names = names[:n-1]
	}
	list := []string{""}
	for level := 1; level <= min(depth, len(names)); level++ {
		list = append(list, strings.Join(names[:level], "."))
	}
	return list
}
