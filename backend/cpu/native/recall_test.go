//go:build unix

package native

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/backend/cpu/native/emit"
	"github.com/aiopt/aiopt/backend/cpu/native/toolchain"
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/kernel/calls"
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
			counting := func(op *ir.Op, m *emit.Machine) (*Plan, error) {
				asked++
				return Scheduled(op, m)
			}
			reference, err := interp.Backend{}.Compile(t.Context(), parse(t, c.text), backend.Options{Threads: 1})
			if err != nil {
				t.Fatal(err)
			}
			run := func(planner Planner) error {
				native, err := Backend{Plan: planner, Cache: cache}.Compile(t.Context(), parse(t, c.text), backend.Options{Threads: 1})
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
			if err := run(func(*ir.Op, *emit.Machine) (*Plan, error) { return nil, errors.New("it was asked again") }); err != nil {
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

// TestRecalledPlansAreTheSame holds what is recalled against what was noted.
func TestRecalledPlansAreTheSame(t *testing.T) {
	c := testCompiler(t)
	k := calls.KindsOf(candidates(parse(t, cached)))
	made, err := (&planning{c: c, kinds: k}).planned(t.Context(), Scheduled, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	c.remember(k, made, nil)
	again, ok := c.recall(k)
	if !ok {
		t.Fatal("nothing was recalled")
	}
	first := &noting{c: c}
	second := &noting{c: c, outlines: c.recalled}
	for i := range made {
		first.plan(made[i])
		second.plan(again[i])
	}
	a, b := first.text(t), second.text(t)
	if a != b {
		t.Errorf("found\n%s\nexpected\n%s", b, a)
	}
}

func (w *noting) text(t *testing.T) string {
	t.Helper()
	text, err := w.encode()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestNotedGuards notes guards that read back as the same only: with another one a kernel would run on sizes that it was not proven for.
func TestNotedGuards(t *testing.T) {
	n, two := ir.Sym("N"), ir.Const(2)
	for _, c := range []struct {
		guard ir.Guard
		fits  bool
	}{
		{ir.Guard{Any: []ir.Cond{{Left: n, Rel: ir.RelGE, Right: two}, {Left: ir.Sym("M"), Rel: ir.RelNE, Right: n.Mul(two)}}}, true},
		{ir.Guard{Any: []ir.Cond{{Left: ir.Sym("no name"), Rel: ir.RelGE, Right: two}}}, false},
		{ir.Guard{}, false}, // the text of one that never holds has a condition
	} {
		k := &kernel.Kernel{Name: "k", Body: &kernel.Block{}, Guards: []ir.Guard{c.guard}}
		w := &noting{c: testCompiler(t), outlines: map[*kernel.Kernel]*outline{k: {kernel: k, effort: &effort{}}}}
		w.kernel(k)
		data, err := w.encode()
		if (err == nil) != c.fits {
			t.Errorf("%s: found %s and the error %v, expected one: %v", c.guard, data, err, !c.fits)
			continue
		}
		var again notedPlans
		if !c.fits {
			continue
		}
		if err := json.Unmarshal(data, &again); err != nil {
			t.Fatal(err)
		}
		if o, err := again.Kernels[0].outline(); err != nil || o.kernel.Guards[0].String() != c.guard.String() {
			t.Errorf("%s: found %v (%v)", c.guard, o, err)
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
		p, err := Backend{Plan: Scheduled, Cache: cache}.Compile(t.Context(), parse(t, mixed), backend.Options{Threads: 1, Progress: func(done, total int) {
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
