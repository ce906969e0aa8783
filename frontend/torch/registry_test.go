package torch

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/google/go-cmp/cmp"
)

// A file states the schemas of operators that nobody knows, and of no others.
func TestStatedSchemas(t *testing.T) {
	const add = "aten::add_.Tensor(Tensor(a!) self, Tensor other, *, Scalar alpha=1) -> Tensor(a!)"
	tests := []struct{ name, schemas, want string }{
		{"custom ones, comments and empty lines", "# mine\n\nmine::touch_(Tensor(a!) x) -> ()\n", ""},
		{"what PyTorch states", add, ""},
		{"twice the same", "mine::f(Tensor x) -> Tensor\nmine::f(Tensor x) -> Tensor", ""},
		{"another one than PyTorch's", strings.ReplaceAll(add, "(a!)", ""), "it states the schema of aten.add_.Tensor, which is known already and another one"},
		{"another default than PyTorch's", strings.ReplaceAll(add, "alpha=1", "alpha=2"), "it states the schema of aten.add_.Tensor, which is known already and another one"},
		{"two of one operator", "mine::f(Tensor x) -> Tensor\nmine::f(Tensor(a!) x) -> Tensor", "it states the schema of mine.f.default, which is known already and another one"},
		{"no schema", "mine::f(Tensor x", `extra file aiopt/schemas.txt: schema "mine.f.default(Tensor x": expected a comma at ""`},
		{"too many", strings.Repeat("#", maxSchemaFile+1), "extra file aiopt/schemas.txt has 1048577 bytes, expected at most 1048576"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := testModel(t, `
				x: f32[2]
				y: f32[2] = aten.relu.default(x)
				return y`)
			_, _, err := testImport(t, m, test.schemas)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("found %v, expected %q", err, test.want)
			}
		})
	}
}

// An operator of which nothing says whether it changes an argument is taken to change none, and that is said once for all.
func TestUnstatedWarning(t *testing.T) {
	const src = `
		x: f32[2]
		y: f32[2] = mine.mix.default(x=x)
		z: f32[2] = mine.blend.default(x=y)
		w: f32[2] = mine.mix.default(x=z)
		return w`
	const want = `@main: the file does not say whether %s an argument, and it is taken that %s not; save the program after run_decompositions(), ` +
		`which says so, or with its schema: torch.export.save(ep, file, extra_files={"aiopt/schemas.txt": `
	both := fmt.Sprintf(want, "mine.blend.default, mine.mix.default change", "they do") +
		`"\n".join(str(op._schema) for op in [torch.ops.mine.blend.default, torch.ops.mine.mix.default])})`
	tests := []struct {
		level   pt2.Level
		schemas []string
		want    []string
	}{
		{pt2.Training, nil, []string{both}},
		{pt2.Training, []string{"mine::mix(Tensor x) -> Tensor"}, []string{fmt.Sprintf(want, "mine.blend.default changes", "it does") + `str(torch.ops.mine.blend.default._schema)})`}},
		{pt2.Training, []string{"mine::mix(Tensor x) -> Tensor", "mine::blend(Tensor x) -> Tensor"}, nil},
		{pt2.Core, nil, nil}, // torch holds such programs to change nothing
	}
	for i, test := range tests {
		m := testModel(t, src)
		m.Level = test.level
		_, warnings, err := testImport(t, m, test.schemas...)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, w := range warnings {
			got = append(got, w.String())
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%d: %s", i, diff)
		}
	}
}
