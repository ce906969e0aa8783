package msl

import (
	"fmt"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/ir"
)

// grid is how a kernel's loops become threads.
type grid struct {
	before []*kernel.Instr // what all threads compute first
	loops  []*kernel.Loop  // from z to x
	shared []*kernel.Instr // what all threads of a group compute next
	thread *kernel.Loop    // nil where each round of the loops is a thread
	body   *kernel.Block   // of a thread
}

// Groups of threads for kernels that name none, by the number of grid loops, x first.
var defaultGroups = [4][3]int{{1, 1, 1}, {256, 1, 1}, {32, 8, 1}, {32, 4, 2}}

// gridOf takes a kernel's outer loops apart, or refuses it.
func gridOf(k *kernel.Kernel) *grid {
	p := &grid{body: k.Body}
	outer, at := k.Outermost()
	if outer != nil {
		p.before = k.Body.Instrs[:at]
		p.loops, p.body = []*kernel.Loop{outer}, outer.Body
		for outer.Kind == kernel.Grid && len(p.body.Instrs) == 1 && isLoop(p.body.Instrs[0], kernel.Grid) {
			p.loops, p.body = append(p.loops, p.body.Instrs[0].Loop), p.body.Instrs[0].Loop.Body
		}
	}
	for i, in := range p.body.Instrs {
		switch {
		case isLoop(in, kernel.Grid):
			refuse("the grid loop %s does not stand alone in the one around it", in.Loop.Var)
		case !isLoop(in, kernel.Thread):
		case i < len(p.body.Instrs)-1:
			refuse("`%s` stands after the thread loop: expected nothing", p.body.Instrs[i+1].Op)
		default:
			p.shared, p.thread, p.body = p.body.Instrs[:i], in.Loop, in.Loop.Body
		}
	}
	p.check(k)
	return p
}

func isLoop(in *kernel.Instr, kind kernel.LoopKind) bool {
	return in.Op == kernel.LoopInstr && in.Loop.Kind == kind
}

func (p *grid) check(k *kernel.Kernel) {
	if len(p.loops) > 3 {
		refuse("%d grid loops, Metal's grid has 3 dimensions", len(p.loops))
	}
	for i, l := range p.loops {
		for _, s := range l.Extent.Symbols() {
			for _, outer := range p.loops[:i] {
				if s == outer.Var {
					refuse("the extent %s of the grid loop %s depends on another one", l.Extent, l.Var)
				}
			}
		}
	}
	for _, in := range append(append([]*kernel.Instr(nil), p.before...), p.shared...) {
		(&kernel.Kernel{Body: &kernel.Block{Instrs: []*kernel.Instr{in}}}).Walk(func(in *kernel.Instr) {
			if in.Op == kernel.Store || in.Op == kernel.TileStore {
				refuse("`%s` stores to %s outside of the threads: each of them would", in.Op, in.Buffer.Name)
			}
		})
	}
	k.Walk(func(in *kernel.Instr) {
		if isLoop(in, kernel.Thread) && in.Loop != p.thread {
			refuse("the thread loop %s does not stand in the innermost grid loop, or outermost", in.Loop.Var)
		}
	})
	if p.thread == nil {
		for _, b := range k.Buffers {
			if b.Space == kernel.Shared {
				refuse("buffer %s is shared, and there is no thread loop to share it", b.Name)
			}
		}
		return
	}
	n := p.threads()
	if n < 1 || n > launch.MostThreads {
		refuse("a group of %d threads, expected 1 to %d", n, launch.MostThreads)
	}
	k.Walk(func(in *kernel.Instr) {
		switch in.Op {
		case kernel.GroupSum, kernel.GroupMax, kernel.GroupMin, kernel.GroupShuffle, kernel.TileLoad, kernel.TileStore, kernel.TileMulAdd:
			if n%kernel.SIMDThreads != 0 {
				refuse("`%s` in a group of %d threads, expected a multiple of %d", in.Op, n, kernel.SIMDThreads)
			}
		}
	})
}

// threads is how many threads a group has.
func (p *grid) threads() int64 {
	n, ok := rounds(p.thread).IsConst()
	if !ok {
		refuse("the thread loop %s runs to %s, expected a constant: a group's size is fixed", p.thread.Var, p.thread.Extent)
	}
	return n
}

// rounds is how many rounds a loop has.
func rounds(l *kernel.Loop) ir.Dim {
	return l.Extent.Add(ir.Const(l.Step - 1)).FloorDiv(ir.Const(l.Step))
}

// threadsOf gives the threads of the launch, x first, and the sides of a group.
func (p *grid) threadsOf() (threads [3]string, group [3]int) {
	group = defaultGroups[len(p.loops)]
	if p.thread != nil {
		group = [3]int{int(p.threads()), 1, 1}
	}
	for i := range threads {
		n := ir.Const(1)
		if i < len(p.loops) {
			n = rounds(p.loops[len(p.loops)-1-i])
		}
		if i == 0 && p.thread != nil {
			n = n.Mul(ir.Const(p.threads()))
		}
		threads[i] = n.String()
	}
	return threads, group
}

// describe says it in words.
func describe(threads [3]string, group [3]int) string {
	last := 0
	for i := range threads {
		if threads[i] != "1" || group[i] != 1 {
			last = i
		}
	}
	text, sides := threads[0], fmt.Sprint(group[0])
	for i := 1; i <= last; i++ {
		text += " x " + threads[i]
		sides += fmt.Sprintf(" x %d", group[i])
	}
	return text + " threads in groups of " + sides
}
