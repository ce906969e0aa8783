package operators_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/dialect/torch"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/text"
	"github.com/aiopt/aiopt/passes/lower"
	"github.com/aiopt/aiopt/tools/operators"
)

// withoutExample are operators, and overloads, with a lowering that no saved program of PyTorch 2.11 calls after import,
// with the reason.
var withoutExample = map[string]string{
	"aten._adaptive_avg_pool1d":         "earlier versions of PyTorch only",
	"aten.__matmul__":                   "earlier versions of PyTorch only",
	"aten.__mul__":                      "earlier versions of PyTorch only",
	"aten.__pow__":                      "earlier versions of PyTorch only",
	"aten.dequantize.self":              "works on quantized tensors, which cannot be saved, or does nothing",
	"aten.narrow.Tensor":                "torch.export makes it aten.narrow.default",
	"aten._assert_async":                "import leaves checks out",
	"aten._assert_scalar":               "import leaves checks out",
	"aten._assert_tensor_metadata":      "import leaves checks out",
	"aten._functional_assert_async":     "import leaves checks out",
	"aten._functional_assert_scalar":    "import leaves checks out",
	"aten.sym_constrain_range":          "import leaves checks out",
	"aten.sym_constrain_range_for_size": "import leaves checks out",
	"aten.sym_numel":                    "import makes sizes of them",
	"aten.sym_size":                     "import makes sizes of them",
	"aten.detach_":                      "import makes it aten.detach",
	"aten.requires_grad_":               "import leaves it out",
	"aten.rrelu_with_noise":             "import makes it aten.rrelu_with_noise_functional",
}

func parseExamples(t *testing.T) *ir.Module {
	t.Helper()
	m, err := text.Parse("examples.air", []byte(operators.Examples()), aiopt.Standard().Ops)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// callOf gives the call of an example.
func callOf(t *testing.T, f *ir.Func) *ir.Op {
	t.Helper()
	var calls []*ir.Op
	for _, op := range f.Ops {
		if op.Is(torch.Call) {
			calls = append(calls, op)
		}
	}
	if len(calls) != 1 {
		t.Fatalf("%s has %d calls, expected 1", f.Name, len(calls))
	}
	return calls[0]
}

// Every example is one call, named as the function it stands in; the file is sorted and in its canonical form.
func TestExamplesAreCalls(t *testing.T) {
	m := parseExamples(t)
	var names []string
	for _, f := range m.Funcs {
		names = append(names, f.Name)
		if callee, _ := callOf(t, f).Attrs.Get("callee"); callee != ir.String(f.Name) {
			t.Errorf("%s calls %v", f.Name, callee)
		}
	}
	if !slices.IsSorted(names) {
		t.Error("the examples are not sorted")
	}
	if diff := cmp.Diff(names, slices.Collect(operators.ExampleTargets())); diff != "" {
		t.Errorf("ExampleTargets (-want +got):\n%s", diff)
	}
	var b strings.Builder
	if err := text.Print(&b, m, text.Options{}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b.String(), operators.Examples()); diff != "" {
		t.Errorf("examples.air is not canonical (-want +have):\n%.2000s", diff)
	}
}

// Every overload that the standard table lowers has an example, or stands among those that cannot have one. Of operators
// whose overloads no schema tells, one is enough.
func TestEveryTargetHasAnExample(t *testing.T) {
	table := lower.Standard()
	examples := map[string]bool{} // of overloads and their operators
	for name := range operators.ExampleTargets() {
		examples[name], examples[opOf(name)] = true, true
	}
	overloads := map[string][]string{} // of an operator, those that are calls after import
	for _, o := range operators.All(table) {
		if o.Functional() && o.Status == operators.Lowered {
			overloads[o.Op()] = append(overloads[o.Op()], o.Name)
		}
	}
	needed := map[string]bool{}
	for _, target := range table.Targets() {
		want := overloads[target]
		if want == nil {
			want = []string{target}
		}
		for _, name := range want {
			excuse := name
			if withoutExample[excuse] == "" {
				excuse = opOf(name)
			}
			needed[excuse] = needed[excuse] || !examples[name]
			if !examples[name] && withoutExample[excuse] == "" {
				t.Errorf("%s has no example: add a call to tests/genexamples/calls.txt, or calls.air, and run tests/genexamples", name)
			}
		}
	}
	for name := range withoutExample {
		if !needed[name] {
			t.Errorf("%s has no lowering, or has its examples; take it off withoutExample", name)
		}
	}
}

func opOf(name string) string { return operators.Operator{Name: name}.Op() }

// Every example is lowered, and what comes out verifies.
func TestExamplesDecompose(t *testing.T) {
	m := parseExamples(t)
	if err := lower.Standard().Decompose(m, nil); err != nil {
		t.Fatal(err)
	}
	if err := ir.Verify(m); err != nil {
		t.Fatal(err)
	}
	m.Walk(func(op *ir.Op) {
		if op.Is(torch.Call) {
			t.Errorf("a call is left in %s", op.Parent().Root().Name)
		}
	})
}

func TestExample(t *testing.T) {
	want := `air 1
module @examples {
  func @aten.abs.default(%self: tensor<3xf32>) -> (%out: tensor<3xf32>) {
    %out = torch.call(%self) {callee = "aten.abs.default", self = $0} : tensor<3xf32>
    core.return(%out)
  }
}
`
	got, ok := operators.Example("aten.abs.default")
	if diff := cmp.Diff(want, got); diff != "" || !ok {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, name := range []string{"", "aten.abs", "aten.abs.nothing", "abs.default"} {
		if got, ok := operators.Example(name); ok {
			t.Errorf("%q gave %s", name, got)
		}
	}
}

// Each limit is one: the example with the limit's arguments fails in its lowering.
func TestLimits(t *testing.T) {
	kit := aiopt.Standard()
	for _, l := range lower.Limits() {
		for target := range strings.FieldsSeq(l.Targets) {
			found := false
			for name := range operators.ExampleTargets() {
				if name != target && !strings.HasPrefix(name, target+".") {
					continue
				}
				found = true
				src, _ := operators.Example(name)
				m, err := text.Parse(name, []byte(src), kit.Ops)
				if err != nil {
					t.Fatal(err)
				}
				m.Walk(func(op *ir.Op) {
					if op.Is(torch.Call) {
						for _, a := range l.Attrs {
							op.Attrs = op.Attrs.With(a.Name, a.Value)
						}
					}
				})
				if err := kit.Lowerings.Decompose(m, nil); err == nil || !strings.Contains(err.Error(), "at random") {
					t.Errorf("%s with %v gave %v", name, l.Attrs, err)
				}
			}
			if !found {
				t.Errorf("%s has no example", target)
			}
		}
	}
}

// pythonTargets are the functions that the lines `python EXPRESSION` of calls.txt ask for: the first that an expression
// contains.
var pythonTargets = []struct{ text, target string }{
	{"torch.sym_not(", "torch.sym_not"}, {"torch.sym_max(", "torch.sym_max"}, {"torch.sym_min(", "torch.sym_min"},
	{"torch.sym_ite(", "torch.sym_ite"}, {"torch.sym_float(", "torch.sym_float"}, {"torch.sym_int(", "torch.sym_int"},
	{"torch._sym_sqrt(", "torch._sym_sqrt"}, {"math.trunc(", "math.trunc"},
	{" & ", "_operator.and_"}, {" | ", "_operator.or_"}, {" % ", "_operator.mod"},
	{" == ", "_operator.eq"}, {" != ", "_operator.ne"}, {" <= ", "_operator.le"}, {" >= ", "_operator.ge"},
	{" < ", "_operator.lt"}, {" > ", "_operator.gt"},
	{" + ", "_operator.add"}, {" - ", "_operator.sub"}, {" * ", "_operator.mul"}, {" / ", "_operator.truediv"},
	{"-a", "_operator.neg"},
}

// The examples are as new as what they are made of: each call in calls.txt, and each function of calls.air, has one.
func TestExamplesAreFresh(t *testing.T) {
	calls := map[string]string{}
	for _, o := range operators.All(lower.Standard()) {
		calls[o.Name] = o.Call
	}
	const again = "run tests/genexamples, or take it off %s"
	n := 0
	for _, line := range lines(t, "calls.txt") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, _, _ := strings.Cut(line, "(")
		target := calls[name]
		if expression, ok := strings.CutPrefix(line, "python "); ok {
			at := slices.IndexFunc(pythonTargets, func(p struct{ text, target string }) bool { return strings.Contains(expression, p.text) })
			if at < 0 {
				t.Fatalf("%s: add what it calls to pythonTargets", line)
			}
			target = pythonTargets[at].target
		}
		n++
		if _, ok := operators.Example(target); !ok {
			t.Errorf("%s has no example (%q after import): "+again, line, target, "calls.txt")
		}
	}
	for _, line := range lines(t, "calls.air") {
		if name, ok := strings.CutPrefix(line, "  func @"); ok {
			name, _, _ = strings.Cut(name, "(")
			n++
			if _, ok := operators.Example(name); !ok {
				t.Errorf("%s has no example: "+again, name, "calls.air")
			}
		}
	}
	if n < 700 {
		t.Errorf("found %d calls, expected 700 or more", n)
	}
}

func lines(t *testing.T, name string) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "tests", "genexamples", name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(data), "\n")
}
