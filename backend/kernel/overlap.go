package kernel

// Touches reports that instructions read or write a buffer, beside its being among those that a call gives.
func (k *Kernel) Touches(b *Buffer) bool {
	found := false
	k.Walk(func(in *Instr) { found = found || in.Buffer == b })
	return found
}

// MayShare reports that an output whose elements are written once may lie in the memory of an input: each element of the input is
// read only right before that of the output is written, in the same round of every loop.
func (k *Kernel) MayShare(in, out *Buffer) bool {
	return in.Space == Global && out.Space == Global && in.Access == Read && out.Access == Write && out.Once &&
		in.Elem.Bytes() == out.Elem.Bytes() && in.Len.Equal(out.Len) && k.Body.mayShare(in, out)
}

func (b *Block) mayShare(in, out *Buffer) bool {
	for i, instr := range b.Instrs {
		switch {
		case instr.Loop != nil && !instr.Loop.Body.mayShare(in, out), instr.If != nil && !instr.If.Then.mayShare(in, out):
			return false
		case instr.Buffer == out && instr.Op != Store:
			return false
		case instr.Buffer == in && (instr.Op != Load || !written(instr, b.Instrs[i+1:], out)):
			return false
		}
	}
	return true
}

// written reports a store to the lanes that a load reads. Lanes that only one of them masks out are read or written elsewhere,
// in another round.
func written(load *Instr, later []*Instr, out *Buffer) bool {
	for _, s := range later {
		if s.Op == Store && s.Buffer == out && s.Mask == load.Mask && s.Index.Equal(load.Index) && s.Stride.Equal(load.Stride) && s.Args[0].Type.Lanes == load.Result.Type.Lanes {
			return true
		}
	}
	return false
}
