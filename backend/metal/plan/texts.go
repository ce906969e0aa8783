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
	texts   []*madeText
}

// madeText is a text with kernels of one stem.
type madeText struct {
	name    string
	module  *msl.Module
	kernels int
}

// inText is how many kernels a text has at most: they are compiled together.
const inText = 12

func newTexts() *texts {
	return &texts{known: map[string]int{}}
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
	to := t.textOf(stem)
	sum := sha256.Sum256([]byte(what))
	doc := docOf(op)
	if of > 1 {
		doc += fmt.Sprintf("\nKernel %d of %d.", at+1, of)
	}
	l, err := to.module.Add(k, msl.Options{Name: stem + "_" + hex.EncodeToString(sum[:4]), Doc: doc})
	if err != nil {
		return 0, err
	}
	to.kernels++
	t.known[what] = len(t.entries)
	t.entries = append(t.entries, launch.Entry{Text: to.name, Origin: launch.Generated, Kernel: l})
	t.kernels = append(t.kernels, k)
	return t.known[what], nil
}

// textOf gives the text that the next kernel of a stem goes to. Names of users' texts have no such ending.
func (t *texts) textOf(stem string) *madeText {
	for n := 1; ; n++ {
		name := stem + ".generated.metal"
		if n > 1 {
			name = fmt.Sprintf("%s.%d.generated.metal", stem, n)
		}
		at := slices.IndexFunc(t.texts, func(m *madeText) bool { return m.name == name })
		if at < 0 {
			at = len(t.texts)
			t.texts = append(t.texts, &madeText{name: name, module: msl.NewModule(launch.Buffers)})
		}
		if t.texts[at].kernels < inText {
			return t.texts[at]
		}
	}
}

// files gives the texts, by name.
func (t *texts) files() []custom.File {
	var list []custom.File
	for _, m := range t.texts {
		list = append(list, custom.File{Name: m.name, Data: []byte(m.module.Text())})
	}
	slices.SortFunc(list, func(a, b custom.File) int { return strings.Compare(a.Name, b.Name) })
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
