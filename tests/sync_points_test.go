package tests

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/backend/cpu/interp"
	torchdialect "github.com/aiopt/aiopt/dialect/torch"
	"github.com/aiopt/aiopt/frontend/torch"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/numeric"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/tools/compare"
)

// syncPipelines are builds that are compared with PyTorch, and the share of all tensors that must be there to compare, on an engine
// that shows what is inside kernels, as interp does.
var syncPipelines = []struct {
	name, text string
	share      float64
}{
	{"unfused", "decompose{composites=false}, fold, cse, canonicalize, kv-cache, dce, layout{convs=dense}", 0.95},
	{"cpu", "@cpu", 0},
	{"w4", "decompose, fuse, w4", 0.60},
}

// TestSyncPoints counts, over the models of the corpus, which floating-point tensors of PyTorch, views apart, a build has values to
// compare with: outside of kernels, where every engine shows them, or inside. Every other one is among the lost ones, with its pass.
// testdata/sync_points.txt has the counts; -update writes it.
func TestSyncPoints(t *testing.T) {
	t.Parallel()
	c := openCorpus(t, "models")
	cases := c.cases
	if testing.Short() {
		cases = every(9, cases)
	}
	failing := readFailing(t)
	counts := make([]*syncCount, len(cases))
	t.Run("models", func(t *testing.T) {
		for i, k := range cases {
			if failing[k.Name] != "" {
				continue
			}
			t.Run(k.Name, func(t *testing.T) {
				t.Parallel()
				counts[i] = openModel(t, c, spineModel{name: k.Name}).countSyncPoints(t)
			})
		}
	})
	if t.Failed() {
		return
	}
	counts = slices.DeleteFunc(counts, func(n *syncCount) bool { return n == nil })
	got := syncHeader()
	for _, n := range counts {
		got += n.line()
	}
	if !testing.Short() {
		total := &syncCount{model: "all", builds: make([]syncBuild, len(syncPipelines))}
		for _, n := range counts {
			total.add(n)
		}
		got += total.line()
		for i, p := range syncPipelines {
			if have := float64(total.builds[i].outside+total.builds[i].inside) / float64(total.nodes); have < p.share {
				t.Errorf("%s: %.1f %% of %d tensors have a value to compare with, expected %.0f %%", p.name, 100*have, total.nodes, 100*p.share)
			}
		}
	}
	holdLines(t, filepath.Join("testdata", "sync_points.txt"), got)
}

// syncCount is a line of the table.
type syncCount struct {
	model  string
	nodes  int
	builds []syncBuild
}

// syncBuild counts the tensors of one build.
type syncBuild struct {
	outside, inside int
	lost            map[string]int // by pass
}

func syncHeader() string {
	head := "# Floating-point tensors of PyTorch that are no views, and how many of them a build has values for, inside of kernels too; passes lost the others.\n"
	for _, p := range syncPipelines {
		head += fmt.Sprintf("# %s: %s\n", p.name, p.text)
	}
	return head
}

func (n *syncCount) line() string {
	s := fmt.Sprintf("%s: %d", n.model, n.nodes)
	for i, p := range syncPipelines {
		b := n.builds[i]
		s += fmt.Sprintf("; %s %d (%.1f %%)", p.name, b.outside+b.inside, 100*float64(b.outside+b.inside)/float64(max(n.nodes, 1)))
		if b.inside > 0 {
			s += fmt.Sprintf(", %d of them inside", b.inside)
		}
		var passes []string
		for pass := range b.lost {
			passes = append(passes, pass)
		}
		slices.Sort(passes)
		for _, pass := range passes {
			s += fmt.Sprintf(", %d by %s", b.lost[pass], pass)
		}
	}
	return s + "\n"
}

func (n *syncCount) add(m *syncCount) {
	n.nodes += m.nodes
	for i, b := range m.builds {
		n.builds[i].outside += b.outside
		n.builds[i].inside += b.inside
		for pass, k := range b.lost {
			if n.builds[i].lost == nil {
				n.builds[i].lost = map[string]int{}
			}
			n.builds[i].lost[pass] += k
		}
	}
}

// side lists what a build shows in the case's calls, one of each function.
func (m *model) side(t *testing.T, built *ir.Module) *compare.Program {
	t.Helper()
	p := &compare.Program{Module: built, Backend: interp.Backend{}}
	for _, c := range m.calls {
		if !slices.ContainsFunc(p.Calls, func(k pass.Call) bool { return k.Func == c.Func }) {
			p.Calls = append(p.Calls, pass.Call{Func: c.Func, In: slices.Clone(c.In)})
		}
	}
	if err := p.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// countSyncPoints holds a model's builds against its tensors as they are lowered one by one.
func (m *model) countSyncPoints(t *testing.T) *syncCount {
	nodes := m.computing(t)
	n := &syncCount{model: m.name, nodes: len(nodes)}
	for _, p := range syncPipelines {
		built, err := m.tryBuild(t, p.text)
		var nothing *pass.NothingCompressed
		if err != nil && !errors.As(err, &nothing) { // a model without weights is fused as well
			t.Fatalf("%s: %v", p.text, err)
		}
		n.builds = append(n.builds, m.countBuild(t, m.side(t, built), nodes, p.name))
	}
	return n
}

// computing lists the floating-point nodes of the functions that are called, as tests/cases/nodes.py does: those of bodies, too, but none that
// only shows an operand in another shape, and of several results those that nothing takes are none.
func (m *model) computing(t *testing.T) map[torchTensor]bool {
	list := map[torchTensor]bool{}
	eachClaim(m.load(t), func(k torchTensor, _ ir.Claim, v *ir.Value) {
		called := slices.ContainsFunc(m.calls, func(c numeric.Case) bool { return c.Func == k.fn })
		taken := v.Def != nil && (v.Used() || len(v.Def.Results) == 1)
		written := strings.HasPrefix(k.name[strings.LastIndexByte(k.name, '/')+1:], "copy") // aten.copy_ is what is written, maybe a view
		if called && taken && (v.Type.Elem.IsFloat() || v.Type.Elem.IsComplex()) && (written || !showsOperand(v.Def)) {
			list[k] = true
		}
	})
	return list
}

// showsOperand reports a call that gives its operand in another shape by its schema, copied or not. One of another type is rounded, and no view.
func showsOperand(op *ir.Op) bool {
	if !op.Is(torchdialect.Call) {
		return false
	}
	s, known := torch.LookupSchema(op.Str("callee"))
	if !known || len(s.Returns) == 0 || len(op.Operands) > 0 && op.In(0).Elem != op.Results[0].Type.Elem {
		return false
	}
	_, name, _ := strings.Cut(op.Str("callee"), ".")
	name, _, _ = strings.Cut(name, ".")
	copies := name == "clone" || name == "_unsafe_view" || strings.HasSuffix(name, "_copy") && name != "index_copy"
	return copies || s.Returns[0].Alias != "" && !s.Returns[0].Written
}

func (m *model) countBuild(t *testing.T, built *compare.Program, nodes map[torchTensor]bool, name string) syncBuild {
	b := syncBuild{lost: map[string]int{}}
	outside, inside := map[torchTensor]bool{}, map[torchTensor]bool{}
	for _, v := range built.Values() {
		for _, c := range v.Claims {
			k := torchTensor{cmp.Or(v.Func, built.Calls[v.Call].Func), c.Tensor}
			if v.Kernel == "" {
				outside[k] = true
			} else {
				inside[k] = true
			}
		}
	}
	by := map[torchTensor]string{}
	for _, l := range built.Lost() {
		by[torchTensor{cmp.Or(l.Func, built.Calls[l.Call].Func), l.Tensor}] = l.Pass
	}
	for k := range nodes {
		switch {
		case outside[k]:
			b.outside++
		case inside[k]:
			b.inside++
		case by[k] != "":
			b.lost[by[k]]++
		default:
			t.Errorf("%s: %s is neither claimed nor lost", name, k.name)
		}
	}
	return b
}

// comparedBuilds are builds that are run against the tensors of a model, with the preset that must be found, and whether no point may be
// red: none is, where numbers stay as they are and only sums have another order.
var comparedBuilds = []struct {
	text, preset string
	exact        bool
}{
	{"@cpu", "fp32", true},
	{"decompose, fp16, fuse", "fp16", false},
	{"decompose, fuse, w4", "w4", false},
}

// TestCompareModels compares builds of each model of the spine with its tensors as they are lowered one by one: all that both sides
// have become points, and what does not says why.
func TestCompareModels(t *testing.T) {
	t.Parallel()
	c := openCorpus(t, "models")
	for _, s := range spineModels {
		if testing.Short() && !s.short {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			m := openModel(t, c, s)
			for _, b := range comparedBuilds {
				m.compareBuild(t, b.text, b.preset, b.exact)
			}
		})
	}
}

func (m *model) compareBuild(t *testing.T, text, preset string, exact bool) {
	built, exported := m.side(t, m.build(t, text)), m.side(t, m.build(t, "decompose{composites=false}"))
	match, err := compare.Matching(built, exported, nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := compare.Run(t.Context(), built, exported, compare.Options{Memory: 1 << 16})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if r.Preset.Name != preset {
		t.Errorf("%s: found the preset %s, expected %s", text, r.Preset.Name, preset)
	}
	idle := 0 // in branches that are not taken
	for _, u := range r.Unmatched {
		switch {
		case u.Reason == "":
			t.Errorf("%s: %s has no reason", text, u.Name)
		case strings.HasPrefix(u.Reason, "not computed: the branch"):
			idle++
		}
	}
	if len(r.Points)+idle != len(match.Pairs) || len(r.Points) == 0 {
		t.Errorf("%s: %d of %d pairs became points, %d were not computed", text, len(r.Points), len(match.Pairs), idle)
	}
	for _, p := range r.Points {
		if p.Scores == nil {
			t.Errorf("%s: %s", text, p.Describe())
		}
	}
	if exact {
		for _, f := range r.Hold(r.Preset.Red).Failures {
			t.Errorf("%s: %s", text, f)
		}
	}
}
