package kernel

import (
	"errors"
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Verify checks all that a code generator relies on: types, that values and index symbols are defined where they are
// used, the values that loops carry, the kinds of loops and where they stand, spaces and access of buffers, that barriers
// are met by all threads, that nothing but scratch is written beside the loop that is shared, and that every access is proven to lie inside its buffer. It tells all problems at once, each
// with the instruction in text form.
func Verify(k *Kernel) error {
	return newVerifier(k).verify(nil)
}

// VerifyWithin is Verify that proves bounds within an effort, for who wants to know whether a kernel is in order: behind the first bound
// that is not proven, as none is once the effort is spent, it proves no others.
func VerifyWithin(k *Kernel, effort *ir.Effort) error {
	v := newVerifier(k)
	v.brief = true
	return v.verify(effort)
}

func newVerifier(k *Kernel) *verifier {
	return &verifier{kernel: k, text: &printer{numbers: map[*Value]int{}}, defs: map[*Value]*Instr{}, inScope: map[*Value]bool{}, names: map[string]bool{laneSymbol: true, rowSymbol: true}}
}

func (v *verifier) verify(effort *ir.Effort) error {
	v.head()
	sizes := ir.NewDimEnv(v.scope.decls, v.kernel.Guards)
	sizes.Within(effort)
	v.scope.known = sizes.Scope()
	v.block(v.kernel.Body, place{top: true})
	if v.kernel.Body != nil {
		v.outermost()
	}
	if len(v.errs) == 0 {
		return nil
	}
	return fmt.Errorf("kernel %s: %w", v.kernel.Name, errors.Join(v.errs...))
}

type verifier struct {
	kernel *Kernel
	text   *printer
	errs   []error
	at     string // the instruction at hand
	brief  bool   // one bound that is not proven is enough
	open   bool   // there is one

	names   map[string]bool // of sizes, buffers and loop variables: each once
	defs    map[*Value]*Instr
	visible []*Value // values in scope, innermost last
	inScope map[*Value]bool
	scope   scope // index symbols in scope, with what is known of them
}

// place is where in the kernel a block stands.
type place struct {
	top       bool // not inside any loop or if
	inGrid    bool // only grid loops around
	inThread  bool
	divergent bool // threads of a group may not all come here
	apart     bool // nor those of a SIMD group
}

func (v *verifier) failf(format string, args ...any) {
	problem := fmt.Errorf(format, args...)
	if v.at != "" {
		problem = fmt.Errorf("`%s`: %w", v.at, problem)
	}
	v.errs = append(v.errs, problem)
}

func (v *verifier) head() {
	if v.kernel.Body == nil {
		v.failf("the body is missing")
	}
	for _, s := range v.kernel.Sizes {
		v.name("size", s.Name)
		v.scope.decls = append(v.scope.decls, s)
	}
	locals := false
	for _, b := range v.kernel.Buffers {
		v.name("buffer", b.Name)
		locals = locals || b.Space != Global
		switch {
		case !anyElems.has(b.Elem):
			v.failf("buffer %s: the elements are %s, expected %s: read words and shift", b.Name, b.Elem, elemSets[anyElems].doc)
		case b.Space > Private:
			v.failf("buffer %s: %s is no space", b.Name, b.Space)
		case b.Space == Global && locals:
			v.failf("buffer %s is global and stands behind one that is not: the call gives the first ones", b.Name)
		case b.Space == Global && b.Access != Read && b.Access != Write && b.Access != Read|Write && b.Access != Write|Stream:
			v.failf("buffer %s: the access is %s, expected read, write, both, or write and stream", b.Name, b.Access)
		}
		v.dim("the length of buffer "+b.Name, b.Len)
	}
	for _, g := range v.kernel.Guards { // what a guard says of a loop's variable nobody checks
		for _, c := range g.Any {
			v.dim("a side of the guard "+g.String(), c.Left)
			v.dim("a side of the guard "+g.String(), c.Right)
		}
	}
}

func (v *verifier) name(what, name string) {
	if err := ir.DimNameError(name); err != nil {
		v.failf("%s: %w", what, err)
	}
	if v.names[name] {
		v.failf("the name %s is given twice", name)
	}
	v.names[name] = true
}

// dim demands a valid expression over symbols in scope.
func (v *verifier) dim(what string, d ir.Dim) {
	if err := d.Err(); err != nil {
		v.failf("%s: %w", what, err)
		return
	}
	for _, s := range d.Symbols() {
		if !v.scope.has(s) {
			v.failf("%s is %s: %s is not defined here", what, d, s)
		}
	}
}

func (v *verifier) use(val *Value) {
	if val == nil {
		v.failf("a value is missing")
	} else if !v.inScope[val] {
		v.failf("%s is not defined here", v.text.value(val))
	}
}

func (v *verifier) define(val *Value, in *Instr) {
	if v.defs[val] != nil {
		v.failf("%s is defined twice", v.text.value(val))
	}
	v.defs[val] = in
	v.visible = append(v.visible, val)
	v.inScope[val] = true
}

// leave ends the scope of all values but the first n.
func (v *verifier) leave(n int) {
	for _, val := range v.visible[n:] {
		delete(v.inScope, val)
	}
	v.visible = v.visible[:n]
}

// block checks instructions; what they define ends with the block.
func (v *verifier) block(b *Block, p place) {
	if b == nil {
		return
	}
	values, scope, at := len(v.visible), v.scope, v.at
	for _, in := range b.Instrs {
		v.at = v.text.instr(in)
		v.instr(in, p)
	}
	v.leave(values)
	v.scope, v.at = scope, at
}

func (v *verifier) instr(in *Instr, p place) {
	switch {
	case in.Op == LoopInstr:
		v.loop(in, p)
		return
	case in.Op == IfInstr:
		v.branch(in, p)
		return
	}
	for _, a := range in.Args {
		v.use(a)
	}
	if in.Mask != nil {
		v.use(in.Mask)
	}
	var asked Type
	if in.Result != nil {
		asked = in.Result.Type
	}
	t, problem := resultType(in, asked)
	switch none := t == (Type{}); {
	case problem != "":
		v.failf("%s", problem)
		return
	case none != (in.Result == nil):
		v.failf("the operation gives %s", map[bool]string{true: "no value", false: "a value, which is missing"}[none])
		return
	case !none && t != asked:
		v.failf("the result is %s, expected %s", asked, t)
	}
	v.fields(in, p)
	if in.Result != nil {
		v.define(in.Result, in)
	}
}

// fields checks what an instruction has beside its arguments.
func (v *verifier) fields(in *Instr, p place) {
	switch in.Op {
	case Index:
		v.dim("the index", in.Index)
	case Within:
		for _, d := range []ir.Dim{in.Index, in.Stride, in.Least, in.Most} {
			v.dim("the mask", d)
		}
	case Bind:
		v.bind(in, p)
	case Load, Store:
		v.access(in)
	case TileLoad, TileStore:
		v.access(in)
		v.tile(in, p)
	case TileMulAdd:
		v.tile(in, p)
	case Barrier, GroupSum, GroupMax, GroupMin, GroupShuffle:
		if !p.inThread {
			v.failf("stands outside a thread loop")
		} else if p.divergent {
			v.failf("threads of a group may not all come here: it stands in a loop or if that depends on the thread")
		}
	}
}

func (v *verifier) bind(in *Instr, p place) {
	v.dim("the least", in.Least)
	v.dim("the most", in.Most)
	v.name("bind", in.Symbol)
	if s := in.Buffer; s != nil {
		v.known(s)
		if !intElems.has(s.Elem) || s.Space != Global || s.Access&Write == 0 {
			v.failf("buffer %s takes the status, expected global integers that are written", s.Name)
		}
		v.prove("the status", ir.Const(0), ir.RelLT, s.Len, v.scope)
	}
	// An empty range cannot be clamped to, and would prove everything.
	v.prove("the range", in.Least, ir.RelLE, in.Most, v.scope)
	v.scope = v.scope.with(in.Symbol, in.Least, in.Most)
	if p.inThread {
		v.scope = v.boundByThread(in)
	}
}

func (v *verifier) known(b *Buffer) bool {
	if !slices.Contains(v.kernel.Buffers, b) {
		v.failf("buffer %s is not among the kernel's", b.Name)
		return false
	}
	return true
}

func (v *verifier) branch(in *Instr, p place) {
	c := in.If
	if c == nil || c.Then == nil {
		v.failf("the branch is missing")
		return
	}
	p.top, p.inGrid = false, false
	outer := v.scope
	if c.Cond != nil {
		v.use(c.Cond)
		if c.Cond.Type != (Type{host.Bool, 1}) {
			v.failf("the condition is %s, expected bool", c.Cond.Type)
		}
		p.divergent, p.apart = p.divergent || p.inThread, p.apart || p.inThread
	} else {
		v.dim("the condition", c.Holds.Left)
		v.dim("the condition", c.Holds.Right)
		p.divergent = p.divergent || p.inThread && v.scope.perThread(c.Holds.Left, c.Holds.Right)
		p.apart = p.apart || p.inThread && v.scope.perLane(c.Holds.Left, c.Holds.Right)
		v.scope = v.scope.holding(c.Holds)
	}
	v.block(c.Then, p)
	v.scope = outer
}

func (v *verifier) loop(in *Instr, p place) {
	l := in.Loop
	if l == nil || l.Body == nil {
		v.failf("the loop is missing")
		return
	}
	v.dim("the extent", l.Extent)
	v.name("loop variable", l.Var)
	if l.Step < 1 {
		v.failf("the step is %d, expected at least 1", l.Step)
		return
	}
	v.loopKind(l, p)
	n := len(l.Init)
	if len(l.Carried) != n || len(l.Next) != n || len(l.Results) != n {
		v.failf("%d values start the loop, %d are carried, %d are next, %d result: expected as many of each", n, len(l.Carried), len(l.Next), len(l.Results))
		return
	}
	for _, a := range l.Init {
		v.use(a)
	}
	values, scope, at := len(v.visible), v.scope, v.at
	v.scope = v.scope.looping(l)
	for i, c := range l.Carried {
		v.carried(i, l)
		v.define(c, in)
	}
	inner := place{inGrid: l.Kind == Grid, inThread: p.inThread || l.Kind == Thread, divergent: p.divergent, apart: p.apart}
	inner.divergent = inner.divergent || p.inThread && l.Kind != Thread && scope.perThread(l.Extent)
	inner.apart = inner.apart || p.inThread && l.Kind != Thread && scope.perLane(l.Extent)
	for _, b := range l.Body.Instrs {
		v.at = v.text.instr(b)
		v.instr(b, inner)
	}
	v.at = at
	for _, a := range l.Next {
		v.use(a)
	}
	v.leave(values)
	v.scope = scope
	for _, r := range l.Results {
		v.define(r, in)
	}
}

func (v *verifier) carried(i int, l *Loop) {
	for _, val := range []*Value{l.Init[i], l.Carried[i], l.Next[i], l.Results[i]} {
		if val == nil {
			v.failf("carried value %d is missing", i)
			return
		}
		if val.Type != l.Carried[i].Type {
			v.failf("carried value %d is %s, expected %s all the way", i, val.Type, l.Carried[i].Type)
			return
		}
	}
}

func (v *verifier) loopKind(l *Loop, p place) {
	_, isConst := l.Extent.IsConst()
	switch {
	case l.Kind > Thread:
		v.failf("%s is no kind of loop", l.Kind)
	case l.Kind == Unroll && !isConst:
		v.failf("the extent %s of an unrolled loop is no constant", l.Extent)
	case l.Kind == Parallel && !p.top:
		v.failf("a parallel loop stands inside something: only the outermost one may be parallel")
	case l.Kind == Grid && !p.top && !p.inGrid:
		v.failf("a grid loop stands inside something: only the outermost ones may be")
	case l.Kind == Thread && p.inThread:
		v.failf("a thread loop stands inside one")
	case l.Kind == Thread && p.divergent:
		v.failf("a thread loop stands in divergent code")
	case l.Kind >= Parallel && len(l.Init) > 0:
		v.failf("a %s loop carries values: its rounds run in any order", l.Kind)
	}
}
