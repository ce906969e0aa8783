package tests

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/tools/cli"
	"github.com/aiopt/aiopt/tools/intermediates"
)

// The detector of three parts that tests/detector.py exports, and what PyTorch computed of it.
const (
	detectorModel  = "detector/detector.pt2"
	detectorInputs = "detector/inputs.safetensors"
	detectorValues = "detector/detector.intermediates.safetensors"
)

func openValues(t *testing.T, path string) *intermediates.Set {
	t.Helper()
	s, err := intermediates.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// runAndSave runs a model and gives the values that were saved.
func runAndSave(t *testing.T, args ...string) *intermediates.Set {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x"+intermediates.Ending)
	var stderr bytes.Buffer
	args = append([]string{"aiopt", "run", "--save-intermediates=" + path}, args...)
	if code := cli.Run(context.Background(), aiopt.Standard(), args, io.Discard, &stderr); code != 0 {
		t.Fatalf("%s: exit code %d: %s", strings.Join(args, " "), code, &stderr)
	}
	return openValues(t, path)
}

// psnr holds a value against PyTorch's, in dB; -1 where there is none.
func psnr(t *testing.T, got, want *intermediates.Set, node string) float64 {
	t.Helper()
	e := got.Find(node)
	if e == nil {
		return -1
	}
	x, err := got.Tensor(e)
	if err != nil {
		t.Fatal(err)
	}
	y, err := want.Tensor(want.Find(node))
	if err != nil {
		t.Fatal(err)
	}
	gap, err := host.Measure(x, y, host.Tolerance{})
	if err != nil {
		t.Fatalf("%s: %v", node, err)
	}
	return gap.PSNR
}

// TestSavedNames holds what the Python package saves against what the import says of the same program.
func TestSavedNames(t *testing.T) {
	t.Parallel()
	set := openValues(t, detectorValues)
	m, err := aiopt.Standard().Load(detectorModel, aiopt.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if set.Program != m.Program {
		t.Errorf("the values are of the program %s, the model is %s; run tests/detector.py", set.Program, m.Program)
	}
	var inputs []string
	for _, p := range m.Funcs[0].Params {
		inputs = append(inputs, p.Value.Name)
	}
	var given []string
	for _, in := range set.Inputs {
		given = append(given, in.Name)
	}
	if d := cmp.Diff(inputs, given); d != "" {
		t.Errorf("inputs: -want +got\n%s", d)
	}
	claimed := map[string]*ir.Loc{}
	m.Walk(func(op *ir.Op) {
		for _, r := range op.Results {
			for _, c := range r.Claims {
				claimed[c.Tensor] = op.Loc
			}
		}
	})
	for _, e := range set.Entries {
		loc, ok := claimed[e.Node]
		if e.Role == intermediates.In {
			continue
		}
		if !ok {
			t.Errorf("%s: the import knows no such tensor", e.Node)
		} else if !loc.Equal(e.Loc) {
			t.Errorf("%s is from %v, the import says %v", e.Node, e.Loc, loc)
		}
	}
	source, err := os.ReadFile("detector.py")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(source)
	at := slices.IndexFunc(set.Files, func(f intermediates.SourceFile) bool { return f.Path == "tests/detector.py" })
	if at < 0 || set.Files[at].SHA256 != hex.EncodeToString(sum[:]) {
		t.Errorf("tests/detector.py is not what it was when its values were saved: run it")
	}
}

// TestSaveIntermediates runs the detector on both engines: everything is as PyTorch computes it, until 4 bits break the detector's
// projections; without those all is near again.
func TestSaveIntermediates(t *testing.T) {
	t.Parallel()
	want := openValues(t, detectorValues)
	const near, good, broken = 100.0, 30.0, 20.0 // dB
	tests := []struct {
		name, inputs string
		args         []string
		least        int // how many of PyTorch's values there are
		encoders     float64
		lowest, most float64 // of the last projection's sum
	}{
		{"interp", detectorInputs, []string{"--backend=interp"}, 58, near, near, math.Inf(1)},
		{"native", detectorInputs, []string{"--backend=cpu"}, 40, near, near, math.Inf(1)},
		{"w4", detectorInputs, []string{"--backend=interp", "-passes=@cpu, w4"}, 58, good, -10, broken},
		{"from the saved inputs", detectorValues, []string{"--backend=interp"}, 58, near, near, math.Inf(1)},
		{"w4 on native", detectorInputs, []string{"--backend=cpu", "-passes=@cpu, w4"}, 40, good, -10, broken},
		{"w4 without projections", detectorInputs, []string{"--backend=interp", `-passes=@cpu, w4{ignore=["detector.decoder.*.projection*"]}`}, 58, good, good, math.Inf(1)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := runAndSave(t, append([]string{"--inputs=" + detectorInputs, detectorModel}, tt.args...)...)
			if got.Program != want.Program || !strings.HasPrefix(got.Tool, "aiopt ") {
				t.Errorf("found the program %s of %s", got.Program, got.Tool)
			}
			if d := cmp.Diff(want.Inputs, got.Inputs); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
			found := 0
			for _, e := range want.Entries {
				db := psnr(t, got, want, e.Node)
				if db == -1 {
					continue
				}
				found++
				if !strings.HasPrefix(e.Loc.Path, "detector") && db < tt.encoders {
					t.Errorf("%s in %s has %.1f dB, expected %v at least", e.Node, e.Loc.Path, db, tt.encoders)
				}
				if g := got.Find(e.Node); g.Role != e.Role {
					t.Errorf("%s has the role %s, expected %s", e.Node, g.Role, e.Role)
				}
			}
			if found < tt.least {
				t.Errorf("found %d of %d values, expected %d at least", found, len(want.Entries), tt.least)
			}
			if db := psnr(t, got, want, "add_9"); db < tt.lowest || db > tt.most {
				t.Errorf("the detector's last sum has %.1f dB, expected %v to %v", db, tt.lowest, tt.most)
			}
		})
	}
}

// TestSaveInLoops holds that each execution of a loop's body is saved, what calls leave in states, and chosen values alone.
func TestSaveInLoops(t *testing.T) {
	t.Parallel()
	model := filepath.Join(t.TempDir(), "loop.air")
	if err := os.WriteFile(model, []byte(`air 1
module @m {
  state @sum : tensor<i64> = zero
  func @main(%x: tensor<i64>, %limit: tensor<i64>, state @sum %s: tensor<i64>) -> (%y: tensor<i64>, update @sum: tensor<i64>) {
    %y = core.while(%x, %limit) {carried = 1} : tensor<i64> is "while_loop"
      cond(%a: tensor<i64>, %l: tensor<i64>) {
        %more = tensor.lt(%a, %l) : tensor<bool> is "cond_graph_0/lt"
        core.return(%more)
      }
      do(%a: tensor<i64>, %l: tensor<i64>) {
        %b = tensor.add(%a, %a) : tensor<i64> is "body_graph_0/add"
        core.return(%b)
      }
    %new = tensor.add(%y, %s) : tensor<i64>
    core.return(%y, %new)
  }
}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	keys := func(s *intermediates.Set) []string {
		var list []string
		for i := range s.Entries {
			list = append(list, s.Entries[i].Key()+" "+s.Entries[i].Role.String())
		}
		return list
	}
	got := keys(runAndSave(t, model, "--input", "x=3", "--input", "limit=10", "--backend=interp"))
	want := []string{"x#0 in", "limit#0 in", "cond_graph_0/lt#0 mid", "body_graph_0/add#0 mid", "cond_graph_0/lt@1#0 mid", "body_graph_0/add@1#0 mid",
		"cond_graph_0/lt@2#0 mid", "while_loop#0 out", "buf:sum#0 update"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	s := runAndSave(t, model, "--input", "x=1", "--input", "limit=1000000", "--backend=interp")
	if s.ByKey("body_graph_0/add@15#0") == nil || s.ByKey("body_graph_0/add@16#0") != nil {
		t.Errorf("expected 16 executions, found %v", keys(s))
	}
	path := filepath.Join(t.TempDir(), "chosen.safetensors")
	runAndSave(t, model, "--input", "s0.x=3", "--input", "s0.limit=4", "--input", "s1.x=1", "--input", "s1.limit=1", "--dump=^(sum|new|limit)$", "--dump-to="+path, "--backend=interp")
	want = []string{"s0.limit#0 in", "s0.new#0 mid", "s0.buf:sum#0 update", "s1.limit#0 in", "s1.new#0 mid", "s1.buf:sum#0 update"}
	if d := cmp.Diff(want, keys(openValues(t, path))); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

// TestSaveFunctions holds that the values of calls of several functions say which those were, so that their inputs are enough to make them again.
func TestSaveFunctions(t *testing.T) {
	t.Parallel()
	model := filepath.Join(t.TempDir(), "two.air")
	if err := os.WriteFile(model, []byte(`air 1
module @m {
  func @less(%x: tensor<f32>) -> (%y: tensor<f32>) {
    %y = tensor.neg(%x) : tensor<f32> is "neg"
    core.return(%y)
  }
  func @more(%x: tensor<f32>) -> (%y: tensor<f32>) {
    %y = tensor.exp(%x) : tensor<f32> is "exp"
    core.return(%y)
  }
}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "first"+intermediates.Ending)
	first := runAndSave(t, model, "--backend=interp", "--function=more,less", "--input=s0.x=1", "--input=s1.x=2", "--dump=neg|exp|x", "--dump-to="+path)
	again := runAndSave(t, model, "--backend=interp", "--inputs="+path)
	for _, s := range []*intermediates.Set{first, again} {
		if d := cmp.Diff([]string{"more", "less"}, s.Functions); d != "" {
			t.Errorf("-want +got\n%s", d)
		}
	}
	if d := cmp.Diff(first.Inputs, again.Inputs); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}
