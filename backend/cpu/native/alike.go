package native

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/aiopt/aiopt/backend/cpu/native/emit"
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
)

// planned is what a planner says of an operation.
type planned struct {
	plan *Plan
	err  error
}

// kinds are operations of which those that are alike share a plan.
type kinds struct {
	of    []int    // the kind of each operation
	first []*ir.Op // of each kind
	texts []string // what those of each kind have in common: see alike
}

func kindsOf(ops []*ir.Op) *kinds {
	k := &kinds{}
	known, heads := map[string]int{}, map[*ir.Func]string{}
	for _, op := range ops {
		f := op.Parent()
		if heads[f] == "" {
			heads[f] = sizesOf(f)
		}
		text := heads[f] + alike(op)
		n, ok := known[text]
		if !ok {
			n = len(k.first)
			known[text] = n
			k.first, k.texts = append(k.first, op), append(k.texts, text)
		}
		k.of = append(k.of, n)
	}
	return k
}

// plan asks a planner for each kind; progress is told how many operations are done.
func (k *kinds) plan(ctx context.Context, plan Planner, m *emit.Machine, threads int, progress func(done int)) ([]planned, error) {
	for _, op := range k.first {
		op.Parent().Env() // it is made when it is first asked for
	}
	made := make([]planned, len(k.first))
	var mu sync.Mutex
	done := 0
	inParallel(threads, len(k.first), func(i int) {
		if ctx.Err() != nil {
			return
		}
		made[i].plan, made[i].err = plan(k.first[i], m)
		mu.Lock()
		defer mu.Unlock()
		done++
		progress(done * len(k.of) / len(k.first))
	})
	return made, ctx.Err()
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
