package native

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"unsafe"

	"github.com/aiopt/aiopt/backend/cpu/memory"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// pack fills the packed constants of all segments. Equal packs of the same constants share memory.
func (p *program) pack(ctx context.Context, c *constants) error {
	for _, s := range p.segments {
		for i := range s.steps {
			st := &s.steps[i]
			for k := range st.plan.Packs {
				if err := ctx.Err(); err != nil {
					return err
				}
				a, err := p.packOne(c, st, k)
				if err != nil {
					return fmt.Errorf("packing constants for %s: %w", st.op.Name(), err)
				}
				st.packed = append(st.packed, a)
			}
		}
	}
	return nil
}

func (p *program) packOne(c *constants, st *segmentStep, k int) (*memory.Region, error) {
	pack, f := &st.plan.Packs[k], st.packers[k]
	var key strings.Builder
	for _, i := range pack.Operands {
		fmt.Fprintf(&key, "%p ", st.operands[i].Def)
	}
	key.WriteString(f.structure)
	if a := p.packed[key.String()]; a != nil {
		return a, nil
	}
	words := make([]uint64, 0, f.layout.Words)
	var in []*host.Tensor
	for i, at := range pack.Operands {
		t, err := c.get(st.operands[at].Def)
		if err != nil {
			return nil, err
		}
		b := f.kernel.Buffers[i]
		if n, ok := b.Len.IsConst(); !ok || int(n)*b.Elem.Bytes() > len(t.Data)-t.Offset*t.Elem.Bytes() {
			return nil, fmt.Errorf("internal error: buffer %s takes %s elements, the constant has %d", b.Name, b.Len, t.Len())
		}
		in = append(in, t)
		words = append(words, uint64(uintptr(unsafe.Pointer(&t.Data[t.Offset*t.Elem.Bytes()]))))
	}
	a, err := memory.NewRegion(pack.Bytes)
	if err != nil {
		return nil, err
	}
	p.packed[key.String()] = a
	words = append(words, uint64(a.Addr()))
	scratch := 0 // bytes for each thread
	for _, b := range f.layout.Scratch {
		n, ok := b.Len.IsConst()
		if !ok {
			return nil, fmt.Errorf("internal error: buffer %s of a pack has %s elements", b.Name, b.Len)
		}
		words = append(words, uint64(scratch))
		scratch += memory.Aligned(int(n) * b.Elem.Bytes())
	}
	if f.layout.Rounds == nil || len(words) != f.layout.Words {
		return nil, fmt.Errorf("internal error: the kernel takes %d words, %d are given", f.layout.Words, len(words))
	}
	rounds, ok := f.layout.Rounds.IsConst()
	if !ok {
		return nil, fmt.Errorf("internal error: the kernel has %s rounds", f.layout.Rounds)
	}
	block := uintptr(unsafe.Pointer(unsafe.SliceData(words)))
	parts := min(int64(p.pool.size()), rounds)
	own, err := memory.NewRegion(max(int(parts)*scratch, 1))
	if err != nil {
		return nil, err
	}
	p.pool.each(int(parts), func(i int) {
		n := int64(i)
		f.call(block, own.Addr()+uintptr(i*scratch), rounds*n/parts, rounds*(n+1)/parts)
	})
	runtime.KeepAlive(words)
	runtime.KeepAlive(in)
	return a, own.Free()
}

// constants gives the numbers of a module's constants in row-major order without gaps.
type constants struct {
	eval ir.EvalCtx
	have map[*ir.Op]*host.Tensor
}

func newConstants(m *ir.Module) *constants {
	c := &constants{have: map[*ir.Op]*host.Tensor{}}
	c.eval.Resource = func(name string) (*host.Tensor, error) {
		for _, r := range m.Resources {
			if r.Name == name {
				return r.Tensor()
			}
		}
		return nil, fmt.Errorf("the module has no resource @%s", name)
	}
	return c
}

func (c *constants) get(op *ir.Op) (*host.Tensor, error) {
	if t := c.have[op]; t != nil {
		return t, nil
	}
	made, err := op.Def.Eval(&c.eval, op, nil)
	if err != nil {
		return nil, err
	}
	t := made[0]
	if !t.Contiguous() {
		t = t.Clone()
	}
	c.have[op] = t
	return t, nil
}

// check says why what a step's packs read is not at hand.
func (c *constants) check(st *segmentStep) error {
	for _, p := range st.plan.Packs {
		for _, i := range p.Operands {
			if _, err := c.get(st.operands[i].Def); err != nil {
				return err
			}
		}
	}
	return nil
}
