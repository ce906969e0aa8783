package tests

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/asset"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/numeric"
)

// TestAssets writes each model of the corpora as .airpkg and that as .airpkg again, which must not change a byte, and runs
// it: the asset computes the same bytes as the archive it came from. The operators are a sample, and with -short all are.
func TestAssets(t *testing.T) {
	t.Parallel()
	failing := readFailing(t)
	for _, name := range corpora {
		c := openCorpus(t, name)
		cases := c.cases
		switch {
		case testing.Short():
			cases = every(40, cases)
		case name != "models":
			cases = every(10, cases)
		}
		reasons := make([]error, len(cases))
		host.InParallel(runtime.GOMAXPROCS(0), len(cases), func(i int) { reasons[i] = c.throughAsset(cases[i], failing[cases[i].Name] == "") })
		for i, k := range cases {
			if reasons[i] != nil {
				t.Errorf("%s: %v", k.Name, reasons[i])
			}
		}
	}
}

// throughAsset compares a model with its asset; lowers is false for a model that does not run.
func (c *unpacked) throughAsset(k corpusCase, lowers bool) error {
	base := filepath.Join(c.dir, k.Name)
	first, second := base+".first.airpkg", base+".second.airpkg"
	if !lowers {
		return transform(base+".pt2", first)
	}
	if err := transform(base+".pt2", first, "-passes=@cpu"); err != nil {
		return err
	}
	if err := transform(first, second); err != nil {
		return err
	}
	if err := sameFile(second, first); err != nil {
		return err
	}
	direct, viaAsset := base+".direct.safetensors", base+".via.safetensors"
	if err := c.call(k, base+".pt2", direct, "-passes=@cpu"); err != nil {
		return err
	}
	if err := c.call(k, first, viaAsset); err != nil {
		return err
	}
	return sameFile(viaAsset, direct)
}

// goodAsset is an asset and what it computes.
type goodAsset struct {
	name  string
	file  []byte
	cases []numeric.Case
	want  [][]*host.Tensor
}

// mutatedModels are small: dense layers compressed, two functions with states and Metal kernels, control flow, and a variant of fixed sizes.
var mutatedModels = []struct{ name, passes, target string }{
	{"mlp", "decompose, fuse, w4", ""},
	{"kv_two_functions", "@cpu", aiopt.Metal},
	{"cond_hop", "decompose", ""},
	{"kv_slice", "decompose, fuse, w4", ""},
}

// goodAssets writes the assets that are then changed.
func goodAssets(t testing.TB) []*goodAsset {
	t.Helper()
	dir := shared.folder(t, "corpus/models")
	tk := aiopt.Standard()
	var list []*goodAsset
	for _, k := range mutatedModels {
		m, err := tk.Load(filepath.Join(dir, k.name+".pt2"), aiopt.LoadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := tk.Build(context.Background(), m, k.passes, aiopt.BuildOptions{}); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, k.name+".airpkg")
		if err := tk.SaveContext(t.Context(), m, path, aiopt.SaveOptions{Target: k.target}); err != nil {
			t.Fatal(err)
		}
		g := &goodAsset{name: k.name}
		if g.file, err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
		if g.cases, err = numeric.MakeCases(m); err != nil {
			t.Fatal(err)
		}
		if g.want, err = g.run(tk, g.file); err != nil {
			t.Fatal(err)
		}
		list = append(list, g)
	}
	return list
}

// run loads an asset and makes the calls of the good one.
func (g *goodAsset) run(tk *aiopt.Toolkit, file []byte) ([][]*host.Tensor, error) {
	a, err := asset.Read(file, "x.airpkg")
	if err != nil {
		return nil, err
	}
	m, err := tk.LoadAsset(a)
	if err != nil {
		return nil, err
	}
	return g.calls(m)
}

func (g *goodAsset) calls(m *ir.Module) (results [][]*host.Tensor, err error) {
	program, err := interp.Backend{}.Compile(context.Background(), m, backend.Options{Threads: 1})
	if err != nil {
		return nil, err
	}
	defer program.Close()
	session := program.NewSession()
	for _, k := range g.cases {
		out, err := session.Call(context.Background(), k.Func, k.In, nil)
		if err != nil {
			return nil, err
		}
		results = append(results, out)
	}
	for _, s := range m.States {
		x, err := session.State(s.Name)
		if err != nil {
			return nil, err
		}
		results = append(results, []*host.Tensor{x})
	}
	return results, nil
}

// try changes an asset as a script says, loads and runs it. It is refused with an error that names the file, or computes
// what it did before; the error is a broken promise.
func (g *goodAsset) try(tk *aiopt.Toolkit, s *script) (refused, broken error) {
	file := mutant(s, g.file)
	defer func() {
		if p := recover(); p != nil {
			broken = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	limit := 2*uint64(len(file)) + 64<<20
	before := allocated()
	got, err := g.run(tk, file)
	if took := allocated() - before; took > limit {
		if peak := heapPeak(func() { g.run(tk, file) }); peak > limit {
			return nil, fmt.Errorf("an asset of %d KB took %d MB, expected at most %d MB", len(file)>>10, peak>>20, limit>>20)
		}
	}
	if err != nil {
		if !strings.Contains(err.Error(), "x.airpkg:") {
			return nil, fmt.Errorf("the error does not name the file: %w", err)
		}
		return err, clearError("load or run", err, "")
	}
	return nil, g.equal(got)
}

func (g *goodAsset) equal(got [][]*host.Tensor) error {
	if len(got) != len(g.want) {
		return errors.New("the number of results differs")
	}
	for i := range got {
		if err := sameBytes(got[i], g.want[i]); err != nil {
			return err
		}
	}
	return nil
}

// TestMutatedAssets changes assets in a thousand ways.
func TestMutatedAssets(t *testing.T) {
	mutations := 1000
	if testing.Short() {
		mutations = 30
	}
	good := goodAssets(t)
	tk := aiopt.Standard()
	hang := time.AfterFunc(3*time.Minute, func() { panic("a changed asset that takes minutes") })
	defer hang.Stop()
	equal := 0
	for seed := range uint64(mutations) {
		g := good[seed%uint64(len(good))]
		refused, broken := g.try(tk, &script{randomScript(seed)})
		if broken != nil {
			t.Errorf("seed %d, %s: %v", seed, g.name, broken)
		}
		if refused == nil {
			equal++
		}
	}
	t.Logf("%d are refused, %d compute the same", mutations-equal, equal)
	if equal < mutations/100 || equal > mutations/2 {
		t.Errorf("%d of %d changed assets compute the same: the changes test little", equal, mutations)
	}
}

// FuzzAsset goes on with changes that the fuzzer finds.
func FuzzAsset(f *testing.F) {
	good := goodAssets(f)
	for seed := range uint64(20) {
		f.Add(randomScript(seed))
	}
	tk := aiopt.Standard()
	f.Fuzz(func(t *testing.T, bytes []byte) {
		hang := time.AfterFunc(time.Minute, func() { panic("a changed asset that takes minutes") })
		defer hang.Stop()
		s := &script{bytes}
		if _, broken := one(s, good).try(tk, s); broken != nil {
			t.Fatal(broken)
		}
	})
}
