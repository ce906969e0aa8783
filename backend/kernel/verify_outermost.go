package kernel

// Outermost gives the loop whose rounds cores or groups of threads share, and where in the body it stands; nil where there is none
// and the kernel runs whole. A kernel that Verify accepts has one at most.
func (k *Kernel) Outermost() (loop *Loop, at int) {
	for i, in := range k.Body.Instrs {
		if in.Op == LoopInstr && in.Loop.shared() {
			return in.Loop, i
		}
	}
	return nil, 0
}

func (l *Loop) shared() bool { return l.Kind == Parallel || l.Kind == Grid }

// outermost checks what stands beside the loop that is shared: whoever takes some of its rounds runs what is before it, at the
// same time as others, so that may only fill memory of its own from what nobody writes. After it nobody knows that all are done.
func (v *verifier) outermost() {
	loop, at := v.kernel.Outermost()
	if loop == nil {
		return
	}
	for i, in := range v.kernel.Body.Instrs {
		v.at = v.text.instr(in)
		switch {
		case i < at:
			(&Block{Instrs: []*Instr{in}}).walk(v.before)
		case i > at && in.Op == LoopInstr && in.Loop.shared():
			v.failf("stands beside another %s loop: a kernel has one at most", loop.Kind)
		case i > at:
			v.failf("stands after the %s loop: expected it before, in each round, or in a kernel of its own", loop.Kind)
		}
	}
}

// before checks an instruction before the loop that is shared. A status that a Bind sets is the same for all.
func (v *verifier) before(in *Instr) {
	b := in.Buffer
	if b == nil || b.Space != Global || in.Op == Bind {
		return
	}
	v.at = v.text.instr(in)
	switch store := in.Op == Store || in.Op == TileStore; {
	case store:
		v.failf("buffer %s is written before the parallel loop: all who take rounds would write it", b.Name)
	case b.Access&Write != 0:
		v.failf("buffer %s is written and read before the parallel loop: others may have written it already", b.Name)
	}
}
