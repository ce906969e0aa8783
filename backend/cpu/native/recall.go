package native

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/aiopt/aiopt/backend/cpu/native/emit"
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/kernel/calls"
)

// planNote begins the names of notes of plans: all of a module, by what they follow from.
const (
	planNote      = "plans-"
	mostPlanNotes = 64 // the first that were written go first
)

// noted is what a planner said of one kind of operations, as a note holds it: kernels without bodies, and what those tell.
type noted struct {
	calls.Planned
	Abstracts []*abstract `json:",omitempty"` // of the plan's kernels, as calls.Plan.All lists them
}

// planName names the note of the plans for some kinds of operations. All that plans follow from is here: the build of the
// program, the planner, what it is told of the machine, and what the operations are.
func (c *compiler) planName(k *calls.Kinds) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %s %d\n", c.build, c.plan.Name, c.target().Facts(), len(k.Texts))
	for _, text := range k.Texts {
		fmt.Fprintf(h, "%d\n%s", len(text), text)
	}
	return planNote + hex.EncodeToString(h.Sum(nil))
}

// recall reads plans from the note of a name.
func (c *compiler) recall(name string) ([]calls.Planned, bool) {
	if c.proven.cache == nil {
		return nil, false
	}
	var list []noted
	if data := c.proven.cache.Note(name); data == nil || json.Unmarshal(data, &list) != nil {
		return nil, false
	}
	var made []calls.Planned
	c.recalled = map[*kernel.Kernel]*outline{}
	for _, n := range list {
		kernels := n.Plan.All()
		if len(kernels) != len(n.Abstracts) {
			return nil, false
		}
		for i, k := range kernels {
			c.recalled[k] = &outline{k, emit.LayoutOf(k), n.Abstracts[i]}
		}
		made = append(made, n.Planned)
	}
	return made, true
}

// remember notes plans under a name. What cannot be noted is planned again.
func (c *compiler) remember(name string, made []calls.Planned, outlines map[*kernel.Kernel]*outline) {
	if c.proven.cache == nil {
		return
	}
	var list []noted
	for _, p := range made {
		n := noted{Planned: p}
		for _, k := range p.Plan.All() {
			o := outlines[k]
			if o == nil { // of a plan that this module has no use for
				o = outlineOf(k, c.proven.sum(k))
			}
			n.Abstracts = append(n.Abstracts, o.abstract)
		}
		list = append(list, n)
	}
	if data, err := json.Marshal(list); err == nil {
		_ = c.proven.cache.PutNote(name, data)
		_ = c.proven.cache.ShrinkNotes(planNote, mostPlanNotes)
	}
}
