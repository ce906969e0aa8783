package lower_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/dialect/state"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/ir/text"
)

// sliceUpdate is a module that writes 9 to [1, 2, 3, 4] from %begin to %end, which the given operations make; lowered.
func sliceUpdate(t *testing.T, ops ...string) *ir.Module {
	t.Helper()
	m, err := text.Parse("in.air", fmt.Appendf(nil, `air 1
module @m {
  func @main(%%x: tensor<4xf32>, %%u: tensor<1xf32>) -> (%%y: tensor<4xf32>) {
    %s
    %%y = torch.call(%%x, %%u, %%begin, %%end) {callee = "coreai.immutable_slice_update.default", x = $0, update = $1, begin = $2, end = $3} : tensor<4xf32>
    core.return(%%y)
  }
}
`, strings.Join(ops, "\n    ")), aiopt.Standard().Ops)
	if err != nil {
		t.Fatal(err)
	}
	if err := aiopt.Standard().Lowerings.Decompose(m, nil); err != nil {
		t.Fatal(err)
	}
	if err := ir.Verify(m); err != nil {
		t.Fatal(err)
	}
	return m
}

func list(name, elem string, n int) string {
	return fmt.Sprintf("%%%s = core.constant() {value = dense<1x%s>[%d]} : tensor<1x%s>", name, elem, n, elem)
}

// What is known of indices is what their types hold, and slices end where Python's do. The results are PyTorch's.
func TestKnownIndices(t *testing.T) {
	for _, tt := range []struct {
		name string
		ops  []string
		want []float32
	}{
		{"plain", []string{list("begin", "i32", 2), list("end", "i32", 3)}, []float32{1, 2, 9, 4}},
		{"from the end", []string{list("begin", "i64", -3), list("end", "i64", -1)}, []float32{1, 9, 9, 4}},
		{"a cast wraps around", []string{list("b", "i64", 258), "%begin = tensor.cast(%b) : tensor<1xu8>", list("end", "u8", 3)}, []float32{1, 2, 9, 4}},
		{"a cast to less than nothing", []string{list("b", "i64", 255), "%begin = tensor.cast(%b) : tensor<1xi8>", list("end", "i8", 99)}, []float32{1, 2, 3, 9}},
		{"a sum wraps around", []string{list("b", "i8", 127), "%begin = tensor.add(%b, %b) : tensor<1xi8>", list("end", "i8", 3)}, []float32{1, 2, 9, 4}},
		{"begin far before the start", []string{list("begin", "i64", -7), list("end", "i64", 1)}, []float32{9, 2, 3, 4}},
		{"end beyond the end", []string{list("begin", "i64", 1), list("end", "i64", 99)}, []float32{1, 9, 9, 9}},
		{"end before begin", []string{list("begin", "i64", 3), list("end", "i64", 1)}, []float32{1, 2, 3, 4}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := sliceUpdate(t, tt.ops...)
			program, err := aiopt.Standard().Backend("interp").Compile(context.Background(), m, backend.Options{Threads: 1})
			if err != nil {
				t.Fatal(err)
			}
			x, _ := host.FromValues(host.F32, []int{4}, []float32{1, 2, 3, 4})
			u, _ := host.FromValues(host.F32, []int{1}, []float32{9})
			got, err := program.NewSession().Call(context.Background(), "main", []*host.Tensor{x, u}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, host.Values[float32](got[0])); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Sums of sums are looked at once each: thirty of them make a place that is known.
func TestKnownSums(t *testing.T) {
	ops := []string{list("s0", "i64", 0)}
	for i := range 30 {
		ops = append(ops, fmt.Sprintf("%%s%d = tensor.add(%%s%d, %%s%d) : tensor<1xi64>", i+1, i, i))
	}
	ops = append(ops, "%begin = tensor.reshape(%s30) : tensor<1xi64>", list("end", "i64", 1))
	m := sliceUpdate(t, ops...)
	static := false
	m.Walk(func(op *ir.Op) {
		static = static || op.Is(state.SliceUpdate)
		if op.Is(state.IndexUpdate) || op.Is(tensor.Nonzero) {
			t.Errorf("found %s, expected a place that is known", op.Def.Name)
		}
	})
	if !static {
		t.Error("found no state.slice_update")
	}
}
