//go:build unix

package native

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/backendtest"
	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/backend/cpu/native/toolchain"
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/kernel/calls"
	"github.com/aiopt/aiopt/backend/kernel/schedule"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// TestRecalledPlans compiles modules with a planner, and then by what was noted of its plans: open sizes, an operation that only the
// interpreter has, states that are written over, results that take the memory of operands, packs of constants.
func TestRecalledPlans(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	small := func(shape ...int) *host.Tensor {
		x := random(rng, shape...)
		for i := range x.Len() {
			host.SetFloat(x, i, host.FloatAt(x, i)/16)
		}
		return x
	}
	row := host.New(host.I64, 1)
	host.SetInt(row, 0, 7)
	linear := linearOf("f32", 3, 160, 96)
	for _, c := range []struct {
		name, text string
		in         [][]*host.Tensor
	}{
		{"mixed", mixed, [][]*host.Tensor{mixedInputs(rng, 3, 17, 2), mixedInputs(rng, 300, 40, 1)}},
		{"states", cached, [][]*host.Tensor{{random(rng, 1, 256), row}, {random(rng, 1, 256), row}}},
		{"chain", chained, [][]*host.Tensor{{random(rng, 50, 20)}}},
		{"layers", layers, [][]*host.Tensor{{small(1, 64), small(64, 64)}, {small(100, 64), small(64, 64)}}},
		{"packs", linear.text(), [][]*host.Tensor{{small(3, 160)}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cache := toolchain.NewCache(filepath.Join(t.TempDir(), "cache"))
			asked := 0
			counting := func(op *ir.Op, target schedule.Target) (*calls.Plan, error) {
				asked++
				return calls.Of(op, target)
			}
			reference, err := interp.Backend{}.Compile(t.Context(), backendtest.Parse(t, c.text), backend.Options{Threads: 1})
			if err != nil {
				t.Fatal(err)
			}
			run := func(planner func(*ir.Op, schedule.Target) (*calls.Plan, error)) error {
				native, err := Backend{Plan: &Planner{"counting", planner}, Cache: cache}.Compile(t.Context(), backendtest.Parse(t, c.text), backend.Options{Threads: 1})
				if err != nil {
					return err
				}
				got, want := native.NewSession(), reference.NewSession()
				for _, in := range c.in {
					err = errors.Join(err, agree(got, want, in))
				}
				return errors.Join(err, native.Close())
			}
			if err := run(counting); err != nil || asked == 0 {
				t.Fatalf("planned: %v, the planner was asked %d times", err, asked)
			}
			if err := run(func(*ir.Op, schedule.Target) (*calls.Plan, error) { return nil, errors.New("it was asked again") }); err != nil {
				t.Errorf("recalled: %v", err)
			}
			// Plans whose code is gone, and damaged plans, are made again.
			for _, pattern := range []string{"*.so", planNote + "*"} {
				names, err := filepath.Glob(filepath.Join(cache.Dir, pattern))
				if err != nil || len(names) == 0 {
					t.Fatalf("the cache has %v (%v), expected files like %s", names, err, pattern)
				}
				for _, name := range names {
					if err := os.WriteFile(name, []byte("damaged"), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				asked = 0
				if err := run(counting); err != nil || asked == 0 {
					t.Errorf("without %s: %v, the planner was asked %d times", pattern, err, asked)
				}
			}
		})
	}
}

// TestRecalledPlansAreTheSame holds all of plans that are recalled, and what is known of their kernels, against what was noted.
func TestRecalledPlansAreTheSame(t *testing.T) {
	linear := linearOf("f32", 3, 160, 96)
	for name, text := range map[string]string{"mixed": mixed, "states": cached, "chain": chained, "layers": layers, "packs": linear.text()} {
		t.Run(name, func(t *testing.T) {
			c := testCompiler(t)
			k := calls.KindsOf(candidates(backendtest.Parse(t, text)))
			made, err := (&planning{c: c, kinds: k}).planned(t.Context(), func(int) {})
			if err != nil {
				t.Fatal(err)
			}
			c.remember(planNote, made, nil)
			again, ok := c.recall(planNote)
			if !ok {
				t.Fatal("nothing was recalled")
			}
			if diff := cmp.Diff(made, again, cmpopts.IgnoreFields(kernel.Kernel{}, "Body"), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("noted (-) and recalled (+):\n%s", diff)
			}
			for i := range made {
				for j, k := range made[i].Plan.All() {
					want, found := outlineOf(k, sumOf(k)), c.recalled[again[i].Plan.All()[j]]
					if diff := cmp.Diff(want.abstract, found.abstract); diff != "" {
						t.Errorf("kernel %s, noted (-) and recalled (+):\n%s", k.Name, diff)
					}
				}
			}
		})
	}
}

// TestOtherPlans holds that plans are recalled for the planner, the target and the operations that they were noted for only.
func TestOtherPlans(t *testing.T) {
	c := testCompiler(t)
	k, other := calls.KindsOf(candidates(backendtest.Parse(t, cached))), calls.KindsOf(candidates(backendtest.Parse(t, mixed)))
	if a, b := c.planName(k), c.planName(k); a != b {
		t.Errorf("found the names %s and %s for the same", a, b)
	}
	names := []string{c.planName(k), c.planName(other)}
	for _, change := range []func(){
		func() { c.machine.Rounded = true },
		func() { c.machine.L2++ },
		func() { c.build += "2" },
		func() { c.plan = &Planner{"another", c.plan.Plan} },
	} {
		change()
		names = append(names, c.planName(k))
	}
	slices.Sort(names)
	if found := len(slices.Compact(names)); found != 6 {
		t.Errorf("found %d names, expected one for each of 6 planners, builds, targets and operations", found)
	}
}

// TestUnnoted has a plan with a size that has no text: it is not noted, as it would not read back as the same.
func TestUnnoted(t *testing.T) {
	c := testCompiler(t)
	for _, size := range []struct {
		dim  ir.Dim
		fits bool
	}{{ir.Sym("N").Mul(ir.Const(2)), true}, {ir.Sym("no name"), false}} {
		k := &kernel.Kernel{Name: "k", Body: &kernel.Block{}, Guards: []ir.Guard{{Any: []ir.Cond{{Left: size.dim, Rel: ir.RelGE}}}}}
		c.remember(planNote+size.dim.String(), []calls.Planned{{Plan: &calls.Plan{Kernels: []*kernel.Kernel{k}}}}, nil)
		if _, found := c.recall(planNote + size.dim.String()); found != size.fits {
			t.Errorf("%s was noted: %v, expected %v", size.dim, found, size.fits)
		}
	}
}

// TestProgress compiles a module anew, by a note, and by a note without code: what is done of it never becomes less, and is all of it in
// the end.
func TestProgress(t *testing.T) {
	cache := toolchain.NewCache(filepath.Join(t.TempDir(), "cache"))
	for _, turn := range []string{"planned", "recalled", "planned again"} {
		if turn == "planned again" {
			names, err := filepath.Glob(filepath.Join(cache.Dir, "*.so"))
			if err != nil || len(names) == 0 {
				t.Fatalf("the cache has the objects %v (%v)", names, err)
			}
			for _, name := range names {
				if err := os.Remove(name); err != nil {
					t.Fatal(err)
				}
			}
		}
		var told []int
		all := 0
		p, err := Backend{Cache: cache}.Compile(t.Context(), backendtest.Parse(t, mixed), backend.Options{Threads: 1, Progress: func(done, total int) {
			told, all = append(told, done), total
		}})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if !slices.IsSorted(told) || len(told) == 0 || told[len(told)-1] != all {
			t.Errorf("%s: %v of %d were done", turn, told, all)
		}
		if turn == "recalled" && len(told) != 1 {
			t.Errorf("%s: %v of %d were done, expected all at once", turn, told, all)
		}
	}
}
