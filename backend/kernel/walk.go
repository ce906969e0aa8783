package kernel

import "github.com/aiopt/aiopt/ir"

// Walk calls visit for every instruction, those of a loop or if after it.
func (k *Kernel) Walk(visit func(*Instr)) { k.Body.walk(visit) }

func (b *Block) walk(visit func(*Instr)) {
	if b == nil {
		return
	}
	for _, in := range b.Instrs {
		visit(in)
		switch {
		case in.Loop != nil:
			in.Loop.Body.walk(visit)
		case in.If != nil:
			in.If.Then.walk(visit)
		}
	}
}

// fills reports a store.
func (b *Block) fills() bool {
	found := false
	b.walk(func(in *Instr) { found = found || in.Op == Store || in.Op == TileStore })
	return found
}

// eachDim calls visit for every index expression and size of the kernel.
func (k *Kernel) eachDim(visit func(ir.Dim)) {
	for _, b := range k.Buffers {
		visit(b.Len)
	}
	k.Walk(func(in *Instr) {
		for _, d := range []ir.Dim{in.Index, in.Stride, in.Least, in.Most} {
			visit(d)
		}
		switch {
		case in.Loop != nil:
			visit(in.Loop.Extent)
		case in.If != nil:
			visit(in.If.Holds.Left)
			visit(in.If.Holds.Right)
		}
	})
}
