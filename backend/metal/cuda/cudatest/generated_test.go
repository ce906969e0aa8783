package cudatest

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/backend/kernel/schedule"
	"github.com/aiopt/aiopt/backend/metal/check"
	"github.com/aiopt/aiopt/backend/metal/cuda/timed"
	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/backend/metal/msl"
	"github.com/aiopt/aiopt/ir/text"
)

// sized are the numbers that stand for N and K in a module of testdata/bench; B is K/32.
type sized struct{ n, k int }

// generated are the kernels that are measured, as schedules make them of the modules. At the small size they are checked, at the large ones,
// whose tensors no cache holds where they are to tell of bandwidth, measured.
var generated = []struct {
	name  string // of the module's file
	small sized
	large []sized
	flops func(s sized) float64 // nil where only bytes matter
}{
	{"add_f32", sized{3, 400}, []sized{{16 << 10, 4096}}, nil},
	{"silu_f32", sized{3, 400}, []sized{{16 << 10, 4096}}, nil},
	{"silu_f16", sized{3, 400}, []sized{{32 << 10, 4096}}, nil},
	{"softmax_f32", sized{3, 4096}, []sized{{16 << 10, 4096}}, nil},
	{"softmax_f16", sized{3, 4096}, []sized{{32 << 10, 4096}}, nil},
	{"rms_norm_f16", sized{3, 4096}, []sized{{32 << 10, 4096}}, nil},
	{"rms_norm_bf16", sized{3, 4096}, []sized{{32 << 10, 4096}}, nil},
	{"w4_gemv_f16", sized{37, 2144}, []sized{{32 << 10, 16 << 10}, {3072, 1024}}, func(s sized) float64 { return 2 * float64(s.n) * float64(s.k) }},
	{"attention_f16", sized{70, 128}, []sized{{32 << 10, 128}}, func(s sized) float64 { return 4 * 32 * float64(s.n) * float64(s.k) }},
	{"gemm_f16", sized{64, 64}, []sized{{2048, 2048}}, func(s sized) float64 { return 2 * float64(s.n) * float64(s.n) * float64(s.k) }},
}

func (s sized) String() string { return strconv.Itoa(s.n) + "x" + strconv.Itoa(s.k) }

// fill puts numbers into a module's text.
func (s sized) fill(module string) string {
	for letter, number := range map[string]int{"N": s.n, "K": s.k, "B": s.k / 32} {
		for _, edge := range []string{"<", "x"} {
			module = strings.ReplaceAll(module, edge+letter+"x", edge+strconv.Itoa(number)+"x")
		}
	}
	return module
}

// scheduled is the one kernel of a module for GPUs, added to a text.
func scheduled(t *testing.T, to *msl.Module, name string, s sized) launch.Kernel {
	t.Helper()
	file := "testdata/bench/" + name + ".air"
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	m, err := text.Parse(file, []byte(s.fill(string(source))), aiopt.Standard().Ops)
	if err != nil {
		t.Fatal(err)
	}
	g, err := schedule.NewGroup(m.Funcs[0].Ops[0])
	if err != nil {
		t.Fatal(err)
	}
	made, why := schedule.Plan(g, schedule.GPU())
	if why != "" || len(made.Kernels) != 1 {
		t.Fatalf("%s: not one kernel, for %q", name, why)
	}
	l, err := to.Add(made.Kernels[0], msl.Options{Name: name + "_" + s.String(), Doc: name + " of " + s.String() + "."})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// addGenerated adds them to a bundle.
func addGenerated(t *testing.T, tools *check.Tools, b *Bundle) {
	t.Helper()
	for _, c := range generated {
		to := msl.NewModule(launch.Buffers)
		small := scheduled(t, to, c.name, c.small)
		var large []launch.Kernel
		for _, s := range c.large {
			large = append(large, scheduled(t, to, c.name, s))
		}
		if *texts != "" {
			if err := os.WriteFile(*texts+"/"+c.name+".metal", []byte(to.Text()), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		p, m := checked(t, tools, c.name+".metal", to.Text())
		bound, err := small.Bind(nil)
		if err != nil {
			t.Fatal(err)
		}
		var bytes []int
		for i, n := range bound.Lens {
			bytes = append(bytes, int(n)*launch.ElementBytes(small.Params[i].DType))
		}
		add(t, b, p, m, "bench/"+small.Function, timed.Filled(small, bound.Threads, bytes))
		for i, s := range c.large {
			flops := 0.0
			if c.flops != nil {
				flops = c.flops(s)
			}
			if err := b.AddTimed(c.name, s.String(), m, large[i], flops); err != nil {
				t.Fatal(err)
			}
		}
	}
}
