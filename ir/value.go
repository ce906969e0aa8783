package ir

import "slices"

// Value is the result of an operation or a parameter of a function.
type Value struct {
	Type   Type
	Name   string // without %; empty for a value that prints as a number
	Def    *Op    // nil for a parameter
	Index  int    // which result of Def, or which parameter
	Claims []Claim

	uses []Use
}

// Use is one place where a value is an operand.
type Use struct {
	Op    *Op
	Index int // which operand
}

// Uses lists the places that use the value. The list must not be changed.
func (v *Value) Uses() []Use { return v.uses }

// Used reports whether any operation uses the value.
func (v *Value) Used() bool { return len(v.uses) > 0 }

// OnlyUse is the single use of a value that has one.
func (v *Value) OnlyUse() (Use, bool) {
	if len(v.uses) == 1 {
		return v.uses[0], true
	}
	return Use{}, false
}

// DefinedBy reports whether the value is a result of an operation with the given definition.
func (v *Value) DefinedBy(def *OpDef) bool { return v != nil && v.Def != nil && v.Def.Def == def }

// ReplaceAllUses makes every user of v use w instead.
func (v *Value) ReplaceAllUses(w *Value) {
	if v == w {
		return
	}
	for _, u := range v.uses {
		u.Op.Operands[u.Index] = w
	}
	w.uses = append(w.uses, v.uses...)
	v.uses = nil
}

// AddClaims adds the claims that v does not make yet.
func (v *Value) AddClaims(claims ...Claim) {
	for _, c := range claims {
		if !slices.ContainsFunc(v.Claims, c.Equal) {
			v.Claims = append(v.Claims, c)
		}
	}
}

func (v *Value) addUse(op *Op, i int) {
	if v != nil {
		v.uses = append(v.uses, Use{op, i})
	}
}

func (v *Value) dropUse(op *Op, i int) {
	if v == nil {
		return
	}
	if at := slices.Index(v.uses, Use{op, i}); at >= 0 {
		v.uses = slices.Delete(v.uses, at, at+1)
	}
}
