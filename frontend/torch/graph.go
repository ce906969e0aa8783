package torch

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/dialect/core"
	torchdialect "github.com/aiopt/aiopt/dialect/torch"
	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

var callDef = torchdialect.Call

// graph turns one graph of the file, the program's own or a body's, into operations of a function.
type graph struct {
	fn      *function
	g       *pt2.Graph
	f       *ir.Func
	build   *ir.Builder
	path    string // of bodies, such as true_graph_0/
	tensors map[string]*tensor
	ints    map[string]ir.Dim    // symbolic integers that are no expression of the file: a body's parameters
	scalars map[string]*ir.Value // symbolic floats and bools

	autocast bool // in a region in which PyTorch converts operands to the type that it computes in
}

func (fn *function) newGraph(g *pt2.Graph, f *ir.Func, path string) *graph {
	return &graph{
		fn: fn, g: g, f: f, build: ir.Append(f, ir.Unknown), path: path,
		tensors: map[string]*tensor{}, ints: map[string]ir.Dim{}, scalars: map[string]*ir.Value{},
	}
}

// A write through a view makes calls for each view between it and the memory, and so do later reads of views. The calls of
// a function are bounded, as a small file may ask for any number of them.
const (
	freeCalls    = 1 << 14
	callsPerNode = 4
)

func (fn *function) maxCalls() int {
	return freeCalls + callsPerNode*(len(fn.prog.Model.Inputs)+fn.nodes)
}

// run imports every node. A node that fails is reported, and what it would have given is skipped.
func (g *graph) run() {
	g.fn.nodes += len(g.g.Nodes)
	for _, n := range g.g.Nodes {
		if g.fn.refused {
			return
		}
		g.build.Loc = g.fn.locs.of(&n.Meta)
		if err := g.node(n); err != nil {
			if !errors.Is(err, errSkipped) {
				g.fn.problem(fmt.Sprintf("node %q (%s)", g.path+n.Name, callee(n.Target)), g.build.Loc, err)
			}
			g.skip(n.Outputs)
		}
	}
	g.build.Loc = ir.Unknown
}

func (g *graph) skip(outputs []pt2.Argument) {
	for _, out := range outputs {
		g.skip(out.List)
		if out.Kind == pt2.ArgTensor && g.tensors[out.Name] == nil {
			g.tensors[out.Name] = nil
		}
		if out.Kind == pt2.ArgSymFloat || out.Kind == pt2.ArgSymBool {
			g.scalars[out.Name] = nil
		}
	}
}

// checks are operators without a result that compare or ask what the types say already, or data that nothing depends on.
var checks = []string{
	"aten._assert_tensor_metadata", "aten._assert_async", "aten._functional_assert_async", "aten._print",
	"aten.sym_constrain_range", "aten.sym_constrain_range_for_size", "aten._functional_sym_constrain_range",
	"aten.promote_types", "aten.result_type",
}

func (g *graph) node(n *pt2.Node) error {
	target := callee(n.Target)
	op := operator(target)
	switch {
	case slices.Contains(checks, op) && !slices.ContainsFunc(n.Outputs, func(a pt2.Argument) bool { return a.Kind != pt2.ArgNone }):
		return nil
	case op == "aten._assert_scalar":
		return g.assertScalar(n)
	case strings.HasPrefix(target, "higher_order."):
		return g.higherOrder(n, strings.TrimPrefix(target, "higher_order."))
	case strings.HasPrefix(target, kernelSpace):
		return g.metalKernel(n, target)
	}
	if symbolic(n) {
		if known, err := g.sizeNode(n); known || err != nil {
			return err
		}
	}
	schema := g.fn.schemas.find(target)
	if schema == nil {
		if err := g.fn.unknown(n, target); err != nil {
			return err
		}
		return g.plain(n, target, nil)
	}
	if err := schema.check(n); err != nil {
		return err
	}
	return g.withSchema(n, schema)
}

// withSchema imports a call that fits its schema.
func (g *graph) withSchema(n *pt2.Node, s *Schema) error {
	op := operator(s.Callee)
	if slices.Contains(memoryReaders, op) {
		if done, err := g.readMemory(n, s); done || err != nil {
			return err
		}
	}
	_, isStatistic := statistics[op]
	switch {
	case strings.HasPrefix(op, "aten._foreach_"):
		return g.foreach(n, s)
	case s.mutates() && !isStatistic:
		return g.mutate(n, s)
	}
	if err := g.plain(n, s.Callee, s); err != nil || !isStatistic {
		return err
	}
	return g.runningStatistics(n, s)
}

// plain makes one call for a node.
func (g *graph) plain(n *pt2.Node, target string, schema *Schema) error {
	c := g.newCall(target)
	if err := c.arguments(n, schema); err != nil {
		return err
	}
	names, types, err := g.resultTypes(n.Outputs)
	if err != nil {
		return err
	}
	if err := g.bindNumbers(c, n); err != nil {
		return err
	}
	if fix := misstated[operator(target)]; fix != nil {
		fix(c, types)
	}
	if g.autocast && !slices.Contains(conversions, operator(target)) {
		if err := c.autocast(types); err != nil {
			return err
		}
	}
	results, err := c.emit(types...)
	if err != nil {
		return err
	}
	for i, name := range names {
		g.result(name, results[i])
	}
	if len(results) == 0 {
		return nil
	}
	return g.share(n, schema, results[0].Def, names)
}

// conversions are operators that give another type than they take.
var conversions = []string{"aten.to", "aten._to_copy", "aten.type_as", "aten.copy", "aten.view"}

// autocast converts float operands to the type that the file states for the result, as an autocast region does.
func (c *call) autocast(types []ir.Type) error {
	if len(types) == 0 || !types[0].Elem.IsFloat() {
		return nil
	}
	for i, v := range c.operands {
		if !v.Type.Elem.IsFloat() {
			continue
		}
		var err error
		if c.operands[i], err = c.g.cast(v, types[0].Elem); err != nil {
			return err
		}
	}
	return nil
}

// bindNumbers makes the call bind the symbols that its integer results stand for.
func (g *graph) bindNumbers(c *call, n *pt2.Node) error {
	var binds ir.Dims
	for _, out := range n.Outputs {
		if out.Kind != pt2.ArgSymInt {
			continue
		}
		d, err := g.symInt(out.Name)
		var head *ir.DimHeadError
		if errors.As(err, &head) { // a rounded float: its value is known when the call has run
			d = ir.Sym(g.freshSymbol(out.Name))
			g.fn.syms.fresh[g.g.SymInts[out.Name].Expr] = d
			err = nil
		}
		if err != nil {
			return err
		}
		missing := undeclared(g.f, d)
		if missing == "" {
			continue
		}
		if s, ok := d.IsSym(); !ok {
			return fmt.Errorf("the result %s is %s, and nothing gives the symbol %s", out.Name, d, missing)
		} else {
			g.fn.declare(g.f, s, false)
			binds = append(binds, d)
		}
	}
	if len(binds) > 0 {
		c.set("binds", binds)
	}
	return nil
}

func (g *graph) freshSymbol(wish string) string {
	wish = notInNames.ReplaceAllString(wish, "_")
	if ir.DimNameError(wish) != nil {
		wish = "n_" + wish
	}
	name := wish
	for i := 1; g.f.Dim(name) != nil; i++ {
		name = fmt.Sprintf("%s_%d", wish, i)
	}
	return name
}

// defined checks that all symbols of a size have a value where it is used.
func (g *graph) defined(d ir.Dim) error {
	if s := undeclared(g.f, d); s != "" {
		return fmt.Errorf("the size %s is used before anything gives the symbol %s a value", d, s)
	}
	return nil
}

// result names a result after the file and makes it known.
func (g *graph) result(name string, v *ir.Value) {
	if m := g.g.Tensors[name]; m != nil {
		g.own(name, m, v)
		g.claim(v, name)
		return
	}
	v.Name = name
	g.scalars[name] = v
}

// claim says that a value equals the tensor of that name in the PyTorch program.
func (g *graph) claim(v *ir.Value, name string) {
	if v.Name == "" {
		v.Name = name
	}
	v.AddClaims(ir.Claim{Tensor: g.path + name})
}

// scalar is the value of a symbolic float or bool.
func (g *graph) scalar(name string) (*ir.Value, error) {
	if v, ok := g.scalars[name]; ok {
		if v == nil {
			return nil, errSkipped
		}
		return v, nil
	}
	if s, ok := g.g.SymFloats[name]; ok {
		if x, isConst := s.Const(); isConst {
			return g.constant(ir.Float(x), host.F64)
		}
	}
	if s, ok := g.g.SymBools[name]; ok {
		if x, isConst := s.Const(); isConst {
			return g.constant(ir.Bool(x), host.Bool)
		}
	}
	return nil, fmt.Errorf("%q is used before anything defines it", name)
}

// constant is a number as a value of rank 0.
func (g *graph) constant(v ir.Attr, elem host.Elem) (*ir.Value, error) {
	return g.build.Typed(core.Constant, ir.Attrs{ir.Set("value", v)}, ir.TensorOf(elem))
}

// assertScalar makes a guard of an assertion about sizes; one about data is dropped.
func (g *graph) assertScalar(n *pt2.Node) error {
	at := argument(n, "self")
	if at < 0 || n.Inputs[at].Arg.Kind != pt2.ArgSymBool {
		return nil
	}
	v, ok := g.g.SymBools[n.Inputs[at].Arg.Name]
	if !ok || v.Expr == "" {
		return nil
	}
	e, err := g.fn.syms.parse(v.Expr)
	if err != nil || !e.IsCond {
		g.fn.warn(g.build.Loc, "the assertion %s is not checked: %v", v.Expr, err)
		return nil
	}
	if g.f != g.fn.ir { // a guard belongs to the function, which does not see a body's own symbols
		e.Guards = slices.DeleteFunc(slices.Clone(e.Guards), func(guard ir.Guard) bool {
			return slices.ContainsFunc(guard.Symbols(), func(s string) bool { return g.fn.ir.Dim(s) == nil })
		})
	}
	g.fn.require(e.Guards, v.Expr, g.build.Loc)
	return nil
}
