package native

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/aiopt/aiopt/backend/cpu/native/emit"
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir"
)

// outline is what running a kernel takes to know of it, besides its code.
type outline struct {
	kernel *kernel.Kernel // without a body where its plan was recalled
	layout emit.Layout
	*abstract
}

// abstract is what the body of a kernel tells. It is noted in place of that.
type abstract struct {
	Sum     digest  // see sumOf
	Rounds  *ir.Dim `json:",omitempty"` // see emit.RoundsOf
	Effort  *effort
	Touched []bool // which of the kernel's buffers it reads or writes
}

// outlineOf is the outline of a kernel with a body.
func outlineOf(k *kernel.Kernel, sum digest) *outline {
	a := &abstract{Sum: sum, Rounds: emit.RoundsOf(k), Effort: effortOf(k.Body)}
	for _, b := range k.Buffers {
		a.Touched = append(a.Touched, k.Touches(b))
	}
	return &outline{k, emit.LayoutOf(k), a}
}

// digest is a hash of a text. In notes it is hexadecimal.
type digest [sha256.Size]byte

// MarshalText gives the digits.
func (d digest) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, d[:]), nil }

// UnmarshalText reads them.
func (d *digest) UnmarshalText(text []byte) error {
	if want := hex.EncodedLen(len(d)); len(text) != want {
		return fmt.Errorf("a hash has %d digits, expected %d", len(text), want)
	}
	_, err := hex.Decode(d[:], text)
	return err
}

// sumOf is a hash of the text of a kernel under a name that all share: kernels of one sum are the same code.
func sumOf(k *kernel.Kernel) digest {
	same := *k
	same.Name = "k"
	return sha256.Sum256([]byte(kernel.Print(&same)))
}
