package calls

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
)

// Planned is what a planner says of an operation.
type Planned struct {
	Plan   *Plan  `json:",omitempty"`
	Reason string `json:",omitempty"` // why there is none
}

// Kinds are operations of which those that are alike share a plan.
type Kinds struct {
	Of    []int    // the kind of each operation
	First []*ir.Op // of each kind
	Texts []string // what those of each kind have in common: equal texts are planned alike
}

// KindsOf sorts operations.
func KindsOf(ops []*ir.Op) *Kinds {
	k := &Kinds{}
	known, heads := map[string]int{}, map[*ir.Func]string{}
	for _, op := range ops {
		f := op.Parent()
		if heads[f] == "" {
			heads[f] = sizesOf(f)
		}
		text := heads[f] + alike(op)
		n, ok := known[text]
		if !ok {
			n = len(k.First)
			known[text] = n
			k.First, k.Texts = append(k.First, op), append(k.Texts, text)
		}
		k.Of = append(k.Of, n)
	}
	return k
}

// Plan asks a planner for each kind. parallel runs its function for 0 to n-1, in any order or at the same time; progress is told how many
// operations are done.
func (k *Kinds) Plan(ctx context.Context, plan func(*ir.Op) (*Plan, error), parallel func(n int, fn func(i int)), progress func(done int)) ([]Planned, error) {
	for _, op := range k.First {
		op.Parent().Env() // it is made when it is first asked for
	}
	progress(0)
	made := make([]Planned, len(k.First))
	var mu sync.Mutex
	done := 0
	parallel(len(k.First), func(i int) {
		if ctx.Err() != nil {
			return
		}
		made[i] = planned(plan(k.First[i]))
		mu.Lock()
		defer mu.Unlock()
		done++
		progress(done * len(k.Of) / len(k.First))
	})
	return made, ctx.Err()
}

func planned(p *Plan, why error) Planned {
	if why != nil {
		return Planned{Reason: why.Error()}
	}
	return Planned{Plan: p}
}

// sizesOf is the text of what is known of sizes in a function.
func sizesOf(f *ir.Func) string {
	var b strings.Builder
	for ; f != nil; f = f.Outer() {
		writeSizes(&b, f)
	}
	return b.String()
}

func writeSizes(b *strings.Builder, f *ir.Func) {
	b.WriteString("sizes\n")
	for _, d := range f.Dims {
		fmt.Fprintf(b, "%s %d %d\n", d.Name, d.Min, d.Max)
	}
	for _, g := range f.Guards {
		fmt.Fprintln(b, g)
	}
}

// alike is a text that two operations share if they compute the same with other operands: all of an operation but names,
// places in the source, and which values outside it takes.
func alike(op *ir.Op) string {
	w := &alikeWriter{values: map[*ir.Value]int{}}
	for _, v := range op.Operands {
		if v != nil {
			w.value(v)
			fmt.Fprintf(w, "%s %t\n", v.Type, v.Def != nil && v.Def.Is(core.Constant))
		}
	}
	w.op(op)
	return w.String()
}

type alikeWriter struct {
	strings.Builder
	values map[*ir.Value]int
}

// value writes which value it is, in the order of first mention.
func (w *alikeWriter) value(v *ir.Value) {
	if v == nil {
		w.WriteString("- ")
		return
	}
	n, ok := w.values[v]
	if !ok {
		n = len(w.values)
		w.values[v] = n
	}
	fmt.Fprintf(w, "%d ", n)
}

func (w *alikeWriter) op(op *ir.Op) {
	w.WriteString(op.Name() + " ")
	for _, v := range op.Operands {
		w.value(v)
	}
	for _, a := range op.Attrs {
		fmt.Fprintf(w, "%s=%s ", a.Name, ir.AttrKey(a.Value))
	}
	for _, r := range op.Results {
		w.value(r)
		w.WriteString(r.Type.String() + " ")
	}
	w.WriteString("\n")
	for _, body := range op.Bodies {
		writeSizes(&w.Builder, body)
		for _, p := range body.Params {
			w.value(p.Value)
			w.WriteString(p.Value.Type.String() + "\n")
		}
		for _, inner := range body.Ops {
			w.op(inner)
		}
	}
}
