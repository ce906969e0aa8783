package native

import (
	"fmt"
	"hash/crc32"
	"sync"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// constants gives the numbers of a module's constants in row-major order without gaps.
type constants struct {
	eval ir.EvalCtx
	have map[*ir.Op]*host.Tensor

	resources map[string]*ir.Resource

	mu   sync.Mutex
	sums map[*ir.Source]func() (uint32, error) // of those that state none
}

func newConstants(m *ir.Module) *constants {
	c := &constants{have: map[*ir.Op]*host.Tensor{}, resources: map[string]*ir.Resource{}, sums: map[*ir.Source]func() (uint32, error){}}
	for _, r := range m.Resources {
		c.resources[r.Name] = r
	}
	c.eval.Resource = func(name string) (*host.Tensor, error) {
		if r := c.resources[name]; r != nil {
			return r.Tensor()
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

// file is the resource that a constant shows, where that lies in a file; nil otherwise.
func (c *constants) file(op *ir.Op) *ir.Resource {
	name, ok := op.Attr("value").(ir.Symbol)
	if !ok {
		return nil
	}
	r := c.resources[string(name)]
	if r == nil || r.Source.File == "" || r.Source.Open == nil || r.Source.Elided {
		return nil
	}
	return r
}

// castagnoli is the polynomial of the checksums that are made here: processors have an instruction for it.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sum is a checksum of a source: what its file states or, where that states none, the CRC-32C of its bytes, which are read once.
func (c *constants) sum(s *ir.Source) (uint32, error) {
	if s.CRC != 0 {
		return s.CRC, nil
	}
	c.mu.Lock()
	sum := c.sums[s]
	if sum == nil {
		sum = sync.OnceValues(func() (uint32, error) {
			data, err := s.Bytes()
			if err != nil {
				return 0, err
			}
			n := crc32.Checksum(data, castagnoli)
			if s.Release != nil {
				s.Release()
			}
			return n, nil
		})
		c.sums[s] = sum
	}
	c.mu.Unlock()
	return sum()
}

// check says why what a step's packs read is not at hand. Files are taken to be: they are not read here.
func (c *constants) check(st *segmentStep) error {
	for _, p := range st.plan.Packs {
		for _, i := range p.Operands {
			if c.file(st.operands[i].Def) != nil {
				continue
			}
			if _, err := c.get(st.operands[i].Def); err != nil {
				return err
			}
		}
	}
	return nil
}

// release forgets the numbers of what was packed: nobody is likely to read them again.
func (c *constants) release(j *packing) {
	for _, i := range j.pack.Operands {
		op := j.operands[i].Def
		delete(c.have, op)
		if r := c.file(op); r != nil && r.Source.Release != nil {
			r.Source.Release()
		}
	}
}
