package torch

import (
	"strings"
	"testing"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/google/go-cmp/cmp"
)

func TestParseSchema(t *testing.T) {
	tests := []struct {
		line string
		want Schema
	}{
		{"aten.add_.Tensor(Tensor(a!) self, Tensor other, *, Scalar alpha=1) -> Tensor(a!)", Schema{
			Callee: "aten.add_.Tensor",
			Args: []SchemaArg{
				{Name: "self", Type: "Tensor", Alias: "a", Written: true},
				{Name: "other", Type: "Tensor"},
				{Name: "alpha", Type: "Scalar", Default: ir.Int(1)},
			},
			Returns: []SchemaArg{{Type: "Tensor", Alias: "a", Written: true}},
		}},
		{`mine.f.default(Tensor(a -> *) x, int[2] s=1, int[3]? k=None, Tensor?[] i, float p=10., str m="a\"\'\\", ScalarType t=24, MemoryFormat? f=0, bool b=False, int[1] d=[-2, -1]) -> (Tensor(a)[], Tensor y)`, Schema{
			Callee: "mine.f.default",
			Args: []SchemaArg{
				{Name: "x", Type: "Tensor", Alias: "a"},
				{Name: "s", Type: "int", List: true, Size: 2, Default: ir.Ints{1, 1}},
				{Name: "k", Type: "int", List: true, Size: 3, Optional: true, Default: ir.None{}},
				{Name: "i", Type: "Tensor", List: true, Optional: true},
				{Name: "p", Type: "float", Default: ir.Float(10)},
				{Name: "m", Type: "str", Default: ir.String(`a"'\`)},
				{Name: "t", Type: "ScalarType", Default: ir.AsElem(host.F8E4M3)},
				{Name: "f", Type: "MemoryFormat", Optional: true, Default: ir.String("contiguous_format")},
				{Name: "b", Type: "bool", Default: ir.Bool(false)},
				{Name: "d", Type: "int", List: true, Size: 1, Default: ir.Ints{-2, -1}},
			},
			Returns: []SchemaArg{{Type: "Tensor", Alias: "a", List: true}, {Name: "y", Type: "Tensor"}},
		}},
		{"mine.g.default() -> ()", Schema{Callee: "mine.g.default"}},
		{"mine.g.default() -> () # core nondeterministic_seeded", Schema{Callee: "mine.g.default", Core: true, Random: true}},
	}
	for _, test := range tests {
		got, err := parseSchema(test.line)
		if err != nil {
			t.Errorf("%s: %v", test.line, err)
			continue
		}
		if diff := cmp.Diff(test.want, *got); diff != "" {
			t.Errorf("%s: %s", test.line, diff)
		}
	}
	for _, bad := range []string{"", "a(", "a() -> ", "a(Tensor) -> Tensor", "a(Tensor x -> Tensor", "a(int x=one) -> Tensor", `a(str x="b) -> Tensor`, "a() -> Tensor extra more",
		`a(str x="\`, `a(str x="b\`, "a(int[-1] x=1) -> ()", "a(int[0] x=1) -> ()", "a(int[65] x=1) -> ()", "a(int[99999999999999999] x=1) -> ()",
		"a(MemoryFormat x=9) -> ()", "a(" + strings.Repeat("int x, ", maxArguments) + "int x) -> ()"} {
		if s, err := parseSchema(bad); err == nil {
			t.Errorf("%q gave %+v, expected an error", bad, s)
		}
	}
}

// Every line of the table parses, is found again, and stands after the one before it.
func TestSchemaTable(t *testing.T) {
	last, found := "", 0
	for line := range strings.Lines(schemaText) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") {
			continue
		}
		if line <= last {
			t.Errorf("%q stands after %q", line, last)
		}
		last = line
		s, err := parseSchema(line)
		if err != nil {
			t.Error(err)
			continue
		}
		if got, ok := schemaLine(s.Callee + "("); !ok || got != line {
			t.Errorf("looking for %s found %q", s.Callee, got)
		}
		found++
	}
	if found < 3000 {
		t.Errorf("found %d schemas, expected at least 3000", found)
	}
	for _, missing := range []string{"", "aten", "aten.add", "aten.add.Nothing", "zzz.zzz.zzz", "#"} {
		if s, ok := LookupSchema(missing); ok {
			t.Errorf("%q gave %+v", missing, s)
		}
	}
	var names []string
	for _, s := range overloads("aten.copy") {
		names = append(names, s.Callee)
	}
	if diff := cmp.Diff([]string{"aten.copy.default", "aten.copy.out"}, names); diff != "" {
		t.Error(diff)
	}
}
