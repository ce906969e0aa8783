//go:build unix

package native

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/backendtest"
	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/backend/cpu/native/emit"
	"github.com/aiopt/aiopt/backend/cpu/native/toolchain"
	"github.com/aiopt/aiopt/backend/kernel/calls"
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// heavy is one operation with tensors that are given or constants.
type heavy struct {
	inputs, constants []string // types, of %x0, ... and %c0, ...
	op, result, body  string
}

// text is a module of the operation; its constants are zero.
func (h heavy) text() string {
	var params []string
	for i, x := range h.inputs {
		params = append(params, fmt.Sprintf("%%x%d: tensor<%s>", i, x))
	}
	text := fmt.Sprintf("air 1\nmodule @m {\n  func @main(%s) -> (%%y: tensor<%s>) {\n", strings.Join(params, ", "), h.result)
	for i, c := range h.constants {
		text += fmt.Sprintf("    %%c%d = core.constant() {value = 0.0} : tensor<%s>\n", i, c)
	}
	return text + fmt.Sprintf("    %%y = %s : tensor<%s>\n%s    core.return(%%y)\n  }\n}\n", h.op, h.result, h.body)
}

// module makes the function of an operation; its constants are multiples of 1/8, whose products sum up without errors.
func (h heavy) module(t testing.TB, rng *rand.Rand) *ir.Module {
	t.Helper()
	m := backendtest.Parse(t, h.text())
	for _, op := range m.Funcs[0].Ops {
		if op.Is(core.Constant) {
			shape, err := constShape(op.Result().Type)
			if err != nil {
				t.Fatal(err)
			}
			op.Attrs = ir.Attrs{ir.Set("value", ir.Dense{T: eighths(rng, op.Result().Type.Elem, shape)})}
		}
	}
	return m
}

func constShape(t ir.Type) ([]int, error) {
	var shape []int
	for _, d := range t.Shape {
		n, ok := d.IsConst()
		if !ok {
			return nil, fmt.Errorf("the size %s is open", d)
		}
		shape = append(shape, int(n))
	}
	return shape, nil
}

func eighths(rng *rand.Rand, e host.Elem, shape []int) *host.Tensor {
	x := host.New(e, shape...)
	for i := range x.Len() {
		if e.IsFloat() {
			host.SetFloat(x, i, float64(rng.IntN(17)-8)/8)
		} else {
			host.SetInt(x, i, int64(rng.IntN(16)))
		}
	}
	return x
}

// inputs makes tensors for a module's parameters.
func inputsOf(t testing.TB, m *ir.Module, rng *rand.Rand) []*host.Tensor {
	t.Helper()
	var in []*host.Tensor
	for _, p := range m.Funcs[0].Params {
		shape, err := constShape(p.Value.Type)
		if err != nil {
			t.Fatal(err)
		}
		in = append(in, eighths(rng, p.Value.Type.Elem, shape))
	}
	return in
}

// native compiles a module of which everything has to be native.
func compileHeavy(t testing.TB, m *ir.Module, threads int) backend.Session {
	t.Helper()
	c := testCompiler(t)
	p, err := newProgram(context.Background(), c, m, threads)
	if err != nil {
		t.Fatal(err)
	}
	for op, err := range p.reasons {
		t.Errorf("%s is not native: %v", op.Name(), err)
	}
	if err := p.close(); err != nil {
		t.Error(err)
	}
	native, err := Backend{Cache: c.cache}.Compile(context.Background(), m, backend.Options{Threads: threads})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = native.Close() })
	return native.NewSession()
}

// heavyTests are larger than those of the schedules, which run in the interpreter of kernels.
var heavyTests = []heavy{
	{[]string{"3x40xf32"}, []string{"70x40xf32", "70xf32"}, "nn.linear(%x0, %c0, %c1)", "3x70xf32", ""},
	{[]string{"200x300xf32"}, []string{"130x300xf32", "130xf32"}, "nn.linear(%x0, %c0, %c1)", "200x130xf32", ""},
	{[]string{"29x768xf32"}, []string{"1100x768xf32", "1100xf32"}, "nn.linear(%x0, %c0, %c1)", "29x1100xf32", ""}, // rows copied before
	{[]string{"1x2048xf32"}, []string{"1000x2048xf32"}, "nn.linear(%x0, %c0)", "1x1000xf32", ""},
	{[]string{"50x1024xf32"}, []string{"96x1024xf32"}, "nn.linear(%x0, %c0)", "50x96xf32", ""},
	{[]string{"50x100xbf16"}, []string{"96x100xbf16"}, "nn.linear(%x0, %c0)", "50x96xbf16", ""},
	{[]string{"50x100xf64", "96x100xf64"}, nil, "nn.linear(%x0, %x1)", "50x96xf64", ""},
	{[]string{"100x90xf32", "90x70xf32"}, nil, "tensor.matmul(%x0, %x1)", "100x70xf32", ""},
	{[]string{"1x90xf32", "90x70xf32"}, nil, "tensor.matmul(%x0, %x1)", "1x70xf32", ""},
	{[]string{"6x4x33x20xf32", "6x4x20x33xf32"}, nil, "tensor.matmul(%x0, %x1)", "6x4x33x33xf32", ""},
	{[]string{"2x16x30x30xf32"}, []string{"40x16x3x3xf32", "40xf32"}, "nn.conv(%x0, %c0, %c1) {low = [1, 1], high = [1, 1]}", "2x40x30x30xf32", ""},
	{[]string{"1x16x31x33xf32"}, []string{"40x16x3x3xf32", "40xf32"}, "nn.conv(%x0, %c0, %c1) {low = [1, 1], high = [1, 1], stride = [2, 2]}", "1x40x16x17xf32", ""},
	{[]string{"1x16x31x33xf32"}, []string{"40x16x1x1xf32"}, "nn.conv(%x0, %c0)", "1x40x31x33xf32", ""},
	{[]string{"1x16x9x700xf32"}, []string{"20x16x2x5xf32"}, "nn.conv(%x0, %c0)", "1x20x8x696xf32", ""},
	{[]string{"2x20x19x21xf32"}, []string{"20x1x3x3xf32", "20xf32"}, "nn.conv(%x0, %c0, %c1) {low = [1, 1], high = [1, 1], groups = 20}", "2x20x19x21xf32", ""},
	{[]string{"2x30x30x16xf32"}, []string{"70x16x3x3xf32", "70xf32"}, "nn.conv(%x0, %c0, %c1) {low = [1, 1], high = [1, 1], channels_last = true}", "2x30x30x70xf32", ""},
	{[]string{"1x31x33x16xf32"}, []string{"64x16x3x3xf32", "64xf32"}, "nn.conv(%x0, %c0, %c1) {low = [1, 1], high = [1, 1], stride = [2, 2], channels_last = true}", "1x16x17x64xf32", ""},
	{[]string{"1x31x33x16xf32"}, []string{"40x16x1x1xf32"}, "nn.conv(%x0, %c0) {channels_last = true}", "1x31x33x40xf32", ""},
	{[]string{"1x45x47x3xf32"}, []string{"20x3x7x7xf32"}, "nn.conv(%x0, %c0) {low = [3, 3], high = [3, 3], stride = [2, 2], channels_last = true}", "1x23x24x20xf32", ""},
	{[]string{"1x700x24xf32"}, []string{"40x24x3xf32", "40xf32"}, "nn.conv(%x0, %c0, %c1) {low = [1], high = [1], channels_last = true}", "1x700x40xf32", ""},
	{[]string{"2x19x21x37xf32"}, []string{"37x1x3x3xf32", "37xf32"}, "nn.conv(%x0, %c0, %c1) {low = [1, 1], high = [1, 1], groups = 37, channels_last = true}", "2x19x21x37xf32", ""},
	{[]string{"5x33x20xf32"}, []string{"5x20x33xf32"}, "tensor.matmul(%x0, %c0)", "5x33x33xf32", ""},
}

// TestInt4 holds products with codes as weights against the interpreter.
func TestInt4(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 9))
	for _, h := range []heavy{int4(1, 256, 100), int4(3, 64, 33), int4(30, 128, 70)} {
		m := h.module(t, rng)
		reference, err := interp.Backend{}.Compile(context.Background(), m, backend.Options{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		if err := agree(compileHeavy(t, m, 2), reference.NewSession(), inputsOf(t, m, rng)); err != nil {
			t.Error(err)
		}
	}
}

// TestHeavy holds heavy operations against the interpreter.
func TestHeavy(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 9))
	for i, h := range heavyTests {
		if skipped(i, 4) {
			continue
		}
		t.Run(h.op+" "+h.result, func(t *testing.T) {
			m := h.module(t, rng)
			in := inputsOf(t, m, rng)
			reference, err := interp.Backend{}.Compile(context.Background(), m, backend.Options{Threads: 1})
			if err != nil {
				t.Fatal(err)
			}
			for _, threads := range []int{1, 3} {
				err := agree(compileHeavy(t, m, threads), reference.NewSession(), in)
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// int4 is a linear layer with a scale for every 32 codes of 4 bits.
func int4(rows, in, out int) heavy {
	types := []string{fmt.Sprintf("%dx%dxf32", rows, in), fmt.Sprintf("%dx%dxu4", out, in), fmt.Sprintf("%dx%dxf32", out, in/32)}
	y := fmt.Sprintf("%dx%dxf32", rows, out)
	return heavy{types[:1], types[1:], "core.kernel(%x0, %c0, %c1)", y, fmt.Sprintf(`      kernel(%%x: tensor<%s>, %%w: tensor<%s>, %%s: tensor<%s>) {
        %%d = quant.dequantize(%%w, %%s) : tensor<%dx%dxf32>
        %%l = nn.linear(%%x, %%d) : tensor<%s>
        core.return(%%l)
      }
`, types[0], types[1], types[2], out, in, y)}
}

// BenchmarkHeavy measures heavy operations on one thread.
func BenchmarkHeavy(b *testing.B) {
	rng := rand.New(rand.NewPCG(2, 9))
	for _, h := range heavyBenchmarks() {
		b.Run(h.name, func(b *testing.B) {
			m := h.module(b, rng)
			in := inputsOf(b, m, rng)
			s := compileHeavy(b, m, 1)
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			best := math.Inf(1)
			for b.Loop() {
				start := threadTime(b)
				if _, err := s.Call(context.Background(), "main", in, nil); err != nil {
					b.Fatal(err)
				}
				best = min(best, threadTime(b)-start)
			}
			b.ReportMetric(h.work/best/1e9, h.unit)
			runtime.KeepAlive(in)
		})
	}
}

// threadTime is the seconds that this thread has been running: on a busy machine, more steady than the time that passes.
func threadTime(b *testing.B) float64 {
	b.Helper()
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		b.Fatal(err)
	}
	return float64(t.Nano()) / 1e9
}

type heavyBenchmark struct {
	name string
	heavy
	work float64
	unit string
}

func heavyBenchmarks() []heavyBenchmark {
	var list []heavyBenchmark
	for _, n := range []int{256, 512, 1024} {
		h := heavy{[]string{fmt.Sprintf("%dx%dxf32", n, n)}, []string{fmt.Sprintf("%dx%dxf32", n, n)}, "nn.linear(%x0, %c0)", fmt.Sprintf("%dx%dxf32", n, n), ""}
		list = append(list, heavyBenchmark{fmt.Sprint("linear", n), h, 2 * float64(n*n*n), "GFLOP/s"})
	}
	for _, n := range []int{256, 512, 1024} {
		h := heavy{[]string{fmt.Sprintf("%dx%dxf32", n, n), fmt.Sprintf("%dx%dxf32", n, n)}, nil, "tensor.matmul(%x0, %x1)", fmt.Sprintf("%dx%dxf32", n, n), ""}
		list = append(list, heavyBenchmark{fmt.Sprint("matmul", n), h, 2 * float64(n*n*n), "GFLOP/s"})
	}
	for _, n := range []int{512, 1024, 2048, 4096} {
		h := heavy{[]string{fmt.Sprintf("1x%dxf32", n)}, []string{fmt.Sprintf("%dx%dxf32", n, n)}, "nn.linear(%x0, %c0)", fmt.Sprintf("1x%dxf32", n), ""}
		list = append(list, heavyBenchmark{fmt.Sprint("gemv", n), h, 4 * float64(n*n), "GB/s"})
	}
	for _, rows := range []int{1, 4, 32} {
		list = append(list, heavyBenchmark{fmt.Sprint("int4 rows ", rows), int4(rows, 4096, 4096), float64(rows) * 4096 * 4096, "Gmul/s"})
	}
	bf16 := heavy{[]string{"1x2048xbf16"}, []string{"2048x2048xbf16"}, "nn.linear(%x0, %c0)", "1x2048xbf16", ""}
	list = append(list, heavyBenchmark{"gemv2048 bf16", bf16, 2 * 2048 * 2048, "GB/s"})
	for _, c := range convBenchmarks {
		pad := (c.window - 1) / 2
		side := (c.side+2*pad-c.window)/c.stride + 1
		h := heavy{
			[]string{fmt.Sprintf("1x%dx%dx%dxf32", c.in, c.side, c.side)}, []string{fmt.Sprintf("%dx%dx%dx%dxf32", c.out, c.in/c.groups, c.window, c.window)},
			fmt.Sprintf("nn.conv(%%x0, %%c0) {low = [%d, %d], high = [%d, %d], stride = [%d, %d], groups = %d}", pad, pad, pad, pad, c.stride, c.stride, c.groups),
			fmt.Sprintf("1x%dx%dx%dxf32", c.out, side, side), "",
		}
		work := 2 * float64(c.out*side*side*c.in/c.groups*c.window*c.window)
		list = append(list, heavyBenchmark{fmt.Sprintf("conv%dx%d/%d-%dto%d-g%d-%d", c.window, c.window, c.stride, c.in, c.out, c.groups, c.side), h, work, "GFLOP/s"})
	}
	return slices.Clip(list)
}

// convBenchmarks are the convolutions of ResNet-50, one of each kind, and some of MobileNet by channels.
var convBenchmarks = []struct{ in, out, side, window, stride, groups int }{
	{3, 64, 224, 7, 2, 1},
	{64, 64, 56, 1, 1, 1}, {64, 64, 56, 3, 1, 1}, {64, 256, 56, 1, 1, 1}, {256, 64, 56, 1, 1, 1},
	{256, 128, 56, 1, 1, 1}, {128, 128, 56, 3, 2, 1}, {128, 512, 28, 1, 1, 1}, {256, 512, 56, 1, 2, 1}, {512, 128, 28, 1, 1, 1}, {128, 128, 28, 3, 1, 1},
	{256, 256, 28, 3, 2, 1}, {256, 1024, 14, 1, 1, 1}, {1024, 256, 14, 1, 1, 1}, {256, 256, 14, 3, 1, 1},
	{512, 512, 14, 3, 2, 1}, {512, 2048, 7, 1, 1, 1}, {2048, 512, 7, 1, 1, 1}, {512, 512, 7, 3, 1, 1},
	{32, 32, 112, 3, 1, 32}, {144, 144, 56, 3, 2, 144}, {384, 384, 14, 3, 1, 384}, {960, 960, 7, 3, 1, 960},
}

var (
	labels  = regexp.MustCompile(`(?m)^\.L\w+:`)
	fused   = regexp.MustCompile(`\s(vfmadd|fmla)`)
	spilled = regexp.MustCompile(`(?m)^.*-byte.*Spill.*$`)
)

// spills lists the vectors that are moved to the stack where sums are made.
func spills(asm string) []string {
	var list []string
	for _, block := range labels.Split(asm, -1) {
		if len(fused.FindAllString(block, -1)) >= 8 {
			list = append(list, spilled.FindAllString(block, -1)...)
		}
	}
	return list
}

// sums are the multiply-adds of whole vectors of each target.
var sums = map[string]*regexp.Regexp{
	"avx512": regexp.MustCompile(`vfmadd\w+p[sd]\s.*%zmm`),
	"avx2":   regexp.MustCompile(`vfmadd\w+p[sd]\s.*%ymm`),
	"neon":   regexp.MustCompile(`fmla\s+v\d+\.(4s|2d)`),
}

// TestHeavyTargets compiles products and convolutions for every target: the code uses the target's vectors and calls no library,
// and the sums of a tile stay in registers.
func TestHeavyTargets(t *testing.T) {
	tools, err := toolchain.Find()
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(2, 9))
	for turn, target := range emit.Targets() {
		if skipped(turn, 3) {
			continue
		}
		t.Run(target.Name, func(t *testing.T) {
			m := &emit.Machine{Target: target}
			for i, h := range append(append(heavyTests[:len(heavyTests):len(heavyTests)], int4(1, 256, 100)), packedTests()...) {
				if packed := i - len(heavyTests) - 1; packed > 0 && turn > 0 && (packed+turn)%4 > 0 || skipped(i, 6) {
					continue // the first target has all of them
				}
				f := h.module(t, rng).Funcs[0]
				plan, err := calls.Of(f.Ops[len(f.Ops)-2], TargetOf(m))
				if err != nil {
					t.Fatalf("%s: %v", h.op, err)
				}
				module := emit.NewModule(m)
				for i, k := range plan.Kernels {
					if err := module.Add(fmt.Sprintf("k%d", i), k); err != nil {
						t.Fatalf("%s: %v", h.op, err)
					}
				}
				for k, p := range plan.Packs {
					if err := module.Add(fmt.Sprint("p", k), p.Kernel); err != nil {
						t.Fatalf("%s: %v", h.op, err)
					}
				}
				text, err := module.Text()
				if err != nil {
					t.Fatal(err)
				}
				asm, err := tools.Assembly(context.Background(), toolchain.Target{Triple: m.Triple, CPU: m.CPU, Features: m.All()}, text)
				if err != nil {
					t.Fatal(err)
				}
				if !sums[target.Name].MatchString(asm) {
					t.Errorf("%s %s: the code multiplies and adds no whole vectors", h.op, h.result)
				}
				if found := called.FindAllString(asm, -1); len(found) > 0 {
					t.Errorf("%s: the code calls %v", h.op, found)
				}
				// What makes numbers of codes takes registers, too: 4 bits and the sums fit 32.
				if found := spills(asm); len(found) > 0 && (i < len(heavyTests) || i == len(heavyTests) && m.Registers >= 32) {
					t.Errorf("%s %s: vectors are spilled among sums: %q", h.op, h.result, found)
				}
			}
		})
	}
}
