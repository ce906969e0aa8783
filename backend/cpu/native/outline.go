package native

import (
	"crypto/sha256"

	"github.com/aiopt/aiopt/backend/cpu/native/emit"
	"github.com/aiopt/aiopt/backend/kernel"
)

// outline is what running a kernel takes to know of it, besides its code.
type outline struct {
	kernel  *kernel.Kernel // without a body where only what was noted is known: see recalled
	layout  emit.Layout
	effort  *effort
	touched []bool            // which of its buffers it reads or writes
	sum     [sha256.Size]byte // see sumOf
	noted   bool
}

// outlineOf is the outline of a kernel with a body.
func outlineOf(k *kernel.Kernel, sum [sha256.Size]byte) *outline {
	o := &outline{kernel: k, layout: emit.LayoutOf(k), effort: effortOf(k.Body), sum: sum}
	for _, b := range k.Buffers {
		o.touched = append(o.touched, k.Touches(b))
	}
	return o
}

// sumOf is a hash of the text of a kernel under a name that all share: kernels of one sum are the same code.
func sumOf(k *kernel.Kernel) [sha256.Size]byte {
	same := *k
	same.Name = "k"
	return sha256.Sum256([]byte(kernel.Print(&same)))
}
