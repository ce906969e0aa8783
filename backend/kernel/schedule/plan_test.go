package schedule_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/kernel/schedule"
	"github.com/aiopt/aiopt/ir/host"
)

func module(params, result string, ops ...string) string {
	return "air 1\nmodule @m {\n  func @main(" + params + ") -> (%y: " + result + ") {\n    " + strings.Join(ops, "\n    ") + "\n    core.return(%y)\n  }\n}\n"
}

// TestFaults holds that kernels tell of what the interpreter gives as errors, and only of that.
func TestFaults(t *testing.T) {
	for _, tt := range []struct {
		name, src string
		in        [][]int64
		fault     bool
	}{
		{"division", module("%a: tensor<5xi32>, %b: tensor<5xi32>", "tensor<5xi32>", "%y = tensor.floor_div(%a, %b) : tensor<5xi32>"),
			[][]int64{{1, -2147483648, 3, 4, 5}, {1, -1, 2, -3, 2}}, false},
		{"division by zero", module("%a: tensor<5xi32>, %b: tensor<5xi32>", "tensor<5xi32>", "%y = tensor.remainder(%a, %b) : tensor<5xi32>"),
			[][]int64{{1, 2, 3, 4, 5}, {1, 2, 3, 4, 0}}, true},
		{"index", module("%x: tensor<3xi32>, %i: tensor<5xi64>", "tensor<5xi32>", "%y = tensor.index(%x, %i) {axes = [0]} : tensor<5xi32>"),
			[][]int64{{7, 8, 9}, {0, -1, 2, -3, 1}}, false},
		{"index outside", module("%x: tensor<3xi32>, %i: tensor<5xi64>", "tensor<5xi32>", "%y = tensor.index(%x, %i) {axes = [0]} : tensor<5xi32>"),
			[][]int64{{7, 8, 9}, {0, -1, 2, -4, 1}}, true},
	} {
		m, op := parse(t, tt.src)
		var in []*host.Tensor
		for i, values := range tt.in {
			x := host.New(op.In(i).Elem, len(values))
			for k, v := range values {
				host.SetInt(x, k, v)
			}
			in = append(in, x)
		}
		want, err := reference(m, in)
		if (err != nil) != tt.fault {
			t.Fatalf("%s: the interpreter says %v", tt.name, err)
		}
		if err != nil {
			want = []*host.Tensor{host.New(host.I32, 5)}
		}
		g, err := schedule.NewGroup(op)
		if err != nil {
			t.Fatal(err)
		}
		made, why := schedule.Plan(g, target)
		if why != "" {
			t.Fatalf("%s: %s", tt.name, why)
		}
		got, err := compute(made, in, nil, want[0])
		if tt.fault != errors.Is(err, errFault) || !tt.fault && err != nil {
			t.Errorf("%s: %v", tt.name, err)
		} else if err == nil {
			if err := differ(got, want[0]); err != nil {
				t.Errorf("%s: %v", tt.name, err)
			}
		}
	}
}

// TestReasons holds what is said of groups that no kernel is made of.
func TestReasons(t *testing.T) {
	for _, tt := range []struct{ src, want string }{
		{module("%x: tensor<3xf32>", "tensor<3xf32>", "%y = tensor.lgamma(%x) : tensor<3xf32>"), "tensor.lgamma: has no emitter"},
		{module("%x: tensor<3xf32>", "tensor<3xf8e4m3>", "%y = tensor.cast(%x) : tensor<3xf8e4m3>"), "f8e4m3 is not emitted"},
		{module("%x: tensor<3xc64>", "tensor<3xc64>", "%y = tensor.neg(%x) : tensor<3xc64>"), "a result of c64 is not emitted"},
	} {
		_, op := parse(t, tt.src)
		g, err := schedule.NewGroup(op)
		if err != nil {
			t.Fatal(err)
		}
		if _, why := schedule.Plan(g, target); !strings.Contains(why, tt.want) {
			t.Errorf("%q, want %q", why, tt.want)
		}
	}
}

// TestStream holds that results go past the caches where the last one cannot hold them.
func TestStream(t *testing.T) {
	for _, tt := range []struct {
		shape string
		want  bool
	}{{"1024x1024", true}, {"1023x1024", false}, {"[B]x1024", false}} {
		dims := ""
		if strings.HasPrefix(tt.shape, "[") {
			dims = "dim B in 1..4096"
		}
		typ := "tensor<" + tt.shape + "xf32>"
		_, op := parse(t, module("%x: "+typ, typ, dims, "%y = tensor.exp(%x) : "+typ))
		g, err := schedule.NewGroup(op)
		if err != nil {
			t.Fatal(err)
		}
		to := target
		to.L3 = 4 << 20
		made, why := schedule.Plan(g, to)
		if why != "" {
			t.Fatal(why)
		}
		if got := made.Kernels[0].Buffers[1].Access&kernel.Stream != 0; got != tt.want {
			t.Errorf("%s: stream %t, want %t", tt.shape, got, tt.want)
		}
	}
}
