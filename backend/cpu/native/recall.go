package native

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/backend/cpu/native/emit"
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/kernel/calls"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// planNote begins the names of notes of plans: all of a module, by what they follow from.
const (
	planNote      = "plans-"
	mostPlanNotes = 64 // the first that were written go first
)

// notedPlans are the plans of a module as a note holds them: outlines of kernels, and what is done with those, by their numbers.
type notedPlans struct {
	Kernels []notedKernel
	Plans   []notedPlan // by kind
}

type notedPlan struct {
	Reason  string `json:",omitempty"` // why there is none
	Kernels []int  `json:",omitempty"`
	Args    [][]Arg
	Temps   []notedTemp   `json:",omitempty"`
	Packs   []notedPack   `json:",omitempty"`
	InPlace *notedInPlace `json:",omitempty"`
	Reuses  []int         `json:",omitempty"`
}

type notedPack struct {
	Kernel   int
	Operands []int
	Elem     host.Elem
	Bytes    int
}

type notedTemp struct {
	Elem host.Elem
	Len  notedDim
}

type notedInPlace struct {
	Runs, Length notedDim
	Copy         int
}

type notedKernel struct {
	Name    string
	Sum     []byte
	Sizes   []*ir.DimDecl `json:",omitempty"`
	Guards  []notedGuard  `json:",omitempty"`
	Buffers []notedBuffer
	Rounds  *notedDim `json:",omitempty"`
	Effort  notedEffort
}

type notedBuffer struct {
	Name    string
	Elem    host.Elem
	Len     notedDim
	Space   kernel.Space
	Role    kernel.Role
	Index   int
	Touched bool
}

type notedEffort struct {
	Flat float64
	Rest []notedPart `json:",omitempty"`
}

type notedPart struct {
	Symbol string
	Most   notedDim
	Step   int64        `json:",omitempty"`
	Body   *notedEffort `json:",omitempty"`
}

// notedDim is a size by its text.
type notedDim struct{ ir.Dim }

// MarshalText gives the text of a size that reads back as the same.
func (d notedDim) MarshalText() ([]byte, error) {
	text := d.String()
	if again, err := ir.ParseDim(text); err != nil || !again.Equal(d.Dim) {
		return nil, fmt.Errorf("the size %s has no text", text)
	}
	return []byte(text), nil
}

// UnmarshalText reads the text of a size.
func (d *notedDim) UnmarshalText(text []byte) (err error) {
	d.Dim, err = ir.ParseDim(string(text))
	return err
}

// notedGuard is a guard by its text.
type notedGuard struct{ ir.Guard }

// MarshalText gives the text of a guard that reads back as the same.
func (g notedGuard) MarshalText() ([]byte, error) {
	text := g.String()
	again, err := ir.ParseGuard(text)
	same := func(a, b ir.Cond) bool { return a.Rel == b.Rel && a.Left.Equal(b.Left) && a.Right.Equal(b.Right) }
	if err != nil || !slices.EqualFunc(again.Any, g.Any, same) {
		return nil, fmt.Errorf("the guard %s has no text", text)
	}
	return []byte(text), nil
}

// UnmarshalText reads the text of a guard.
func (g *notedGuard) UnmarshalText(text []byte) (err error) {
	g.Guard, err = ir.ParseGuard(string(text))
	return err
}

// planName names the note of the plans of some kinds: they follow from what the operations are, the machine, and the build of the
// program.
func (c *compiler) planName(k *calls.Kinds) string {
	h := sha256.New()
	m := c.machine
	fmt.Fprintf(h, "%x %q %q %q %t %t %d\n", c.proven.program, m.Name, m.CPU, m.All(), m.Rounded, m.Coded, len(k.Texts))
	for _, text := range k.Texts {
		fmt.Fprintf(h, "%d\n%s", len(text), text)
	}
	return planNote + hex.EncodeToString(h.Sum(nil))
}

// recall reads the plans of kinds from the cache.
func (c *compiler) recall(k *calls.Kinds) ([]calls.Planned, bool) {
	if c.proven.cache == nil {
		return nil, false
	}
	data := c.proven.cache.Note(c.planName(k))
	var n notedPlans
	if data == nil || json.Unmarshal(data, &n) != nil || len(n.Plans) != len(k.First) {
		return nil, false
	}
	kernels := make([]*kernel.Kernel, len(n.Kernels))
	c.recalled = make(map[*kernel.Kernel]*outline, len(n.Kernels))
	for i := range n.Kernels {
		o, err := n.Kernels[i].outline()
		if err != nil {
			return nil, false
		}
		kernels[i] = o.kernel
		c.recalled[o.kernel] = o
	}
	made := make([]calls.Planned, len(n.Plans))
	for i := range n.Plans {
		if why := n.Plans[i].Reason; why != "" {
			made[i].Err = errors.New(why)
		} else if made[i].Plan = n.Plans[i].plan(kernels); made[i].Plan == nil {
			return nil, false
		}
	}
	return made, true
}

// outline is what was noted of a kernel.
func (n *notedKernel) outline() (*outline, error) {
	k := &kernel.Kernel{Name: n.Name, Sizes: n.Sizes, Body: &kernel.Block{}}
	for _, g := range n.Guards {
		k.Guards = append(k.Guards, g.Guard)
	}
	o := &outline{kernel: k, effort: n.Effort.effort(), noted: true}
	if copy(o.sum[:], n.Sum) != len(o.sum) {
		return nil, errors.New("a kernel has no sum")
	}
	for _, b := range n.Buffers {
		k.Buffers = append(k.Buffers, &kernel.Buffer{Name: b.Name, Elem: b.Elem, Len: b.Len.Dim, Space: b.Space, Role: b.Role, Index: b.Index})
		o.touched = append(o.touched, b.Touched)
	}
	o.layout = emit.LayoutOf(k)
	if n.Rounds != nil {
		o.layout.Rounds = &n.Rounds.Dim
	}
	return o, nil
}

func (n *notedEffort) effort() *effort {
	e := &effort{flat: n.Flat}
	for _, p := range n.Rest {
		part := effortPart{symbol: p.Symbol, most: p.Most.Dim, step: p.Step}
		if p.Body != nil {
			part.body = p.Body.effort()
		}
		e.rest = append(e.rest, part)
	}
	return e
}

// plan is a plan of kernels that are known by their numbers; nil where one is not.
func (n *notedPlan) plan(kernels []*kernel.Kernel) *Plan {
	known := func(i int) bool { return i >= 0 && i < len(kernels) }
	p := &Plan{Args: n.Args, Reuses: n.Reuses}
	for _, i := range n.Kernels {
		if !known(i) {
			return nil
		}
		p.Kernels = append(p.Kernels, kernels[i])
	}
	for _, t := range n.Temps {
		p.Temps = append(p.Temps, calls.Temp{Elem: t.Elem, Len: t.Len.Dim})
	}
	for _, k := range n.Packs {
		if !known(k.Kernel) {
			return nil
		}
		p.Packs = append(p.Packs, calls.Pack{Kernel: kernels[k.Kernel], Operands: k.Operands, Elem: k.Elem, Bytes: k.Bytes})
	}
	if in := n.InPlace; in != nil {
		if !known(in.Copy) {
			return nil
		}
		p.InPlace = &calls.InPlace{Runs: in.Runs.Dim, Length: in.Length.Dim, Copy: kernels[in.Copy]}
	}
	return p
}

// remember notes plans. What cannot be noted is planned again.
func (c *compiler) remember(k *calls.Kinds, made []calls.Planned, outlines map[*kernel.Kernel]*outline) {
	if c.proven.cache == nil {
		return
	}
	w := &noting{outlines: outlines, c: c}
	for _, p := range made {
		w.plan(p)
	}
	if data, err := w.encode(); err == nil {
		_ = c.proven.cache.PutNote(c.planName(k), data)
		_ = c.proven.cache.ShrinkNotes(planNote, mostPlanNotes)
	}
}

// noting is plans on the way to a note.
type noting struct {
	notedPlans
	c        *compiler
	outlines map[*kernel.Kernel]*outline
	numbers  map[*kernel.Kernel]int
}

func (w *noting) encode() ([]byte, error) { return json.Marshal(&w.notedPlans) }

func (w *noting) plan(p calls.Planned) {
	if p.Err != nil {
		w.Plans = append(w.Plans, notedPlan{Reason: p.Err.Error()})
		return
	}
	n := notedPlan{Args: p.Plan.Args, Reuses: p.Plan.Reuses}
	for _, k := range p.Plan.Kernels {
		n.Kernels = append(n.Kernels, w.kernel(k))
	}
	for _, t := range p.Plan.Temps {
		n.Temps = append(n.Temps, notedTemp{t.Elem, notedDim{t.Len}})
	}
	for _, k := range p.Plan.Packs {
		n.Packs = append(n.Packs, notedPack{w.kernel(k.Kernel), k.Operands, k.Elem, k.Bytes})
	}
	if in := p.Plan.InPlace; in != nil {
		n.InPlace = &notedInPlace{notedDim{in.Runs}, notedDim{in.Length}, w.kernel(in.Copy)}
	}
	w.Plans = append(w.Plans, n)
}

// kernel gives the number of a kernel.
func (w *noting) kernel(k *kernel.Kernel) int {
	if i, ok := w.numbers[k]; ok {
		return i
	}
	o := w.outlines[k]
	if o == nil { // of a plan that this module has no use for
		o = outlineOf(k, w.c.proven.sum(k))
	}
	n := notedKernel{Name: k.Name, Sum: slices.Clone(o.sum[:]), Sizes: k.Sizes, Effort: effortNote(o.effort)}
	for _, g := range k.Guards {
		n.Guards = append(n.Guards, notedGuard{g})
	}
	for i, b := range k.Buffers {
		n.Buffers = append(n.Buffers, notedBuffer{b.Name, b.Elem, notedDim{b.Len}, b.Space, b.Role, b.Index, o.touched[i]})
	}
	if o.layout.Rounds != nil {
		n.Rounds = &notedDim{*o.layout.Rounds}
	}
	if w.numbers == nil {
		w.numbers = map[*kernel.Kernel]int{}
	}
	w.numbers[k] = len(w.Kernels)
	w.Kernels = append(w.Kernels, n)
	return w.numbers[k]
}

func effortNote(e *effort) notedEffort {
	n := notedEffort{Flat: e.flat}
	for _, p := range e.rest {
		part := notedPart{Symbol: p.symbol, Most: notedDim{p.most}, Step: p.step}
		if p.body != nil {
			body := effortNote(p.body)
			part.Body = &body
		}
		n.Rest = append(n.Rest, part)
	}
	return n
}
