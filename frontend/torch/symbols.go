package torch

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/aiopt/aiopt/ir"
)

// symbols turns the expressions of one program into sizes.
type symbols struct {
	ranges []pt2.Range
	parsed map[string]ir.SympyExpr
	fresh  map[string]ir.Dim // expressions without an integer form whose value a call binds
}

func newSymbols(ranges []pt2.Range) *symbols {
	return &symbols{ranges: ranges, parsed: map[string]ir.SympyExpr{}, fresh: map[string]ir.Dim{}}
}

func (s *symbols) parse(expr string) (ir.SympyExpr, error) {
	if d, ok := s.fresh[expr]; ok {
		return ir.SympyExpr{Dim: d}, nil
	}
	if e, ok := s.parsed[expr]; ok {
		return e, nil
	}
	e, err := ir.ParseSympy(expr, nil)
	if err != nil {
		return e, fmt.Errorf("the size %s: %w", expr, err)
	}
	s.parsed[expr] = e
	return e, nil
}

// dim is a symbolic integer as a size.
func (s *symbols) dim(v pt2.Sym[int64]) (ir.Dim, error) {
	if n, ok := v.Const(); ok {
		d := ir.Const(n)
		return d, d.Err()
	}
	e, err := s.parse(v.Expr)
	if err != nil {
		return ir.Dim{}, err
	}
	if e.IsCond {
		return ir.Dim{}, fmt.Errorf("the size %s is a condition", v.Expr)
	}
	return e.Dim, nil
}

func (s *symbols) dims(vs []pt2.Sym[int64]) ([]ir.Dim, error) {
	out := make([]ir.Dim, len(vs))
	for i, v := range vs {
		var err error
		if out[i], err = s.dim(v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// manySizes is from where on PyTorch's largest sizes stand for no limit.
const manySizes = math.MaxInt64 / 2

// decl declares a symbol with the range that the file states. One that is the size of a dimension is not negative.
func (s *symbols) decl(name string, isSize bool) *ir.DimDecl {
	d := &ir.DimDecl{Name: name, Min: math.MinInt64, Max: ir.Unbounded}
	if at, ok := slices.BinarySearchFunc(s.ranges, name, func(r pt2.Range, name string) int { return strings.Compare(r.Symbol, name) }); ok {
		d.Min, d.Max = s.ranges[at].Min, s.ranges[at].Max
	}
	noLimits(d)
	if isSize {
		d.Min = max(d.Min, 0)
	}
	return d
}

// noLimits takes PyTorch's largest numbers off a range.
func noLimits(d *ir.DimDecl) {
	if d.Max >= manySizes {
		d.Max = ir.Unbounded
	}
	if d.Min <= -manySizes {
		d.Min = math.MinInt64
	}
}

// declDerived declares a symbol that inputs have in derived sizes only, such as 16*s0. The limits that the user gave and
// PyTorch checks are those of the whole size; the file's range of s0 is what tracing assumed, which may be narrower.
func (s *symbols) declDerived(name string) *ir.DimDecl {
	d := s.decl(name, true)
	whole := &ir.DimDecl{Name: name, Max: ir.Unbounded}
	found := false
	for _, r := range s.ranges {
		size, err := ir.ParseDim(r.Symbol)
		if err != nil {
			continue
		}
		if of, ok := ir.BindableSymbol(size); !ok || of != name || size.Equal(ir.Sym(name)) {
			continue
		}
		limits := &ir.DimDecl{Min: r.Min, Max: r.Max}
		noLimits(limits)
		found = true
		fits := []ir.Guard{{Any: []ir.Cond{{Left: size, Rel: ir.RelGE, Right: ir.Const(limits.Min)}}}}
		if limits.Max != ir.Unbounded {
			fits = append(fits, ir.Guard{Any: []ir.Cond{{Left: size, Rel: ir.RelLE, Right: ir.Const(limits.Max)}}})
		}
		at := ir.NewDimEnv([]*ir.DimDecl{whole}, fits)
		whole.Min, whole.Max = at.Range(ir.Sym(name))
	}
	if found {
		return whole
	}
	return d
}

// declareInputs declares the symbols that parameters bind.
func (fn *function) declareInputs() {
	alone := map[string]bool{} // symbols that are a size or an integer of their own
	for _, p := range fn.ir.Params {
		alone[p.Binds] = true
		for _, d := range p.Value.Type.Shape {
			if s, ok := d.IsSym(); ok {
				alone[s] = true
			}
		}
	}
	for _, p := range fn.ir.Params {
		if p.Role == ir.ConstArg || fn.refused {
			continue
		}
		for _, d := range p.Value.Type.Shape {
			if s, ok := ir.BindableSymbol(d); ok && alone[s] {
				fn.declare(fn.ir, s, true)
			} else if ok && fn.ir.Dim(s) == nil {
				fn.addDim(fn.ir, fn.syms.declDerived(s))
			}
		}
		if p.Binds != "" {
			fn.declare(fn.ir, p.Binds, false)
		}
	}
	for _, p := range fn.ir.Params {
		if fn.refused {
			return
		}
		for _, d := range p.Value.Type.Shape {
			if s := undeclared(fn.ir, d); s != "" {
				fn.problem("parameter %"+p.Value.Name, nil, fmt.Errorf(
					"the size %s of %s cannot tell the symbol %s: no input has %s, or a multiple of it, as a size; export with that size as a dynamic dimension of its own", d, p.Value.Type, s, s))
				fn.declare(fn.ir, s, true)
			}
		}
	}
}

func (fn *function) declare(f *ir.Func, name string, isSize bool) {
	if f.Dim(name) != nil {
		return
	}
	fn.addDim(f, fn.syms.decl(name, isSize))
}

func (fn *function) addDim(f *ir.Func, d *ir.DimDecl) {
	if d.Min > d.Max {
		fn.problem("symbol "+d.Name, nil, fmt.Errorf("the range %d..%d that the file states has no size", d.Min, d.Max))
	}
	f.AddDim(d)
	if len(f.Dims) > ir.MaxDims {
		fn.refuse(nil, fmt.Errorf("it has more than %d symbols for sizes", ir.MaxDims))
	}
}

// refuse is problem for what concerns the function as a whole and ends its import.
func (fn *function) refuse(loc *ir.Loc, err error) {
	if !fn.refused {
		fn.problem("", loc, err)
	}
	fn.refused = true
}

// undeclared is the first symbol of a size that f does not see.
func undeclared(f *ir.Func, d ir.Dim) string {
	if _, ok := d.IsConst(); ok {
		return ""
	}
	for _, s := range d.Symbols() {
		if f.Dim(s) == nil {
			return s
		}
	}
	return ""
}

// bind lists the symbols that a call's results make, and declares them.
func (g *graph) bind(types []ir.Type) []ir.Dim {
	var binds []ir.Dim
	for _, t := range types {
		for _, d := range t.Shape {
			for s := undeclared(g.f, d); s != ""; s = undeclared(g.f, d) {
				g.fn.declare(g.f, s, true)
				binds = append(binds, ir.Sym(s))
			}
		}
	}
	return binds
}

// guards adds the conditions on the inputs that the file states and nothing proves yet. PyTorch refuses inputs that break
// one, so a condition that cannot be checked is an error: without it the program would give results that PyTorch does not.
func (fn *function) guards(codes []string) {
	for _, code := range codes {
		if fn.refused {
			return
		}
		guards, err := ir.ParseTorchGuard(code, fn.guardSize, fn.ir.Env())
		if err != nil {
			err = fmt.Errorf("%w; so no call can be checked for it: export the model with the sizes in it static, or compute them otherwise", err)
		} else {
			err = fn.addGuards(guards, nil)
		}
		if err != nil {
			fn.problem(fmt.Sprintf("the condition %q on the inputs", code), nil, err)
		}
	}
}

// require adds what an assertion of the program demands of sizes. It may stand where the program never comes, so one that
// no sizes satisfy is a warning.
func (fn *function) require(guards []ir.Guard, code string, loc *ir.Loc) {
	if err := fn.addGuards(guards, loc); err != nil {
		fn.warn(loc, "the assertion %q is not checked: %v", code, err)
	}
}

// addGuards adds guards that are not known to hold.
func (fn *function) addGuards(guards []ir.Guard, loc *ir.Loc) error {
	for _, guard := range guards {
		for _, s := range guard.Symbols() {
			if fn.ir.Dim(s) == nil {
				return fmt.Errorf("the function has no symbol %s", s)
			}
		}
		switch fn.ir.Env().ProveGuard(guard) {
		case ir.Undecided:
			if err := fn.ir.AddGuard(guard); errors.Is(err, ir.ErrNoSizes) {
				return err
			} else if err != nil {
				fn.refuse(loc, err)
				return nil
			}
		case ir.False:
			return fmt.Errorf("`%s` holds for no size within the stated ranges", guard)
		}
	}
	return nil
}

var (
	guardPath  = regexp.MustCompile(`^L\[(.*?)\](.*?)(?:\.size\(\)\[(\d+)\])?$`)
	notInNames = regexp.MustCompile(`[^A-Za-z0-9]+`)
)

// guardSize finds the size that a guard names, such as L['xs'][0].size()[1]. An input's name is its path with an
// underscore for what is no letter or digit: xs_0.
func (fn *function) guardSize(path string) (ir.Dim, bool) {
	m := guardPath.FindStringSubmatch(path)
	if m == nil {
		return ir.Dim{}, false
	}
	name := plainName(m[1] + m[2])
	for _, p := range fn.inputs {
		if plainName(p.spec.Name) != name || p.param == nil {
			continue
		}
		t := p.param.Value.Type
		if m[3] == "" {
			return ir.Sym(p.param.Binds), p.param.Binds != ""
		}
		axis, err := strconv.Atoi(m[3])
		if err != nil || axis >= t.Rank() {
			return ir.Dim{}, false
		}
		return t.Shape[axis], true
	}
	return ir.Dim{}, false
}

func plainName(path string) string {
	return strings.ToLower(strings.Trim(notInNames.ReplaceAllString(path, "_"), "_"))
}

// symbolic reports a node whose results are numbers only. Where each is a size, the node needs no call.
func symbolic(n *pt2.Node) bool {
	for _, out := range n.Outputs {
		switch out.Kind {
		case pt2.ArgSymInt, pt2.ArgSymFloat, pt2.ArgSymBool, pt2.ArgInt, pt2.ArgFloat, pt2.ArgBool:
		default:
			return false
		}
	}
	return len(n.Outputs) > 0
}

// sizeNode takes a node whose results are sizes known from symbols that exist; false where a call must make them.
func (g *graph) sizeNode(n *pt2.Node) (bool, error) {
	for _, out := range n.Outputs {
		switch out.Kind {
		case pt2.ArgInt, pt2.ArgFloat, pt2.ArgBool:
		case pt2.ArgSymInt:
			d, err := g.symInt(out.Name)
			var head *ir.DimHeadError
			if errors.As(err, &head) {
				return false, nil
			}
			if err != nil {
				return false, err
			}
			if undeclared(g.f, d) != "" {
				return false, nil
			}
		default:
			return false, nil
		}
	}
	return true, nil
}

// symInt is the size that a name of the graph stands for.
func (g *graph) symInt(name string) (ir.Dim, error) {
	if d, ok := g.ints[name]; ok {
		return d, nil
	}
	v, ok := g.g.SymInts[name]
	if !ok {
		return ir.Dim{}, fmt.Errorf("%s is no symbolic integer of the graph", name)
	}
	return g.fn.syms.dim(v)
}
