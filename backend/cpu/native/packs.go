package native

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"unsafe"

	"github.com/aiopt/aiopt/backend/cpu/memory"
	"github.com/aiopt/aiopt/backend/cpu/native/packed"
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// packing is one packed constant on the way.
type packing struct {
	pack     *Pack
	f        *function
	operands []*ir.Value
	key      packed.Key
	kept     bool // the cache may hold it
	made     bool // it was not found there
	region   *memory.Region
	users    []*segmentStep
}

// leastKept is how many bytes are worth a file: fewer are packed as fast as found.
const leastKept = 64 << 10

// pack fills the packed constants of all segments: from the cache, or by their kernels. Equal packs of the same constants share
// memory.
func (p *program) pack(ctx context.Context, c *constants, cache *packed.Cache, threads int, by string) error {
	var all []*packing
	known := map[string]*packing{}
	for _, s := range p.segments {
		for i := range s.steps {
			st := &s.steps[i]
			for k := range st.plan.Packs {
				j := &packing{pack: &st.plan.Packs[k], f: st.packers[k], operands: st.operands}
				text := j.text()
				if known[text] == nil {
					known[text] = j
					all = append(all, j)
				}
				known[text].users = append(known[text].users, st)
			}
		}
	}
	inParallel(threads, len(all), func(i int) {
		if j := all[i]; j.pack.Bytes >= leastKept {
			if j.key, j.kept = j.identity(c, by); j.kept {
				j.region, _ = cache.Open(j.key, j.pack.Bytes) // what is not found, or damaged, is packed anew
			}
		}
	})
	for _, j := range all {
		if j.region == nil {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := p.packOne(c, j); err != nil {
				return errors.Join(fmt.Errorf("packing constants for %s: %w", j.users[0].op.Name(), err), j.region.Free())
			}
		}
		p.packed = append(p.packed, j.region)
		for _, st := range j.users {
			st.packed = append(st.packed, j.region)
		}
	}
	return keepPacked(ctx, all, cache, threads)
}

// keepPacked puts what was packed into the cache. A cache that cannot be written to is as good as none.
func keepPacked(ctx context.Context, all []*packing, cache *packed.Cache, threads int) error {
	var fresh []*packing
	for _, j := range all {
		if j.kept && j.made {
			fresh = append(fresh, j)
		}
	}
	if len(fresh) == 0 || cache.Limit <= 0 {
		return nil
	}
	inParallel(threads, len(fresh), func(i int) { _ = cache.Put(ctx, fresh[i].key, fresh[i].region.Data) })
	_ = cache.Shrink()
	return ctx.Err()
}

// text is equal for packs that fill the same.
func (j *packing) text() string {
	var b strings.Builder
	for _, i := range j.pack.Operands {
		fmt.Fprintf(&b, "%p ", j.operands[i].Def)
	}
	b.WriteString(j.f.structure)
	return b.String()
}

// identity hashes what a pack follows from: the files of its constants, by their size and time, the kernel and what made the code
// of it. There is none for data that the program made, nor where that is not known.
func (j *packing) identity(c *constants, by string) (packed.Key, bool) {
	if by == "" {
		return packed.Key{}, false
	}
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %d\n", by, j.f.structure, j.pack.Bytes)
	for _, i := range j.pack.Operands {
		r := c.file(j.operands[i].Def)
		if r == nil {
			return packed.Key{}, false
		}
		path, err := filepath.Abs(r.Source.File)
		if err != nil {
			return packed.Key{}, false
		}
		info, err := os.Stat(path)
		if err != nil {
			return packed.Key{}, false
		}
		fmt.Fprintf(h, "%q %d %d %q %d %08x %d %d %s\n", path, info.Size(), info.ModTime().UnixNano(), r.Source.Entry, r.Source.Size, r.Source.CRC, r.Offset, r.Strides, r.Type)
	}
	return packed.Key(h.Sum(nil)), true
}

// packOne runs the kernel of a pack.
func (p *program) packOne(c *constants, j *packing) (err error) {
	b := &packBlock{words: make([]uint64, 0, j.f.layout.Words)}
	if err := b.fill(c, j); err != nil {
		return err
	}
	if j.f.layout.Rounds == nil || len(b.words) != j.f.layout.Words {
		return fmt.Errorf("internal error: the kernel takes %d words, %d are given", j.f.layout.Words, len(b.words))
	}
	rounds, ok := j.f.layout.Rounds.IsConst()
	if !ok {
		return fmt.Errorf("internal error: the kernel has %s rounds", j.f.layout.Rounds)
	}
	parts := min(int64(p.pool.size()), rounds)
	scratch, err := memory.NewRegion(int(parts) * b.scratch)
	if err != nil {
		return err
	}
	block := uintptr(unsafe.Pointer(unsafe.SliceData(b.words)))
	p.pool.each(int(parts), func(i int) {
		n := int64(i)
		j.f.call(block, scratch.Addr()+uintptr(i*b.scratch), rounds*n/parts, rounds*(n+1)/parts)
	})
	runtime.KeepAlive(b)
	for _, told := range b.status {
		if told != 0 {
			return fmt.Errorf("the constants are damaged: a stored index lies outside of its table")
		}
	}
	return scratch.Free()
}

// packBlock is the context block of a pack.
type packBlock struct {
	words   []uint64
	in      []*host.Tensor
	status  []uint64
	scratch int // bytes for each thread
}

// fill writes the words: the constants, what is filled, the status where there is one, and the kernel's own memory.
func (b *packBlock) fill(c *constants, j *packing) error {
	at := 0
	for _, buf := range j.f.kernel.Buffers {
		n, ok := buf.Len.IsConst()
		if !ok {
			return fmt.Errorf("internal error: buffer %s of a pack has %s elements", buf.Name, buf.Len)
		}
		bytes := int(n) * buf.Elem.Bytes()
		switch {
		case buf.Space != kernel.Global: // behind the others
			continue
		case at < len(j.pack.Operands):
			t, err := c.get(j.operands[j.pack.Operands[at]].Def)
			if err != nil {
				return err
			}
			from := t.Offset * t.Elem.Bytes()
			if bytes > len(t.Data)-from {
				return fmt.Errorf("internal error: buffer %s takes %s elements, the constant has %d", buf.Name, buf.Len, t.Len())
			}
			b.in = append(b.in, t)
			b.words = append(b.words, uint64(uintptr(unsafe.Pointer(unsafe.SliceData(t.Data[from:])))))
		case buf.Role == kernel.Status:
			b.status = make([]uint64, (bytes+7)/8)
			b.words = append(b.words, uint64(uintptr(unsafe.Pointer(unsafe.SliceData(b.status)))))
		default:
			var err error
			if j.region, err = memory.NewRegion(j.pack.Bytes); err != nil {
				return err
			}
			j.made = true
			b.words = append(b.words, uint64(j.region.Addr()))
		}
		at++
	}
	for _, buf := range j.f.layout.Scratch {
		n, _ := buf.Len.IsConst()
		b.words = append(b.words, uint64(b.scratch))
		b.scratch += memory.Aligned(int(n) * buf.Elem.Bytes())
	}
	return nil
}

// constants gives the numbers of a module's constants in row-major order without gaps.
type constants struct {
	eval ir.EvalCtx
	have map[*ir.Op]*host.Tensor

	resources map[string]*ir.Resource
}

func newConstants(m *ir.Module) *constants {
	c := &constants{have: map[*ir.Op]*host.Tensor{}, resources: map[string]*ir.Resource{}}
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
