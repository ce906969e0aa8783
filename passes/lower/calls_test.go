package lower_test

import (
	"context"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/dialect/torch"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/ir/text"
	"github.com/aiopt/aiopt/tests/airtest"
)

// TestCalls lowers and runs the calls in testdata/calls.txt, whose results are PyTorch's.
func TestCalls(t *testing.T) {
	data, err := os.ReadFile("testdata/calls.txt")
	if err != nil {
		t.Fatal(err)
	}
	kit := aiopt.Standard()
	for i, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		_, name, _ := strings.Cut(line, `callee = "`)
		name, _, _ = strings.Cut(name, `"`)
		t.Run(strconv.Itoa(i+1)+" "+name, func(t *testing.T) { runCall(t, kit, line) })
	}
}

func runCall(t *testing.T, kit *aiopt.Toolkit, line string) {
	list, err := airtest.ParseExamples(&ir.OpDef{Name: torch.Call.Name, Example: line})
	if err != nil {
		t.Fatal(err)
	}
	ex := list[0]
	m, err := text.Parse("calls.txt", []byte(ex.Text), kit.Ops)
	if err != nil {
		t.Fatalf("%v\n%s", err, ex.Text)
	}
	if err := kit.Lowerings.Decompose(m, nil); err != nil {
		t.Fatal(err)
	}
	if err := ir.Verify(m); err != nil {
		t.Fatal(err)
	}
	program, err := kit.Backend("interp").Compile(context.Background(), m, backend.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	got, err := program.NewSession().Call(context.Background(), m.Funcs[0].Name, ex.Inputs, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(ex.Want) != len(got) {
		t.Fatalf("the line has %d results, the run gave %d", len(ex.Want), len(got))
	}
	for i, want := range ex.Want {
		same(t, got[i], want)
	}
}

// same compares numbers up to some units in the last place of the element type.
func same(t *testing.T, got *host.Tensor, want []string) {
	t.Helper()
	tolerance := map[host.Elem]float64{host.F16: 2e-3, host.BF16: 1e-2, host.F32: 3e-6, host.F64: 1e-8, host.C64: 3e-6}[got.Elem]
	values := flat(got)
	if len(values) != len(want) {
		t.Fatalf("found %d values, expected %d", len(values), len(want))
	}
	for i, w := range want {
		x, err := strconv.ParseFloat(strings.NewReplacer("true", "1", "false", "0").Replace(w), 64)
		if err != nil {
			t.Fatal(err)
		}
		if v := values[i]; v != x && !(math.IsNaN(v) && math.IsNaN(x)) && !(math.Abs(v-x) <= tolerance*max(1, math.Abs(x))) {
			t.Errorf("value %d is %v, expected %v (all: %v)", i, v, x, values)
		}
	}
}

// flat lists the values of a tensor; a complex number is two.
func flat(x *host.Tensor) []float64 {
	wide := host.F64
	if x.Elem.IsComplex() {
		wide = host.C128
	}
	y := host.New(wide, x.Shape...)
	if err := host.Cast(host.Serial, y, x); err != nil {
		panic(err)
	}
	if wide == host.F64 {
		return host.Raw[float64](y)
	}
	var out []float64
	for _, z := range host.Raw[complex128](y) {
		out = append(out, real(z), imag(z))
	}
	return out
}

// Where the type of the input has no epsilon and none is given, that is an error and not 0.
func TestNoEpsilon(t *testing.T) {
	kit := aiopt.Standard()
	m, err := text.Parse("in.air", []byte(`air 1
module @m {
  func @main(%x: tensor<2x4xi32>) -> (%scale: tensor<2x1xf32>, %zero: tensor<2x1xi32>) {
    %scale, %zero = torch.call(%x) {callee = "torchao.choose_qparams_affine.default", input = $0, mapping_type = "ASYMMETRIC", block_size = [1, 4], target_dtype = i8, quant_min = none, quant_max = none, eps = none, scale_dtype = none, zero_point_dtype = none} : tensor<2x1xf32>, tensor<2x1xi32>
    core.return(%scale, %zero)
  }
}
`), kit.Ops)
	if err != nil {
		t.Fatal(err)
	}
	const want = "i32 has no epsilon"
	if err := kit.Lowerings.Decompose(m, nil); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("found %v, expected an error with %q", err, want)
	}
}
