// Genexamples adds to tools/operators/examples.air: of each operator that decompose lowers and that has no example there, the
// smallest call in the programs given. Run it from the project's root on folders or zips of .pt2 and .air files; its own
// folder has calls.air, what torch.export cannot export here:
//
//	python tests/genexamples/export.py build/calls
//	go run ./tests/genexamples build/calls tests/genexamples tests/corpus/*.zip
//
// Examples that are there stay; one that is to be made anew is removed from the file first, all with -all.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/torch"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/ir/text"
	"github.com/aiopt/aiopt/tests/corpus"
	"github.com/aiopt/aiopt/tools/operators"
)

const file = "tools/operators/examples.air"

func main() {
	all := flag.Bool("all", false, "make every example anew")
	flag.Parse()
	if err := run(flag.Args(), *all); err != nil {
		fmt.Fprintln(os.Stderr, "genexamples:", err)
		os.Exit(1)
	}
}

func run(sources []string, all bool) error {
	g := &generator{kit: aiopt.Standard(), kept: map[string]*ir.Func{}, best: map[string]example{}, failed: map[string]error{}}
	present, err := text.Parse(file, []byte(operators.Examples()), g.kit.Ops)
	if err != nil {
		return err
	}
	for _, f := range present.Funcs {
		if !all {
			g.kept[f.Name] = f
		}
	}
	for _, source := range sources {
		if err := g.read(source); err != nil {
			return err
		}
	}
	m := &ir.Module{Name: present.Name, Funcs: slices.Collect(maps.Values(g.kept))}
	for _, name := range slices.Sorted(maps.Keys(g.best)) {
		fmt.Println("new:", name)
		m.Funcs = append(m.Funcs, g.best[name].f)
	}
	for _, name := range slices.Sorted(maps.Keys(g.failed)) {
		if _, ok := g.best[name]; !ok {
			fmt.Printf("none: %s: %v\n", name, g.failed[name])
		}
	}
	slices.SortFunc(m.Funcs, func(a, b *ir.Func) int { return cmp.Compare(a.Name, b.Name) })
	var b strings.Builder
	if err := text.Print(&b, m, text.Options{}); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(b.String()), 0o644)
}

// generator holds the best example of each target so far.
type generator struct {
	kit    *aiopt.Toolkit
	kept   map[string]*ir.Func
	best   map[string]example
	failed map[string]error // why the last call of a target makes no example
}

// example is a function of one call. The one of least cost is kept, of equal ones the first by its text.
type example struct {
	f    *ir.Func
	cost int
	text string
}

// read offers the calls of all programs of a folder or a zip.
func (g *generator) read(source string) error {
	if filepath.Ext(source) == ".zip" {
		dir, err := os.MkdirTemp("", "genexamples")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		if err := corpus.Unpack(source, dir); err != nil {
			return err
		}
		source = dir
	}
	var paths []string
	for _, ext := range []string{"*.pt2", "*.air"} {
		found, err := filepath.Glob(filepath.Join(source, ext))
		if err != nil {
			return err
		}
		paths = append(paths, found...)
	}
	if len(paths) == 0 {
		return fmt.Errorf("%s: found no .pt2 and no .air files", source)
	}
	for _, path := range paths {
		m, err := g.kit.Load(path, aiopt.LoadOptions{})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			continue
		}
		m.Walk(func(op *ir.Op) {
			if op.Is(torch.Call) {
				g.offer(op)
			}
		})
	}
	return nil
}

// offer takes a call as the example of its target if it is a better one.
func (g *generator) offer(op *ir.Op) {
	name := calleeOf(op)
	if g.kept[name] != nil || g.kit.Lowerings.Lookup(name) == nil || !static(op) {
		return
	}
	cost := costOf(op)
	best, have := g.best[name]
	if have && cost > best.cost {
		return
	}
	for _, constants := range []bool{false, true} {
		for _, results := range [][]int{every(op), used(op), {0}} {
			e := example{f: function(op, constants, results), cost: cost}
			e.text = text.Sprint(&ir.Module{Name: "m", Funcs: []*ir.Func{e.f}})
			if have && cost == best.cost && cmp.Or(cmp.Compare(len(e.text), len(best.text)), cmp.Compare(e.text, best.text)) >= 0 {
				return
			}
			if g.failed[name] = g.check(e.text); g.failed[name] == nil {
				g.best[name] = e
				return
			}
		}
	}
}

// check lowers an example.
func (g *generator) check(src string) error {
	m, err := text.Parse("example", []byte(src), g.kit.Ops)
	if err != nil {
		return err
	}
	if err := g.kit.Lowerings.Decompose(m, nil); err != nil {
		return err
	}
	return ir.Verify(m)
}

func calleeOf(op *ir.Op) string {
	a, _ := op.Attrs.Get("callee")
	s, _ := a.(ir.String)
	return string(s)
}

// static reports whether the call depends on no symbol but those it binds.
func static(op *ir.Op) bool {
	known := func(d ir.Dim) bool {
		return !slices.ContainsFunc(d.Symbols(), func(s string) bool { return !slices.Contains(op.Binds(), s) })
	}
	for _, v := range slices.Concat(op.Operands, op.Results) {
		if v != nil && slices.ContainsFunc(v.Type.Shape, func(d ir.Dim) bool { return !known(d) }) {
			return false
		}
	}
	var fixed func(a ir.Attr) bool
	fixed = func(a ir.Attr) bool {
		switch a := a.(type) {
		case ir.DimAttr:
			return known(a.Dim)
		case ir.Dims:
			return !slices.ContainsFunc(a, func(d ir.Dim) bool { return !known(d) })
		case ir.List:
			return !slices.ContainsFunc(a, func(it ir.Attr) bool { return !fixed(it) })
		}
		return true
	}
	return !slices.ContainsFunc(op.Attrs, func(a ir.Named) bool { return !fixed(a.Value) })
}

// costOf counts elements, and holds against a call what shows little: sizes of 0, tensors of one element only, uncommon
// element types.
func costOf(op *ir.Op) int {
	cost, several := 0, false
	for _, v := range slices.Concat(op.Operands, op.Results) {
		if v == nil {
			continue
		}
		n := 1
		for _, d := range v.Type.Shape {
			size, ok := d.IsConst()
			if !ok {
				size = 4
			}
			n *= int(size)
		}
		if n == 0 {
			cost += 10000
		}
		if e := v.Type.Elem; e != host.F32 && (e.IsFloat() || e.IsComplex()) {
			cost += 100
		}
		cost += n
		several = several || n > 1
	}
	if !several {
		cost += 1000
	}
	return cost
}

func every(op *ir.Op) []int {
	var list []int
	for i := range op.Results {
		list = append(list, i)
	}
	return list
}

func used(op *ir.Op) []int {
	return slices.DeleteFunc(every(op), func(i int) bool { return !op.Results[i].Used() })
}

// function holds one call; its parameters are the call's tensors, named as its arguments. With constants, those that are
// numbers in the program stay constants.
func function(op *ir.Op, constants bool, results []int) *ir.Func {
	f := &ir.Func{Name: calleeOf(op)}
	loc := &ir.Loc{}
	values := map[*ir.Value]*ir.Value{}
	names := argumentNames(op)
	var operands []*ir.Value
	for i, v := range op.Operands {
		if values[v] == nil {
			if constants && v.Def != nil && v.Def.Is(core.Constant) && len(v.Def.Attrs) == 1 {
				c := ir.NewOp(core.Constant, slices.Clone(v.Def.Attrs), []ir.Type{v.Type}, nil, nil, loc)
				c.Results[0].Name = names[i]
				f.Append(c)
				values[v] = c.Results[0]
			} else {
				values[v] = f.AddParam(names[i], v.Type, ir.Input).Value
			}
		}
		operands = append(operands, values[v])
	}
	for _, s := range op.Binds() {
		f.AddDim(&ir.DimDecl{Name: s, Min: 0, Max: ir.Unbounded})
	}
	var types []ir.Type
	for _, r := range op.Results {
		types = append(types, r.Type)
	}
	call := ir.NewOp(torch.Call, slices.Clone(op.Attrs), types, operands, nil, loc)
	f.Append(call)
	var returned []*ir.Value
	for i, r := range call.Results {
		r.Name = "out"
		if len(call.Results) > 1 {
			r.Name = fmt.Sprintf("out%d", i)
		}
		if slices.Contains(results, i) {
			f.Results = append(f.Results, &ir.Result{Name: r.Name, Type: r.Type})
			returned = append(returned, r)
		}
	}
	f.Append(ir.NewOp(core.Return, nil, nil, returned, nil, loc))
	return f
}

// argumentNames gives each operand the name of the argument that it is, or is an item of.
func argumentNames(op *ir.Op) []string {
	names := make([]string, len(op.Operands))
	set := func(a ir.Attr, name string) {
		if r, ok := a.(ir.Ref); ok && names[r] == "" {
			names[r] = name
		}
	}
	for _, a := range op.Attrs {
		if list, ok := a.Value.(ir.List); ok {
			for i, it := range list {
				set(it, fmt.Sprintf("%s%d", a.Name, i))
			}
		}
		set(a.Value, a.Name)
	}
	return names
}
