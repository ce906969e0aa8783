package native

import (
	"bytes"
	"crypto/sha256"
	"sync"

	"github.com/aiopt/aiopt/backend/cpu/native/toolchain"
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
)

// proven are the kernels that Verify has accepted, by a hash of their text. To prove bounds takes most of the time of planning;
// a build of the program that runs again makes the same kernels, and remembers.
type proven struct {
	cache   *toolchain.Cache
	program digest // a hash of the build

	mu    sync.Mutex
	known map[digest]bool
	fresh []digest
	sums  map[*kernel.Kernel]digest // see sumOf
}

// provenNote is a hash of the program's build and those of kernels, one after the other.
const (
	provenNote = "proven"
	mostProven = 1 << 14 // then all are forgotten
)

// newProven remembers in the cache's notes; a build that is not known, "", is told from no other and remembers nothing.
func newProven(cache *toolchain.Cache, build string) *proven {
	p := &proven{cache: cache, known: map[digest]bool{}, sums: map[*kernel.Kernel]digest{}}
	if build == "" {
		p.cache = nil
		return p
	}
	p.program = sha256.Sum256([]byte(build))
	for _, sum := range p.noted() {
		p.known[sum] = true
	}
	return p
}

// noted reads the kernels that this build has noted.
func (p *proven) noted() (list []digest) {
	data, ours := bytes.CutPrefix(p.cache.Note(provenNote), p.program[:])
	for ours && len(data) >= sha256.Size {
		list = append(list, digest(data))
		data = data[sha256.Size:]
	}
	return list
}

// verify is kernel.VerifyWithin for kernels that are not known.
func (p *proven) verify(k *kernel.Kernel, effort *ir.Effort) error {
	sum := sumOf(k)
	p.mu.Lock()
	p.sums[k] = sum
	known := p.known[sum]
	p.mu.Unlock()
	if known {
		return nil
	}
	if err := kernel.VerifyWithin(k, effort); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.known[sum] {
		p.known[sum] = true
		p.fresh = append(p.fresh, sum)
	}
	return nil
}

// sum is sumOf.
func (p *proven) sum(k *kernel.Kernel) digest {
	if sum, ok := p.sums[k]; ok {
		return sum
	}
	return sumOf(k)
}

// save notes what was proven beside what others have noted. Without a cache it is proven again.
func (p *proven) save() {
	if p.cache == nil || len(p.fresh) == 0 {
		return
	}
	list := p.noted()
	if len(list)+len(p.fresh) > mostProven {
		list = nil
	}
	data := bytes.Clone(p.program[:])
	for _, sum := range append(list, p.fresh[:min(len(p.fresh), mostProven)]...) {
		data = append(data, sum[:]...)
	}
	_ = p.cache.PutNote(provenNote, data)
}
