package torch

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/text"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the goldens in testdata anew")

func openArchive(t *testing.T, path string) *pt2.Archive {
	t.Helper()
	a, err := pt2.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

// Every archive of testdata imports without a warning, verifies, and prints as its golden.
func TestGoldens(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.pt2")
	if err != nil || len(paths) == 0 {
		t.Fatalf("found %d archives: %v", len(paths), err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			m, warnings, err := Import(Programs(openArchive(t, filepath.ToSlash(path)), ""), Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range warnings {
				t.Errorf("warning: %s", w)
			}
			if err := ir.Verify(m); err != nil {
				t.Error(err)
			}
			var got bytes.Buffer
			if err := text.Print(&got, m, text.Options{Locs: true}); err != nil {
				t.Fatal(err)
			}
			golden := strings.TrimSuffix(path, ".pt2") + ".air"
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
				t.Errorf("differs from %s (-want +got):\n%s", golden, diff)
			}
		})
	}
}

// The bytes of a weight are those of the entry, seen through its strides and offset.
func TestWeightBytes(t *testing.T) {
	m, _, err := Import(Programs(openArchive(t, "testdata/tied.pt2"), ""), Options{})
	if err != nil {
		t.Fatal(err)
	}
	table, err := m.Resource("table").Tensor()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]byte{0, 0, 128, 63, 0, 0, 0, 64, 0, 0, 64, 64, 0, 0, 128, 64}, table.Bytes()); diff != "" {
		t.Errorf("@table is not 1, 2, 3, 4: %s", diff)
	}
	wide, part := m.Resource("wide"), m.Resource("part")
	if diff := cmp.Diff([]int64{1, 6}, wide.Strides); diff != "" || part.Strides != nil || part.Offset != 3 {
		t.Errorf("@wide has strides %v, @part strides %v at %d", wide.Strides, part.Strides, part.Offset)
	}
	if head := m.Resource("head.weight"); head != nil {
		t.Errorf("the tied weight @%s is a resource of its own", head.Name)
	}
}

// Archives given by name share weights of one name and equal bytes, and states by name.
func TestSeveralArchives(t *testing.T) {
	first, second := openArchive(t, "testdata/functions.pt2"), openArchive(t, "testdata/functions.pt2")
	programs := append(Programs(first, ""), Programs(second, "again")...)
	m, warnings, err := Import(programs, Options{ModuleName: "both"})
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	if err := ir.Verify(m); err != nil {
		t.Error(err)
	}
	var funcs, names []string
	for _, f := range m.Funcs {
		funcs = append(funcs, f.Name)
	}
	for _, r := range m.Resources {
		names = append(names, r.Name)
	}
	if diff := cmp.Diff([]string{"decode", "prefill", "read", "again_decode", "again_prefill", "again_read"}, funcs); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"proj.weight", "proj.bias", "cache.init"}, names); diff != "" {
		t.Error(diff)
	}
	if len(m.States) != 1 || m.Name != "both" {
		t.Errorf("module %s has %d states, expected one", m.Name, len(m.States))
	}
	if _, _, err := Import(append(Programs(first, ""), Programs(second, "")...), Options{}); err == nil || !strings.Contains(err.Error(), "@decode") {
		t.Errorf("two functions of one name gave %v", err)
	}
	// Weights of one name and other bytes stay apart; states of one name and other types are an error.
	other := openArchive(t, "testdata/control.pt2")
	m, _, err = Import([]Program{{Archive: first, Model: first.Models[0], Func: "a"}, {Archive: other, Model: other.Models[0], Func: "b"}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if m.Resource("proj.weight") == nil || m.Resource("b.proj.weight") == nil {
		t.Error("two weights of one name are one resource")
	}
	state := openArchive(t, "testdata/state.pt2")
	_, _, err = Import([]Program{{Archive: first, Model: first.Models[0], Func: "a"}, {Archive: state, Model: state.Models[0], Func: "b"}}, Options{})
	if err == nil || !strings.Contains(err.Error(), `@b: buffer "cache": it is tensor<2x4x3xf32> here and tensor<4x3xf32> in another function`) {
		t.Errorf("states of different types gave %v", err)
	}
}

func TestRename(t *testing.T) {
	programs := Programs(openArchive(t, "testdata/state.pt2"), "step")
	m, _, err := Import(programs, Options{Rename: map[string]string{"x": "frame", "output": "sum", "cache": "kv", "seen": "marks"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := ir.Verify(m); err != nil {
		t.Error(err)
	}
	var names []string
	for _, p := range m.Func("step").Params {
		names = append(names, p.Value.Name+"/"+p.State)
	}
	for _, r := range m.Func("step").Results {
		names = append(names, r.Name+"/"+r.Target)
	}
	want := []string{"frame/", "marks/", "b_steps/steps", "b_cache/kv", "sum/", "marks/marks", "steps/steps", "kv/kv"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []struct{ from, to, want string }{
		{"nothing", "y", "rename nothing: there is no input, output or state of that name; there are cache, output, seen, steps, x"},
		{"x", "seen", "@step: input seen: the name seen is taken by another input, x"},
		{"x", "output", "@step: output output: the name output is taken by the input x"},
	} {
		_, _, err := Import(programs, Options{Rename: map[string]string{bad.from: bad.to}})
		if err == nil || err.Error() != bad.want {
			t.Errorf("renaming %s to %s gave %v, expected %s", bad.from, bad.to, err, bad.want)
		}
	}
}

func TestOutputNames(t *testing.T) {
	leaf := &pt2.Tree{}
	tuple := func(children ...*pt2.Tree) *pt2.Tree {
		return &pt2.Tree{Type: "builtins.tuple", Children: children}
	}
	dict := func(keys []string, children ...*pt2.Tree) *pt2.Tree {
		return &pt2.Tree{Type: "builtins.dict", Keys: keys, Children: children}
	}
	tests := []struct {
		tree *pt2.Tree
		n    int
		want []string
	}{
		{leaf, 1, []string{"output"}},
		{tuple(leaf, leaf), 2, []string{"output_0", "output_1"}},
		{tuple(leaf, tuple(leaf, leaf)), 3, []string{"output_0", "output_1_0", "output_1_1"}},
		{dict([]string{"logits", "past"}, leaf, tuple(leaf, leaf)), 3, []string{"logits", "past_0", "past_1"}},
		{dict([]string{"3", "a b!", "a_b"}, leaf, leaf, leaf), 3, []string{"output_3", "a_b", "a_b_1"}},
		{tuple(dict([]string{"x"}, leaf)), 1, []string{"output_0_x"}},
		{nil, 2, []string{"output_0", "output_1"}},
		{leaf, 2, []string{"output_0", "output_1"}},
		{nil, 0, nil},
	}
	for i, test := range tests {
		if diff := cmp.Diff(test.want, outputNames(test.tree, test.n)); diff != "" {
			t.Errorf("%d: %s", i, diff)
		}
	}
}

// Locations put the model's own lines before PyTorch's, each the innermost first.
func TestLocs(t *testing.T) {
	meta := &pt2.Metadata{
		StackTrace: "  File \"a.py\", line 1, in forward\n    x = f(x)\n  File \"site-packages/torch/nn/m.py\", line 2, in g\n    y\n" +
			"  File \"b.py\", line 3, in h\n  File \"c.py\", line 4, in h\n  File \"site-packages/torch/nn/n.py\", line 5, in g\n",
		ModuleStack: "L__self__,,app.Model;L__self__fc,fc,torch.nn.modules.linear.Linear",
	}
	l := locs{map[[2]string]*ir.Loc{}, classes{}}
	got := l.of(meta)
	want := &ir.Loc{
		Stack: []ir.Frame{{File: "c.py", Line: 4}, {File: "b.py", Line: 3}, {File: "a.py", Line: 1}, {File: "site-packages/torch/nn/n.py", Line: 5}},
		Path:  "fc", Class: "Linear",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if l.of(meta) != got {
		t.Error("the same place has two locations")
	}
	for path, want := range map[string]string{"": "", "L['self']": "", "L['self'].a.b": "a.b", "L__self__.a": "a", "selfish": "selfish"} {
		if got := modulePath(path); got != want {
			t.Errorf("module path %q is %q, expected %q", path, got, want)
		}
	}
}
