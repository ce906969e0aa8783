package passes

import (
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/passes/rewrite"
)

// smoothNorm is a norm and the linear layers that it alone feeds.
type smoothNorm struct {
	op      *ir.Op
	linears []*ir.Op
	reason  string // why it stays as it is
}

// smoothGroup are norms that share weights, as those of two functions do: they get the same factors.
type smoothGroup struct {
	norms   []*smoothNorm
	params  []string // resources of the norms' weights and biases
	weights []string // of the linear layers
	refused string
}

func (g *smoothGroup) layers() int {
	n := 0
	for _, k := range g.norms {
		n += len(k.linears)
	}
	return n
}

// find finds the norms along the last axis, and the linear layers that follow none.
func (s *smoothing) find() {
	follows := map[*ir.Op]bool{}
	s.m.WalkOwn(func(op *ir.Op) {
		if !op.Is(nn.LayerNorm) && !op.Is(nn.RMSNorm) {
			return
		}
		n := &smoothNorm{op: op}
		for _, u := range op.Result().Uses() {
			if u.Op.Is(nn.Linear) && u.Index == 0 {
				n.linears = append(n.linears, u.Op)
				follows[u.Op] = true
			}
		}
		if len(n.linears) > 0 {
			n.reason = s.judge(n)
			s.norms = append(s.norms, n)
		}
	})
	s.m.WalkOwn(func(op *ir.Op) {
		switch {
		case !op.Is(nn.Linear) || follows[op]:
		case insideKernel(op.Parent()):
			s.inKernels++
			s.others = append(s.others, fmt.Sprintf("%s: %s", op.Describe(), s.kernelReason()))
		default:
			from := "a parameter"
			if def := op.Operands[0].Def; def != nil {
				from = def.Name()
			}
			s.others = append(s.others, fmt.Sprintf("%s: its input comes from %s, expected nn.layer_norm or nn.rms_norm", op.Describe(), from))
		}
	})
}

func (s *smoothing) kernelReason() string {
	return fmt.Sprintf("it is in a kernel; run %s before fuse", s.ctx.Pass.Name)
}

// anything makes it an error that no group can be scaled, whatever the calibration data says.
func (s *smoothing) anything() error {
	var skipped []string
	for _, g := range s.groups {
		if g.refused == "" {
			return nil
		}
		skipped = append(skipped, s.skipped(g)...)
	}
	name := s.ctx.Pass.Name
	switch {
	case len(skipped) == 0 && s.inKernels > 0:
		return &pass.NothingCompressed{Reason: fmt.Sprintf("norms and linear layers are inside kernels; run %s before fuse", name)}
	case len(skipped) == 0 && len(s.others) == 0:
		return &pass.NothingCompressed{Reason: "found no norm to scale: the model has no nn.linear"}
	}
	return &pass.NothingCompressed{Reason: "found no norm to scale, such as nn.layer_norm or nn.rms_norm whose result only nn.linear takes; these were skipped:\n  " +
		pass.FirstLines(append(skipped, s.others...), 10)}
}

// skipped says for each norm of a group why it stays as it is.
func (s *smoothing) skipped(g *smoothGroup) []string {
	var lines []string
	for _, n := range g.norms {
		lines = append(lines, n.op.Describe()+": "+g.refused)
	}
	return lines
}

func (s *smoothing) judge(n *smoothNorm) string {
	op := n.op
	if axes := op.Ints("axes"); len(axes) != 1 || axes[0] != op.In(0).Rank()-1 {
		return fmt.Sprintf("it is over the axes %v, expected the last one", axes)
	}
	if r := s.filter.Refuses(ir.ModulePaths(append(slices.Clone(n.linears), op)...)...); r != "" {
		return r
	}
	for _, u := range op.Result().Uses() {
		if !u.Op.Is(nn.Linear) || u.Index != 0 {
			return fmt.Sprintf("its result is also used by %s", u.Op.Describe())
		}
	}
	if op.Operand(1) == nil {
		return "it has no weight to take the factors"
	}
	for _, use := range n.uses() {
		if v := use.Op.Operands[use.Index]; resourceName(v) == "" {
			if quantizedAlready(use.Op.Parent(), v) {
				return fmt.Sprintf("a weight of %s is compressed already; run %s before", use.Op.Describe(), s.ctx.Pass.Name)
			}
			if insideKernel(op.Parent()) {
				return s.kernelReason()
			}
			return fmt.Sprintf("a weight of %s is no constant data; run `fold` before", use.Op.Describe())
		}
	}
	return ""
}

// uses are the operands that change: the weight and the bias of the norm, and the weights of the layers.
func (n *smoothNorm) uses() []ir.Use {
	var list []ir.Use
	for i := 1; i < len(n.op.Operands); i++ {
		if n.op.Operands[i] != nil {
			list = append(list, ir.Use{Op: n.op, Index: i})
		}
	}
	for _, l := range n.linears {
		list = append(list, ir.Use{Op: l, Index: 1})
	}
	return list
}

// resourceName is the name of the data that a value is; empty for any other value.
func resourceName(v *ir.Value) string {
	if !v.DefinedBy(core.Constant) {
		return ""
	}
	name, _ := v.Def.Attr("value").(ir.Symbol)
	return string(name)
}

// group puts the norms together that share data, and refuses a group with a norm that cannot be changed or with data that
// something else uses, too.
func (s *smoothing) group() {
	owner := map[ir.Use]*smoothNorm{}
	byData := map[string][]*smoothNorm{} // in the order of s.norms
	for _, n := range s.norms {
		for _, u := range n.uses() {
			owner[u] = n
			if name := resourceName(u.Op.Operands[u.Index]); name != "" {
				byData[name] = append(byData[name], n)
			}
		}
	}
	shared := s.usedOtherwise(owner)
	seen := map[*smoothNorm]bool{}
	for _, n := range s.norms {
		if seen[n] {
			continue
		}
		seen[n] = true
		g := &smoothGroup{norms: []*smoothNorm{n}}
		for i := 0; i < len(g.norms); i++ {
			k := g.norms[i]
			if g.refused == "" {
				g.refused = k.reason
			}
			for _, u := range k.uses() {
				name := resourceName(u.Op.Operands[u.Index])
				if g.refused == "" && shared[name] != "" {
					g.refused = fmt.Sprintf("@%s is also %s", name, shared[name])
				}
				g.add(name, u.Op == k.op)
				for _, other := range byData[name] {
					if !seen[other] {
						seen[other] = true
						g.norms = append(g.norms, other)
					}
				}
			}
		}
		s.groups = append(s.groups, g)
	}
}

func (g *smoothGroup) add(name string, norm bool) {
	list := &g.weights
	if norm {
		list = &g.params
	}
	if name != "" && !slices.Contains(*list, name) {
		*list = append(*list, name)
	}
	if g.refused == "" && slices.Contains(g.params, name) && slices.Contains(g.weights, name) {
		g.refused = fmt.Sprintf("@%s is both the weight of a norm and of a layer", name)
	}
}

// usedOtherwise says how data is used beside as an operand that a norm owns.
func (s *smoothing) usedOtherwise(owner map[ir.Use]*smoothNorm) map[string]string {
	how := map[string]string{}
	s.m.Walk(func(op *ir.Op) {
		if !op.Is(core.Constant) {
			return
		}
		for _, u := range op.Result().Uses() {
			if name := resourceName(op.Result()); owner[u] == nil && how[name] == "" {
				how[name] = "used by " + u.Op.Describe()
			}
		}
	})
	for _, st := range s.m.States {
		how[st.Init] = "the initial value of the state @" + st.Name
	}
	delete(how, "")
	return how
}

// apply divides the numbers that a group's norms give by factors and multiplies the weights that they meet.
func (s *smoothing) apply(g *smoothGroup, factors []float64) error {
	for i, names := range [][]string{g.params, g.weights} {
		for _, name := range names {
			at := slices.IndexFunc(s.m.Resources, func(r *ir.Resource) bool { return r.Name == name })
			t, err := s.m.Resources[at].Tensor()
			if err != nil {
				return err
			}
			scaled, err := scaleChannels(t, factors, []float64{-1, 1}[i])
			if err != nil {
				return err
			}
			s.m.Resources[at] = dataResource(name, scaled)
		}
	}
	for _, n := range g.norms {
		for _, u := range append(n.uses(), ir.Use{Op: n.op, Index: 0}) {
			op := n.op // its result is another tensor now
			if u.Index > 0 {
				op = u.Op.Operands[u.Index].Def
			}
			rewrite.Lose(s.m, op, s.ctx.Pass.Name, op.Result())
			op.Result().Claims = nil
		}
	}
	return nil
}

// dataResource is a resource whose data the program made.
func dataResource(name string, t *host.Tensor) *ir.Resource {
	data := t.Bytes()
	return &ir.Resource{Name: name, Type: ir.TypeOf(t), Source: &ir.Source{Data: data, Size: int64(len(data))}}
}
