package schedule_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/kernel/schedule"
	"github.com/aiopt/aiopt/backend/metal/metaltest"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// gpus are the GPUs that schedules are tested for: groups of many threads, and of few, of which several share what one has.
var gpus = []schedule.Target{
	schedule.GPU(),
	{Name: "small gpu", Lanes: 4, SIMD: 32, Threads: 64, Shared: 32 << 10},
}

// gpuStep chooses which of the cases run as Metal, too.
var gpuStep = flag.Int("gpustep", sampled(12), "check each so manieth case of the schedules for GPUs as Metal; all with AIOPT_WHOLE=1")

// sampled is a step, or that of all cases where they are asked for.
func sampled(step int) int {
	if os.Getenv("AIOPT_WHOLE") != "" {
		return 1
	}
	return step
}

// TestGPUExamples is TestExamples for GPUs.
func TestGPUExamples(t *testing.T) {
	list := gpus
	if testing.Short() {
		list = gpus[1:]
	}
	for _, d := range aiopt.Standard().Ops.Dialects {
		for _, def := range d.Ops {
			if !def.CanFuse() && !def.Traits.Has(ir.Anchor) {
				continue
			}
			t.Run(def.Name, func(t *testing.T) { testExample(t, def, list, slices.Concat(notEmitted, notOnGPUs)) })
		}
	}
}

// notOnGPUs are the operations of which an example is made a kernel of for CPUs, but not for GPUs.
var notOnGPUs = []string{}

// hold plans a group for GPUs, one of them or all, and holds its kernels against what is expected.
func (m *metally) hold(t *testing.T, list []schedule.Target, op *ir.Op, in []*host.Tensor, sizes map[string]int64, want *host.Tensor) {
	t.Helper()
	for _, to := range list {
		g, err := schedule.NewGroup(op)
		if err != nil {
			t.Fatal(err)
		}
		made, why := schedule.Plan(g, to)
		if why != "" {
			if usesDouble(g) && strings.Contains(why, "f64") {
				continue
			}
			t.Fatal(strings.ReplaceAll(why, "; ", "\n"))
		}
		got, err := computeBy(m.record(t.Name()+", "+to.Name), made, in, sizes, want)
		if err == nil {
			err = differ(got, want)
		}
		if err != nil {
			text := kernel.Print(made.Kernels[0])
			t.Fatalf("%s: %v\n%s", to.Name, err, text[:min(len(text), 6000)])
		}
	}
}

// usesDouble reports a group with numbers that GPUs do not have.
func usesDouble(g *schedule.Group) bool {
	double := func(v *ir.Value) bool { return v.Type.Elem == host.F64 }
	return double(g.Result) || slices.ContainsFunc(g.Params, double)
}

// TestGPUGroups is TestRandomGroups for GPUs.
func TestGPUGroups(t *testing.T) {
	tried, planned := 0, 0
	code := metally{step: *gpuStep}
	for seed := range uint64(400) {
		if skipped(int(seed), 6) {
			continue
		}
		r := &groupMaker{rng: rand.New(rand.NewPCG(seed, 5))}
		m := r.module()
		want, err := reference(m, r.all)
		if err != nil {
			continue // such as the maximum of no elements
		}
		g, err := schedule.NewGroup(only(m))
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if usesDouble(g) {
			continue
		}
		tried++
		made, why := schedule.Plan(g, gpus[seed%2])
		if why != "" {
			t.Logf("seed %d: %s", seed, why)
			continue
		}
		planned++
		got, err := computeBy(code.record(fmt.Sprintf("seed %d", seed)), made, r.inputs, map[string]int64{"B": r.b}, want[0])
		if err == nil {
			err = differ(got, want[0])
		}
		if err != nil {
			t.Errorf("seed %d: %v\n%s\n%s", seed, err, describe(g), kernel.Print(made.Kernels[0]))
			return
		}
	}
	if planned < tried-6 {
		t.Errorf("%d groups of %d were planned", planned, tried)
	}
	metaltest.Hold(t, code.jobs)
}

// TestGPUAttention holds attention on GPUs against the interpreter.
func TestGPUAttention(t *testing.T) {
	code := metally{step: *gpuStep}
	for i, c := range attentionCases {
		if skipped(i, 16) {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			op, in, want := c.read(t)
			code.hold(t, gpus[i%2:][:1], op, in, c.sizes, want)
		})
	}
	metaltest.Hold(t, code.jobs)
}

// TestGPUProducts holds products on GPUs against the interpreter.
func TestGPUProducts(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	code := metally{step: *gpuStep}
	for i, tt := range productTests {
		if skipped(i, 10) {
			continue
		}
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			m, op := parse(t, module(tt.params, tt.result, tt.body))
			in := randomInputs(rng, m.Funcs[0].Params, nil)
			want, err := reference(m, in)
			if err != nil {
				t.Fatal(err)
			}
			code.hold(t, gpus[i%2:][:1], op, in, nil, want[0])
		})
	}
	metaltest.Hold(t, code.jobs)
}
