package compare_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/tools/compare"
	"github.com/aiopt/aiopt/tools/intermediates"
)

// saved writes values to a file and opens it as a side. Each tensor has one element, its own number.
func saved(t *testing.T, program string, entries ...intermediates.Entry) *compare.Saved {
	t.Helper()
	var values [][]float64
	for i := range entries {
		values = append(values, []float64{float64(i)})
	}
	return savedValues(t, program, entries, values)
}

// savedValues writes tensors to a file and opens it as a side.
func savedValues(t *testing.T, program string, entries []intermediates.Entry, values [][]float64) *compare.Saved {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run.intermediates.safetensors")
	w, err := intermediates.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Discard()
	w.Program, w.Tool = program, "a test"
	for i, e := range entries {
		x := host.New(e.Elem, len(values[i]))
		for k, v := range values[i] {
			host.SetFloat(x, k, v)
		}
		if err := w.Add(e, x); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	set, err := intermediates.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { set.Close() })
	return compare.NewSaved(set)
}

func entry(node string, run int, role intermediates.Role) intermediates.Entry {
	return intermediates.Entry{Node: node, Run: run, Role: role, Elem: host.F32, Op: "aten.add.Tensor"}
}

// TestErrorsNameOnce: the file, the model and the function are in an error once each.
func TestErrorsNameOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "torn.intermediates.safetensors")
	w, err := intermediates.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Discard()
	x := host.New(host.F32, 2, 3)
	host.SetFloat(x, 5, 123.456) // the end of the file
	if err := errors.Join(w.Add(entry("exp", 0, intermediates.Mid), x), w.Commit()); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)-1] ^= 1
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	set, err := intermediates.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { set.Close() })
	good, wrong := program(t, plain, []int{2, 3}, "main"), program(t, plain, []int{4}, "main")
	for _, c := range []struct {
		a, b  compare.Side
		begin string
		once  []string
	}{
		{good, compare.NewSaved(set), "the reference side, " + path + ": the tensor \"exp#0\" is damaged", []string{"torn."}},
		{wrong, good, "the tested side, m.air: @main: input \"x\"", []string{"@main", "m.air"}},
	} {
		_, err := compare.Run(t.Context(), c.a, c.b, compare.Options{})
		if err == nil || !strings.HasPrefix(err.Error(), c.begin) {
			t.Errorf("found %v, expected it to begin with %q", err, c.begin)
			continue
		}
		for _, part := range c.once {
			if strings.Count(err.Error(), part) != 1 {
				t.Errorf("found %v, with %s more than once", err, part)
			}
		}
	}
}

// TestSavedSchemes: limits follow from what a file says was done to its numbers, and are a guess where another tool than PyTorch says nothing.
func TestSavedSchemes(t *testing.T) {
	side := func(tool string, schemes []string) *compare.Saved {
		path := filepath.Join(t.TempDir(), "run.intermediates.safetensors")
		w, err := intermediates.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Discard()
		w.Tool, w.Schemes = tool, schemes
		if err := errors.Join(w.Add(entry("add", 0, intermediates.Mid), host.New(host.F32, 1)), w.Commit()); err != nil {
			t.Fatal(err)
		}
		set, err := intermediates.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { set.Close() })
		return compare.NewSaved(set)
	}
	const guess = "; a guess: the tested side does not say what was done to its numbers, --preset does"
	for _, c := range []struct {
		tool, preset string
		schemes      []string
		want         string
	}{
		{"aiopt 1, cpu", "", []string{"w4"}, "w4, PSNR: green from 30.0 dB, red beyond 20.0 dB"},
		{"aiopt 1, cpu", "", []string{}, "fp32, PSNR: green from 70.0 dB, red beyond 60.0 dB"},
		{"aiopt 0, cpu", "", nil, "fp32, PSNR: green from 70.0 dB, red beyond 60.0 dB" + guess},
		{"aiopt 0, cpu", "w8", nil, "w8, PSNR: green from 45.0 dB, red beyond 35.0 dB"},
		{"torch 2.11.0, cpu", "", nil, "fp32, PSNR: green from 70.0 dB, red beyond 60.0 dB"},
		{"coreai-torch", "", nil, "fp32, PSNR: green from 70.0 dB, red beyond 60.0 dB"},
	} {
		r, _ := run(t, side(c.tool, c.schemes), side("torch 2.11.0, cpu", nil), compare.Options{Preset: c.preset})
		var table bytes.Buffer
		if err := r.WriteTable(&table, compare.TableOptions{}); err != nil {
			t.Fatal(err)
		}
		if line := strings.Split(table.String(), "\n")[2]; line != "limits:    "+c.want {
			t.Errorf("%s, %v: found %q", c.tool, c.schemes, line)
		}
	}
}

// TestSavedTurns: a file may have fewer turns of a loop than a run makes; the others have nothing to wait for.
func TestSavedTurns(t *testing.T) {
	const loop = `air 1
module @m {
  func @main(%x: tensor<1xf32>) -> (%y: tensor<1xf32>) {
    %n = core.constant() {value = 0} : tensor<i64>
    %last, %z = core.while(%n, %x) {carried = 2} : tensor<i64>, tensor<1xf32>
      cond(%i: tensor<i64>, %v: tensor<1xf32>) {
        %six = core.constant() {value = 6} : tensor<i64>
        %go = tensor.lt(%i, %six) : tensor<bool>
        core.return(%go)
      }
      do(%i: tensor<i64>, %v: tensor<1xf32>) {
        %one = core.constant() {value = 1} : tensor<i64>
        %j = tensor.add(%i, %one) : tensor<i64>
        %step = core.constant() {value = 1.0} : tensor<f32>
        %w = tensor.add(%v, %step) : tensor<1xf32> is "body/add"
        core.return(%j, %w)
      }
    %y = tensor.neg(%z) : tensor<1xf32> is "neg"
    core.return(%y)
  }
}
`
	a := program(t, loop, []int{1}, "main") // of -2: the turns give -1, 0, 1, 2, 3, 4
	b := saved(t, "", entry("x", 0, intermediates.In), entry("body/add", 0, intermediates.Mid), entry("body/add", 1, intermediates.Mid), entry("neg", 0, intermediates.Out))
	r, got := run(t, a, b, compare.Options{Metric: metricOf(t, "max-abs"), Memory: 1})
	same(t, got, "body/add, turn 1 of 2 2", "neg 7")
	if r.Spilled != 0 {
		t.Errorf("%d bytes went through a file", r.Spilled)
	}
}

// TestSavedValues: names, calls, results by number, what is not compared, and the types that say what was done.
func TestSavedValues(t *testing.T) {
	half := entry("s1.split", 0, intermediates.Mid)
	half.Output, half.Elem = 2, host.F16
	s := saved(t, "ab12", entry("s0.x", 0, intermediates.In), entry("s0.add", 0, intermediates.Out), half, entry("s1.buf:seen", 0, intermediates.Update))
	type described struct {
		name, output string
		call         int
		kind         compare.Kind
	}
	want := []described{{"x", "", 0, compare.Given}, {"add", "add", 0, compare.Computed}, {"split#2", "", 1, compare.Computed}, {"buf:seen", "", 1, compare.Given}}
	for i, v := range s.Values() {
		if got := (described{v.Name, v.Output, v.Call, v.Kind}); got != want[i] {
			t.Errorf("found %+v, expected %+v", got, want[i])
		}
	}
	if info := s.Info(); info.Program != "ab12" || info.Title != "run.intermediates.safetensors by a test" || strings.Join(info.Schemes, " ") != "fp16" {
		t.Errorf("found %+v", info)
	}
}

// TestSavedBranches: what a branch would have computed that did not run when values were saved, and a copy that is a view in the model.
func TestSavedBranches(t *testing.T) {
	const branches = `air 1
module @m {
  func @main(%p: tensor<bool>, %x: tensor<1xf32> is "dropout") -> (%y: tensor<1x1xf32>) {
    %r = core.cond(%p, %x) : tensor<1xf32> is "cond"
      then(%a: tensor<1xf32>) {
        %b = tensor.exp(%a) : tensor<1xf32> is "true/exp"
        core.return(%b)
      }
      else(%a: tensor<1xf32>) {
        %b = tensor.neg(%a) : tensor<1xf32> is "false/neg"
        %c = tensor.exp(%b) : tensor<1xf32> is "false/exp"
        core.return(%c)
      }
    %s = tensor.sin(%r) : tensor<1xf32> is "sin"
    %y = tensor.reshape(%s) : tensor<1x1xf32> is "copy"
    core.return(%y)
  }
}
`
	a := program(t, branches, nil, "main")
	copied := entry("copy", 0, intermediates.Out)
	b := saved(t, "", entry("dropout", 0, intermediates.Mid), entry("false/exp", 0, intermediates.Mid), entry("cond", 0, intermediates.Mid), entry("sin", 0, intermediates.Mid), copied)
	m, err := compare.Matching(a, b, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range m.Pairs {
		got = append(got, p.Name)
	}
	for _, u := range m.Unmatched {
		got = append(got, u.Name+": "+u.Reason)
	}
	same(t, got, "false/exp", "cond", "sin", "copy",
		"dropout: given: it is %x on the tested side, an input, which both sides are given",
		"true/exp: not computed: the branch or loop that holds it did not run on the reference side",
		"false/neg: no counterpart: the reference side has no tensor of that name")
}
