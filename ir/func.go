package ir

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// Role says what a parameter or a result of a function is for.
type Role uint8

// The roles. An input mutated by the caller's model is an Input among the parameters and an Update among the results.
const (
	Input    Role = iota // a tensor of the caller
	StateIn              // the value a state has when the function starts
	ConstArg             // a Python constant that keeps its place in the signature and is checked at the call
	Output               // a tensor for the caller
	Update               // the value a state, or an input, has when the function ends
)

// Param is a parameter of a function.
type Param struct {
	Value *Value
	Role  Role
	State string // for StateIn: the state's name
	Binds string // for a symbolic integer (rank 0, i64): the symbol its value binds
	Const Attr   // for ConstArg: the value the model was exported with
}

// Result is a result of a function; the values are the operands of its core.return.
type Result struct {
	Name    string
	Type    Type
	Role    Role   // Output or Update
	Target  string // for Update: the state's name, or the input's
	State   bool   // for Update: Target is a state
	Skipped int    // for Output: how much the program returned before it that is no number (None, text), which has a place too
}

// Func is a function of a module, or a body of an operation. A body has no roles and sees no value from outside.
type Func struct {
	Name    string // for a body: what the operation calls it, such as then
	Dims    []*DimDecl
	Guards  []Guard
	Params  []*Param
	Results []*Result
	Ops     []*Op // in an order in which each value is defined before its use; the last one returns

	owner *Op // for a body
	env   *DimEnv
}

// Owner is the operation a body belongs to; nil for a function of a module.
func (f *Func) Owner() *Op { return f.owner }

// Outer is the function around a body; nil for a function of a module.
func (f *Func) Outer() *Func {
	if f.owner == nil {
		return nil
	}
	return f.owner.parent
}

// Root is the function of the module that contains a body.
func (f *Func) Root() *Func {
	for f.Outer() != nil {
		f = f.Outer()
	}
	return f
}

// AddParam appends a parameter.
func (f *Func) AddParam(name string, t Type, role Role) *Param {
	p := &Param{Value: &Value{Type: t, Name: name, Index: len(f.Params)}, Role: role}
	f.Params = append(f.Params, p)
	return p
}

// AddDim declares a symbol.
func (f *Func) AddDim(d *DimDecl) {
	f.Dims = append(f.Dims, d)
	f.env = nil
}

// Limits that no real model comes near: what is worked out about sizes takes time with the square of both.
const (
	MaxDims   = 1 << 14
	MaxGuards = 1 << 9
)

// ErrNoSizes is the error of a guard that contradicts the ranges or the other guards of its function.
var ErrNoSizes = errors.New("no sizes satisfy this with the ranges and the other conditions of the function")

// AddGuard adds a condition the engine checks, unless the function has it. It is an error when the function has
// MaxGuards of them, or when no sizes are left, which is ErrNoSizes.
func (f *Func) AddGuard(g Guard) error {
	for _, c := range g.Any {
		if err := cmp.Or(c.Left.Err(), c.Right.Err()); err != nil {
			return err
		}
	}
	text := g.String()
	if slices.ContainsFunc(f.Guards, func(h Guard) bool { return h.String() == text }) {
		return nil
	}
	if len(f.Guards) >= MaxGuards {
		return fmt.Errorf("the function needs more than %d conditions on its sizes, such as `%s`; export the model with fewer dynamic dimensions", MaxGuards, text)
	}
	before := f.Guards
	f.Guards, f.env = append(f.Guards, g), nil
	if f.owner == nil && f.Env().contradictory() {
		f.Guards, f.env = before, nil
		return fmt.Errorf("`%s`: %w", text, ErrNoSizes)
	}
	return nil
}

// SetDims replaces all symbols and guards.
func (f *Func) SetDims(dims []*DimDecl, guards []Guard) {
	f.Dims, f.Guards, f.env = dims, guards, nil
}

// Dim finds a symbol's declaration in the function or one around it.
func (f *Func) Dim(name string) *DimDecl {
	for ; f != nil; f = f.Outer() {
		for _, d := range f.Dims {
			if d.Name == name {
				return d
			}
		}
	}
	return nil
}

// Home is the outermost function, starting from f, that sees all symbols of some sizes: the place of a guard on them.
func (f *Func) Home(sizes ...Dim) *Func {
	for f.Outer() != nil {
		for _, d := range sizes {
			for _, s := range d.Symbols() {
				if slices.ContainsFunc(f.Dims, func(decl *DimDecl) bool { return decl.Name == s }) {
					return f
				}
			}
		}
		f = f.Outer()
	}
	return f
}

// Env gives what is known about the symbols the function sees. It is kept until symbols or guards change.
func (f *Func) Env() *DimEnv {
	outer := f.Outer()
	if outer != nil && len(f.Dims) == 0 && len(f.Guards) == 0 {
		return outer.Env()
	}
	if outer != nil { // bodies that bind symbols are rare
		var dims []*DimDecl
		var guards []Guard
		for g := f; g != nil; g = g.Outer() {
			dims, guards = append(dims, g.Dims...), append(guards, g.Guards...)
		}
		return NewDimEnv(dims, guards)
	}
	if f.env == nil {
		f.env = NewDimEnv(f.Dims, f.Guards)
	}
	return f.env
}

// Terminator is the last operation, which returns; nil while the function is being built.
func (f *Func) Terminator() *Op {
	if n := len(f.Ops); n > 0 && f.Ops[n-1].Def.Traits.Has(Terminator) {
		return f.Ops[n-1]
	}
	return nil
}

// Index is the place of an operation in the list. Insertions and removals leave the remembered places of later
// operations a little wrong, so their neighbourhood is searched before all places are counted again: this halves the
// time that `expand` takes for 30,000 operations, from 0.5 to 0.2 s.
func (f *Func) Index(op *Op) int {
	const near = 64
	for d := 0; d <= near; d++ {
		for _, i := range [2]int{op.index - d, op.index + d} {
			if i >= 0 && i < len(f.Ops) && f.Ops[i] == op {
				op.index = i
				return i
			}
		}
	}
	for i, o := range f.Ops {
		o.index = i
	}
	if op.index < len(f.Ops) && f.Ops[op.index] == op {
		return op.index
	}
	return -1
}

// Append puts an operation at the end of the list.
func (f *Func) Append(op *Op) {
	op.parent, op.index = f, len(f.Ops)
	f.Ops = append(f.Ops, op)
}

// InsertBefore puts operations before another one.
func (f *Func) InsertBefore(at *Op, ops ...*Op) {
	i := f.Index(at)
	f.Ops = slices.Insert(f.Ops, i, ops...)
	for k, op := range ops {
		op.parent, op.index = f, i+k
	}
	at.index = i + len(ops)
}

// Erase removes an operation whose results have no users.
func (f *Func) Erase(op *Op) {
	i := f.Index(op)
	f.Ops = slices.Delete(f.Ops, i, i+1)
	op.Detach()
}

// Detach gives up an operation's operands and place; for operations already taken out of the list.
func (op *Op) Detach() {
	for i, v := range op.Operands {
		v.dropUse(op, i)
	}
	op.Operands, op.parent = nil, nil
}

// SetOps replaces the whole list, for passes that rebuild it; operations left out must have been detached.
func (f *Func) SetOps(ops []*Op) {
	f.Ops = ops
	for i, op := range ops {
		op.parent, op.index = f, i
	}
}

// AttachBody makes f a body of op.
func (op *Op) AttachBody(f *Func) {
	f.owner = op
	op.Bodies = append(op.Bodies, f)
}

// Returns are the values that the function returns.
func (f *Func) Returns() []*Value {
	if t := f.Terminator(); t != nil {
		return t.Operands
	}
	return nil
}
