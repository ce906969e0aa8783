package inspect

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/asset"
)

// Summary is what `aiopt inspect --json` prints. Keys are only added, never changed; lists are never null.
type Summary struct {
	File      string          `json:"file"`
	Kind      string          `json:"kind"`       // airpkg, air or pt2
	FileBytes int64           `json:"file_bytes"` // of that one file
	Verified  bool            `json:"verified"`   // all data was read and held against its sums
	Module    string          `json:"module"`
	Origin    asset.Origin    `json:"origin"`
	Functions []Function      `json:"functions"`
	States    []asset.Port    `json:"states"`
	Variants  []asset.Variant `json:"variants"`
	Weights   Weights         `json:"weights"`
	Modules   []Folder        `json:"modules"` // of the PyTorch model, a tree in the order of the file
	Ops       []Count         `json:"ops"`     // the most frequent first
	Entries   []asset.Part    `json:"entries"` // of an asset, beside its manifest
}

// Function is a function of the model and the work of a call, a number or an expression of its sizes. It is unknown, and
// empty, before PyTorch's calls are lowered.
type Function struct {
	asset.Function
	MultiplyAdds asset.Size `json:"multiply_adds,omitempty"`
}

// Weights is the size of all data.
type Weights struct {
	Tensors       int     `json:"tensors"`
	Bytes         int64   `json:"bytes"`
	Parameters    int64   `json:"parameters"`      // floating point numbers, compressed ones as many as they stand for
	BitsPerWeight float64 `json:"bits_per_weight"` // bits of all that stands for parameters, over their number
	Storage       []Store `json:"storage"`         // the largest first
}

// Store is the data of one purpose and element type.
type Store struct {
	Role     string `json:"role"` // weight, integers, state, or what it is to a compressed weight: codes, scale, lut ...
	DType    string `json:"dtype"`
	Tensors  int    `json:"tensors"`
	Elements int64  `json:"elements"`
	Bytes    int64  `json:"bytes"`
}

// Folder is a module of the PyTorch model with all below it.
type Folder struct {
	Path       string `json:"path"` // such as encoder.layers; empty for the model
	Depth      int    `json:"depth"`
	Tensors    int    `json:"tensors"`
	Parameters int64  `json:"parameters"`
	Bytes      int64  `json:"bytes"`
}

// Count is how often an operation stands in the program, bodies included.
type Count struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
}

// Of sums up a loaded module; modules of the model are listed down to a depth.
func Of(m *ir.Module, path string, depth int) *Summary {
	d := asset.Describe(m)
	s := &Summary{
		File: path, Kind: strings.TrimPrefix(filepath.Ext(path), "."), Module: m.Name, Origin: d.Origin,
		Functions: []Function{}, States: d.States, Variants: d.Variants, Ops: countOps(m), Entries: []asset.Part{},
	}
	for i, f := range m.Funcs {
		s.Functions = append(s.Functions, Function{d.Functions[i], work(m, f)})
	}
	if info, err := os.Stat(path); err == nil {
		s.FileBytes = info.Size()
	}
	data := tensors(m)
	s.Weights = sizes(data)
	s.Modules = folders(data, depth)
	return s
}

// work counts the multiply-adds of a function whose calls of PyTorch are lowered.
func work(m *ir.Module, f *ir.Func) asset.Size {
	lowered := true
	f.WithBodies(func(b *ir.Func) {
		lowered = lowered && !slices.ContainsFunc(b.Ops, func(op *ir.Op) bool { return op.Def.Dialect() == "torch" })
	})
	if !lowered {
		return ""
	}
	return asset.Size(m.MultiplyAdds(f).String())
}

// countOps counts operations by name, calls of PyTorch by what they call.
func countOps(m *ir.Module) []Count {
	counts := map[string]int{}
	m.Walk(func(op *ir.Op) {
		name := op.Def.Name
		if callee, ok := op.Attr("callee").(ir.String); ok && op.Def.Dialect() == "torch" {
			name += " " + string(callee)
		}
		counts[name]++
	})
	list := []Count{}
	for name, n := range counts {
		list = append(list, Count{name, n})
	}
	slices.SortFunc(list, func(a, b Count) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name)) })
	return list
}

// sizes adds up data by purpose and type.
func sizes(data []*datum) Weights {
	w := Weights{Storage: []Store{}}
	at := map[[2]string]int{}
	counted := int64(0)
	for _, d := range data {
		key := [2]string{d.role, d.resource.Type.Elem.String()}
		i, ok := at[key]
		if !ok {
			i = len(w.Storage)
			at[key] = i
			w.Storage = append(w.Storage, Store{Role: key[0], DType: key[1]})
		}
		s := &w.Storage[i]
		s.Tensors++
		s.Elements += d.elements
		s.Bytes += d.bytes
		w.Tensors++
		w.Bytes += d.bytes
		w.Parameters += d.parameters
		if d.role != roleInteger && d.role != roleState {
			counted += d.bytes
		}
	}
	if w.Parameters > 0 {
		w.BitsPerWeight = 8 * float64(counted) / float64(w.Parameters)
	}
	slices.SortStableFunc(w.Storage, func(a, b Store) int { return cmp.Compare(b.Bytes, a.Bytes) })
	return w
}

// folders adds up data by the modules that its names stand for.
func folders(data []*datum, depth int) []Folder {
	list := []Folder{{}}
	at := map[string]int{"": 0}
	for _, d := range data {
		for level, path := range d.folders(depth) {
			i, ok := at[path]
			if !ok {
				i = len(list)
				at[path] = i
				list = append(list, Folder{Path: path, Depth: level})
			}
			list[i].Tensors++
			list[i].Parameters += d.parameters
			list[i].Bytes += d.bytes
		}
	}
	first := map[string]int{} // where each path stands in the file, so that a tree is in one piece
	for i, f := range list {
		first[f.Path] = i
	}
	slices.SortStableFunc(list, func(a, b Folder) int {
		for level := 1; ; level++ {
			x, y := ancestor(a.Path, level), ancestor(b.Path, level)
			if x != y || x == a.Path || y == b.Path {
				return cmp.Or(cmp.Compare(first[x], first[y]), cmp.Compare(a.Depth, b.Depth))
			}
		}
	})
	return list
}

// ancestor is the part of a path with so many names, or all of it.
func ancestor(path string, level int) string {
	names := strings.Split(path, ".")
	return strings.Join(names[:min(level, len(names))], ".")
}
