//go:build unix

package native

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/aiopt/aiopt/backend/backendtest"
	"github.com/aiopt/aiopt/backend/cpu/memory"
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/kernel/calls"
	"github.com/aiopt/aiopt/ir/host"
)

// streams are operations whose operands and results are read and written once: name, parameters, body of a function, type of the
// result. Their speed is to be the memory's.
var streams = []struct{ name, params, body, result string }{
	{"softmax", "%x: tensor<4096x4096xf32>", "%y = nn.softmax(%x) {axis = 1}", "tensor<4096x4096xf32>"},
	{"log_softmax", "%x: tensor<4096x4096xf32>", "%y = nn.log_softmax(%x) {axis = 1}", "tensor<4096x4096xf32>"},
	{"softmax outer", "%x: tensor<4096x4096xf32>", "%y = nn.softmax(%x) {axis = 0}", "tensor<4096x4096xf32>"},
	{"layer_norm", "%x: tensor<4096x4096xf32>, %w: tensor<4096xf32>, %b: tensor<4096xf32>", "%y = nn.layer_norm(%x, %w, %b) {axes = [1], eps = 1e-5}", "tensor<4096x4096xf32>"},
	{"layer_norm 768", "%x: tensor<16384x768xf32>, %w: tensor<768xf32>, %b: tensor<768xf32>", "%y = nn.layer_norm(%x, %w, %b) {axes = [1], eps = 1e-5}", "tensor<16384x768xf32>"},
	{"rms_norm", "%x: tensor<4096x4096xf32>, %w: tensor<4096xf32>", "%y = nn.rms_norm(%x, %w) {axes = [1], eps = 1e-6}", "tensor<4096x4096xf32>"},
	{"rms_norm bf16", "%x: tensor<4096x4096xbf16>, %w: tensor<4096xbf16>", "%y = nn.rms_norm(%x, %w) {axes = [1], eps = 1e-6}", "tensor<4096x4096xbf16>"},
	{"group_norm", "%x: tensor<16x64x128x128xf32>, %w: tensor<64xf32>, %b: tensor<64xf32>", "%y = nn.group_norm(%x, %w, %b) {groups = 8, eps = 1e-5}", "tensor<16x64x128x128xf32>"},
	{"instance_norm", "%x: tensor<16x64x128x128xf32>, %w: tensor<64xf32>, %b: tensor<64xf32>", "%y = nn.group_norm(%x, %w, %b) {groups = 64, eps = 1e-5}", "tensor<16x64x128x128xf32>"},
	{"batch_norm", "%x: tensor<16x64x128x128xf32>, %m: tensor<64xf32>, %v: tensor<64xf32>, %w: tensor<64xf32>, %b: tensor<64xf32>", "%y = nn.batch_norm(%x, %m, %v, %w, %b) {eps = 1e-5}", "tensor<16x64x128x128xf32>"},

	{"sum inner", "%x: tensor<4096x4096xf32>", "%y = tensor.sum(%x) {axes = [1]}", "tensor<4096xf32>"},
	{"sum outer", "%x: tensor<4096x4096xf32>", "%y = tensor.sum(%x) {axes = [0]}", "tensor<4096xf32>"},
	{"sum middle", "%x: tensor<64x256x1024xf32>", "%y = tensor.sum(%x) {axes = [1]}", "tensor<64x1024xf32>"},
	{"sum all", "%x: tensor<4096x4096xf32>", "%y = tensor.sum(%x) {axes = [0, 1]}", "tensor<f32>"},
	{"sum short rows", "%x: tensor<1048576x16xf32>", "%y = tensor.sum(%x) {axes = [1]}", "tensor<1048576xf32>"},
	{"mean pool", "%x: tensor<64x256x32x32xf32>", "%y = tensor.mean(%x) {axes = [2, 3]}", "tensor<64x256xf32>"},
	{"mean f16", "%x: tensor<4096x4096xf16>", "%y = tensor.mean(%x) {axes = [1]}", "tensor<4096xf16>"},
	{"max inner", "%x: tensor<4096x4096xf32>", "%y = tensor.reduce_max(%x) {axes = [1]}", "tensor<4096xf32>"},
	{"max outer", "%x: tensor<4096x4096xf32>", "%y = tensor.reduce_max(%x) {axes = [0]}", "tensor<4096xf32>"},
	{"max i32", "%x: tensor<4096x4096xi32>", "%y = tensor.reduce_max(%x) {axes = [1]}", "tensor<4096xi32>"},
	{"prod", "%x: tensor<4096x4096xf32>", "%y = tensor.prod(%x) {axes = [1]}", "tensor<4096xf32>"},
	{"any", "%x: tensor<4096x16384xbool>", "%y = tensor.any(%x) {axes = [1]}", "tensor<4096xbool>"},
	{"argmax inner", "%x: tensor<4096x4096xf32>", "%y = tensor.argmax(%x) {axis = 1}", "tensor<4096xi64>"},
	{"argmax outer", "%x: tensor<4096x4096xf32>", "%y = tensor.argmax(%x) {axis = 0}", "tensor<4096xi64>"},
	{"sum i8", "%x: tensor<4096x16384xi8>", "%y = tensor.sum(%x) {axes = [1]}", "tensor<4096xi8>"},

	{"copy", "%x: tensor<16777216xf32>", "%y = tensor.neg(%x)", "tensor<16777216xf32>"},
	{"gelu chain", "%a: tensor<16777216xf32>, %b: tensor<16777216xf32>, %c: tensor<16777216xf32>", "%s = tensor.add(%a, %b) : tensor<16777216xf32>\n%g = nn.gelu(%s) : tensor<16777216xf32>\n%y = tensor.mul(%g, %c)", "tensor<16777216xf32>"},
	{"bias", "%x: tensor<4096x4096xf32>, %b: tensor<4096xf32>", "%y = tensor.add(%x, %b)", "tensor<4096x4096xf32>"},
	{"column scale", "%x: tensor<4096x4096xf32>, %b: tensor<4096x1xf32>", "%y = tensor.mul(%x, %b)", "tensor<4096x4096xf32>"},
	{"add bf16", "%a: tensor<16777216xbf16>, %b: tensor<16777216xbf16>", "%y = tensor.add(%a, %b)", "tensor<16777216xbf16>"},
	{"cast f32 bf16", "%x: tensor<16777216xf32>", "%y = tensor.cast(%x)", "tensor<16777216xbf16>"},
	{"cast i8 f32", "%x: tensor<16777216xi8>", "%y = tensor.cast(%x)", "tensor<16777216xf32>"},
	{"compare", "%a: tensor<16777216xf32>, %b: tensor<16777216xf32>", "%y = tensor.lt(%a, %b)", "tensor<16777216xbool>"},
	{"where", "%c: tensor<16777216xbool>, %a: tensor<16777216xf32>, %b: tensor<16777216xf32>", "%y = tensor.where(%c, %a, %b)", "tensor<16777216xf32>"},
	{"transpose", "%x: tensor<4096x4096xf32>", "%y = tensor.transpose(%x) {perm = [1, 0]}", "tensor<4096x4096xf32>"},
	{"transpose bf16", "%x: tensor<4096x4096xbf16>", "%y = tensor.transpose(%x) {perm = [1, 0]}", "tensor<4096x4096xbf16>"},
	{"heads", "%x: tensor<8x512x16x128xf32>", "%y = tensor.transpose(%x) {perm = [0, 2, 1, 3]}", "tensor<8x16x512x128xf32>"},
	{"channels last", "%x: tensor<16x64x128x128xf32>", "%y = tensor.transpose(%x) {perm = [0, 2, 3, 1]}", "tensor<16x128x128x64xf32>"},
	{"concat inner", "%a: tensor<4096x2048xf32>, %b: tensor<4096x2048xf32>", "%y = tensor.concat(%a, %b) {axis = 1}", "tensor<4096x4096xf32>"},
	{"concat outer", "%a: tensor<2048x4096xf32>, %b: tensor<2048x4096xf32>", "%y = tensor.concat(%a, %b) {axis = 0}", "tensor<4096x4096xf32>"},
	{"pad", "%x: tensor<16x64x128x128xf32>", "%y = tensor.pad(%x) {low = [0, 0, 1, 1], high = [0, 0, 1, 1], value = 0.0}", "tensor<16x64x130x130xf32>"},
	{"slice", "%x: tensor<4096x4096xf32>", "%y = tensor.slice(%x) {axis = 1, start = 1024, stop = 3072, step = 1}", "tensor<4096x2048xf32>"},
	{"embedding", "%x: tensor<32768x1024xf32>, %i: tensor<16384xi64>", "%y = nn.embedding(%x, %i)", "tensor<16384x1024xf32>"},
}

// stream is a kernel with memory of its own, and the list that runs it.
type stream struct {
	launch *launch
	bytes  float64
	keep   any
}

// newStream plans the operations of a function as one kernel; what it would be refused for ends the benchmark.
func newStream(b *testing.B, c *compiler, p *pool, src string) (*stream, *code) {
	b.Helper()
	m := backendtest.Parse(b, src)
	op := m.Funcs[0].Ops[0]
	plan, err := calls.Of(op, TargetOf(c.machine))
	if err != nil {
		b.Fatal(err)
	}
	code, err := c.compile(context.Background(), "stream", plan.Kernels)
	if err != nil || code.refused[0] != nil {
		b.Fatal(err, code.refused)
	}
	s := &stream{}
	pr := &prepared{}
	f := code.functions[0]
	var regions []*memory.Region
	take := func(n int) *memory.Region {
		r, err := memory.NewRegion(n)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { r.Free() })
		for i := range r.Data {
			r.Data[i] = 0
		}
		return r
	}
	for i, a := range plan.Args[0] {
		n, _ := f.kernel.Buffers[i].Len.IsConst()
		r := take(int(n)*f.kernel.Buffers[i].Elem.Bytes() + 1<<20)
		fill(r.Data, f.kernel.Buffers[i].Elem)
		regions = append(regions, r)
		pr.words = append(pr.words, uint64(r.Addr()))
		if a.Kind == kernel.Operand || a.Kind == kernel.Result {
			s.bytes += float64(int(n) * f.kernel.Buffers[i].Elem.Bytes())
		}
	}
	total := 0
	for _, k := range f.layout.Scratch {
		n, _ := k.Len.IsConst()
		pr.words = append(pr.words, uint64(total))
		total += memory.Aligned(int(n) * k.Elem.Bytes())
	}
	total = max(total, memory.Alignment)
	scratch := take(total * p.size())
	rounds := int64(1)
	none := func(string) (int64, bool) { return 0, false }
	if f.Rounds != nil {
		rounds, _ = f.Rounds.Eval(none)
	}
	pr.items = []item{{function: f, rounds: rounds, cost: f.Effort.cost(none)}}
	s.launch = pr.launch(pr.items, p.size(), code)
	s.launch.job.scratch.Store(scratch.Addr())
	s.launch.job.stride.Store(uintptr(total))
	s.keep = []any{pr, regions, scratch, code}
	return s, code
}

// fill writes numbers around 1, small integers for indices.
func fill(data []byte, e host.Elem) {
	t, err := host.FromBytes(e, []int{len(data) / e.Bytes()}, data)
	if err != nil {
		panic(err)
	}
	switch e {
	case host.F32:
		x := unsafe.Slice((*float32)(unsafe.Pointer(&data[0])), t.Len())
		for i := range x {
			x[i] = float32(i%61)/61 - 0.5
		}
	case host.I64:
		x := unsafe.Slice((*int64)(unsafe.Pointer(&data[0])), t.Len())
		for i := range x {
			x[i] = int64(i) * 7919 % 16384
		}
	}
}

func (s *stream) run(p *pool) {
	s.launch.begin(s.launch.job.scratch.Load(), s.launch.job.stride.Load())
	var args [6]uintptr
	p.run(&s.launch.job, &args)
}

// streamSource is a module whose only operation is a kernel with that body.
func streamSource(params, body, result string) string {
	var names []string
	for _, p := range strings.Split(params, ", ") {
		names = append(names, strings.Split(p, ":")[0])
	}
	return fmt.Sprintf("air 1\nmodule @m {\nfunc @main(%s) -> (%%out: %s) {\n%%out = core.kernel(%s) : %s\ndo(%s) {\n%s : %s\ncore.return(%%y)\n}\ncore.return(%%out)\n}\n}\n",
		params, result, strings.Join(names, ", "), result, params, body, result)
}

// BenchmarkStreams measures what share of the memory's bandwidth the kernels reach that only move numbers, on two threads, each
// as the best of some runs.
func BenchmarkStreams(b *testing.B) {
	const threads, runs = 2, 7
	c, err := newCompiler(Backend{})
	if err != nil {
		b.Fatal(err)
	}
	peaks, err := Backend{}.Peaks(context.Background(), threads)
	if err != nil {
		b.Fatal(err)
	}
	p := newPool(threads)
	var codes []*code // a thread may still be about to leave one
	b.Cleanup(func() {
		p.close()
		for _, c := range codes {
			if err := c.close(); err != nil {
				b.Error(err)
			}
		}
	})
	for _, t := range streams {
		b.Run(t.name, func(b *testing.B) {
			s, code := newStream(b, c, p, streamSource(t.params, t.body, t.result))
			codes = append(codes, code)
			best := time.Duration(0)
			for run := range runs {
				begin := time.Now()
				s.run(p)
				if d := time.Since(begin); run == 0 || d < best {
					best = d
				}
			}
			runtime.KeepAlive(s)
			rate := s.bytes / best.Seconds()
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(best.Microseconds())/1e3, "ms")
			b.ReportMetric(rate/1e9, "GB/s")
			b.ReportMetric(100*rate/peaks.Read, "%read")
		})
	}
}
