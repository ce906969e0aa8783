package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/metal/custom"
	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/backend/metal/msl"
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
)

// texts gathers kernels: each once, in a text with those that compute the like.
type texts struct {
	entries []launch.Entry
	kernels []*kernel.Kernel
	known   map[string]int // by what they are
	modules map[string]*msl.Module
	order   []string // names of the modules
}

func newTexts() *texts {
	return &texts{known: map[string]int{}, modules: map[string]*msl.Module{}}
}

// add gives the numbers of an operation's kernels. The error is why Metal cannot run one of them; none is added then.
func (t *texts) add(op *ir.Op, list []*kernel.Kernel) ([]int, error) {
	for _, k := range list {
		if _, ok := t.known[kernel.Print(k)]; ok {
			continue
		}
		if _, _, err := msl.Print(k, launch.Buffers, msl.Options{}); err != nil {
			return nil, err
		}
	}
	var numbers []int
	for i, k := range list {
		n, err := t.one(op, k, i, len(list))
		if err != nil {
			return nil, err
		}
		numbers = append(numbers, n)
	}
	return numbers, nil
}

// one adds a kernel, which is one of several of its operation.
func (t *texts) one(op *ir.Op, k *kernel.Kernel, at, of int) (int, error) {
	what := kernel.Print(k)
	if n, ok := t.known[what]; ok {
		return n, nil
	}
	stem := stemOf(op)
	m := t.modules[stem]
	if m == nil {
		m = msl.NewModule(launch.Buffers)
		t.modules[stem] = m
		t.order = append(t.order, stem)
	}
	sum := sha256.Sum256([]byte(what))
	doc := docOf(op)
	if of > 1 {
		doc += fmt.Sprintf("\nKernel %d of %d.", at+1, of)
	}
	l, err := m.Add(k, msl.Options{Name: stem + "_" + hex.EncodeToString(sum[:4]), Doc: doc})
	if err != nil {
		return 0, err
	}
	t.known[what] = len(t.entries)
	t.entries = append(t.entries, launch.Entry{Text: fileOf(stem), Origin: launch.Generated, Kernel: l})
	t.kernels = append(t.kernels, k)
	return t.known[what], nil
}

// fileOf names the text of the kernels of a stem. Names of users' texts have no such ending.
func fileOf(stem string) string { return stem + ".generated.metal" }

// files gives the texts, by name.
func (t *texts) files() []custom.File {
	var list []custom.File
	for _, stem := range slices.Sorted(slices.Values(t.order)) {
		list = append(list, custom.File{Name: fileOf(stem), Data: []byte(t.modules[stem].Text())})
	}
	return list
}

// stemOf names what an operation computes: the heavy operation of a group, or a norm and the like, or what it ends with.
func stemOf(op *ir.Op) string {
	name := op.Name()
	if op.Is(core.Kernel) {
		inner := op.Bodies[0].Ops
		for _, o := range slices.Backward(inner[:len(inner)-1]) {
			if name == op.Name() || strings.HasPrefix(o.Name(), "nn.") && !strings.HasPrefix(name, "nn.") {
				name = o.Name()
			}
			if o.Def.Traits.Has(ir.Anchor) {
				name = o.Name()
				break
			}
		}
	}
	_, stem, _ := strings.Cut(name, ".")
	return stem
}

// docOf says what an operation computes.
func docOf(op *ir.Op) string {
	names := []string{op.Name()}
	if op.Is(core.Kernel) {
		names = nil
		inner := op.Bodies[0].Ops
		for _, o := range inner[:len(inner)-1] {
			if !o.Is(core.Constant) {
				names = append(names, o.Name())
			}
		}
	}
	const most = 12
	if len(names) > most {
		names = append(names[:most-1], fmt.Sprintf("%d more", len(names)-most+1))
	}
	return fmt.Sprintf("%s, which gives %s.", strings.Join(names, ", "), op.Results[0].Type)
}
