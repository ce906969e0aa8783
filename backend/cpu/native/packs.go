package native

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/aiopt/aiopt/backend/cpu/memory"
	"github.com/aiopt/aiopt/backend/cpu/native/packed"
	"github.com/aiopt/aiopt/backend/kernel/calls"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// packing is one packed constant on the way.
type packing struct {
	pack      *calls.Pack
	f         *function
	operands  []*ir.Value
	key       packed.Key
	cacheable bool   // the cache may hold it
	memory    []byte // what it has filled; nil: it is to be packed
	users     []*segmentStep
}

// leastCached is how many bytes are worth a file: fewer are packed as fast as found.
const leastCached = 64 << 10

// pack fills the packed constants of all segments: from the cache, or by their kernels. Equal packs of the same constants share
// memory.
func (p *program) pack(ctx context.Context, c *constants, cache *packed.Cache, ahead *ahead, threads int, by string) error {
	all := p.packings()
	found := make([]*memory.Region, len(all))
	host.InParallel(threads, len(all), func(i int) {
		if j := all[i]; j.pack.Bytes >= leastCached {
			if j.key, j.cacheable = j.identity(c, by); j.cacheable {
				found[i], _ = ahead.open(cache, j.key, j.pack.Bytes) // what is not found, or damaged, is packed anew
			}
		}
	})
	for i, j := range all {
		if found[i] != nil {
			j.memory = p.adopt(found[i])
		}
	}
	if err := (&packer{program: p, constants: c, cache: cache}).all(ctx, all); err != nil {
		return err
	}
	for _, j := range all {
		for _, st := range j.users {
			st.packed = append(st.packed, j.memory)
		}
	}
	ahead.note(all)
	return nil
}

// packings lists what is to be packed, each pack of the same constants once.
func (p *program) packings() (all []*packing) {
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
	return all
}

// adopt keeps a region until the program is closed, and gives its bytes.
func (p *program) adopt(r *memory.Region) []byte {
	p.packed = append(p.packed, r)
	return r.Data
}

// text is equal for packs that fill the same.
func (j *packing) text() string {
	var b strings.Builder
	for _, i := range j.pack.Operands {
		fmt.Fprintf(&b, "%p ", j.operands[i].Def)
	}
	b.Write(j.f.Sum[:])
	return b.String()
}

// identity hashes what a pack follows from: the files of its constants, by their size, time and checksum, the kernel and what made
// the code of it. The checksum tells the bytes: a time may be set back, and be that of a file which has taken this one's place. There is none for data that the program made, nor where that is not known.
func (j *packing) identity(c *constants, by string) (packed.Key, bool) {
	if by == "" {
		return packed.Key{}, false
	}
	h := sha256.New()
	fmt.Fprintf(h, "%q %x %d\n", by, j.f.Sum, j.pack.Bytes)
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
		sum, err := c.sum(r.Source)
		if err != nil {
			return packed.Key{}, false
		}
		fmt.Fprintf(h, "%q %d %d %q %d %08x %d %d %s\n", path, info.Size(), info.ModTime().UnixNano(), r.Source.Entry, r.Source.Size, sum, r.Offset, r.Strides, r.Type)
	}
	return packed.Key(h.Sum(nil)), true
}
