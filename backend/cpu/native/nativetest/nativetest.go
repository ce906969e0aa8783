// Package nativetest runs kernels' code for every target that this machine can run: in this process where the processor has
// the target's features, under an emulator for Arm. Buffers lie beside memory that may not be touched, so that an access
// outside of one ends the test.
package nativetest

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"testing"

	"github.com/aiopt/aiopt/backend/cpu/native/emit"
	"github.com/aiopt/aiopt/backend/cpu/native/toolchain"
	"github.com/aiopt/aiopt/backend/kernel"
)

// Job is a kernel and a call of it.
type Job struct {
	Kernel *kernel.Kernel
	Call   kernel.Call // what the buffers hold before; they stay as they are
	Pieces int         // how many calls share the rounds of the parallel loop; 0 is 1
	AtEnd  bool        // buffers end where memory may not be touched; otherwise they start there
}

// Result is what became of a job.
type Result struct {
	Buffers [][]byte // what they hold afterwards
	Refused error    // why the machine has no code for the kernel
}

// Runner runs code for one target.
type Runner struct {
	Machine *emit.Machine
	program program
}

// program is linked code that runs, in this process or in another one.
type program interface {
	// link makes code of modules that define functions.
	link(t testing.TB, tools *toolchain.Tools, target toolchain.Target, modules []string)
	// run calls functions and gives what the buffers of each call hold afterwards.
	run(t testing.TB, calls []call) [][][]byte
}

// call is a job with the name of its function and the shape of its context block.
type call struct {
	Job
	function string
	scratch  []int // where in the scratch memory each local buffer starts
	bytes    int   // of scratch memory
	rounds   int64
}

// Runners gives one for each target that this machine runs or emulates.
func Runners(t testing.TB) []Runner {
	t.Helper()
	list := own(t)
	for _, target := range emit.Targets() {
		if target.Name == "neon" && runtime.GOARCH != "arm64" {
			list = append(list, Runner{&emit.Machine{Target: target}, &emulated{}})
		}
	}
	return list
}

// Emulated says whether the code runs under an emulator, some hundred times slower.
func (r Runner) Emulated() bool { _, is := r.program.(*emulated); return is }

// Plain is the runner for code that uses none of the target's optional features.
func (r Runner) Plain() Runner {
	return Runner{&emit.Machine{Target: r.Machine.Target}, r.program}
}

// perModule is how many kernels are compiled together.
const perModule = 16

// Run compiles the jobs' kernels, equal ones once, and runs the jobs one after the other.
func (r Runner) Run(t testing.TB, jobs []Job) []Result {
	t.Helper()
	tools, err := toolchain.Find()
	if err != nil {
		t.Fatalf("these tests compile and run kernels: %v", err)
	}
	results := make([]Result, len(jobs))
	names, refused := map[string]string{}, map[string]error{}
	var modules []*emit.Module
	var calls []call
	var of []int // the job of each call
	count := 0
	for i, j := range jobs {
		same := *j.Kernel
		same.Name = "k"
		text := kernel.Print(&same)
		if _, known := names[text]; !known {
			if count%perModule == 0 {
				modules = append(modules, emit.NewModule(r.Machine))
			}
			names[text] = fmt.Sprintf("k%d", count)
			if refused[text] = modules[len(modules)-1].Add(names[text], j.Kernel); refused[text] == nil {
				count++
			}
		}
		if results[i].Refused = refused[text]; refused[text] == nil {
			calls, of = append(calls, newCall(t, names[text], j)), append(of, i)
		}
	}
	if len(calls) == 0 {
		return results
	}
	var texts []string
	for _, m := range modules {
		text, err := m.Text()
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, text)
	}
	m := r.Machine
	r.program.link(t, tools, toolchain.Target{Triple: m.Triple, CPU: m.CPU, Features: m.All()}, texts)
	for k, buffers := range r.program.run(t, calls) {
		results[of[k]].Buffers = buffers
	}
	return results
}

func newCall(t testing.TB, function string, j Job) call {
	t.Helper()
	c := call{Job: j, function: function, rounds: 1}
	size := func(name string) (int64, bool) { n, ok := j.Call.Sizes[name]; return n, ok }
	layout := emit.LayoutOf(j.Kernel)
	if have := len(j.Call.Buffers) + len(j.Kernel.Sizes) + len(layout.Scratch); have != layout.Words {
		t.Fatalf("the call has %d buffers, the kernel takes %d more words:\n%s", len(j.Call.Buffers), layout.Words-have, kernel.Print(j.Kernel))
	}
	for _, b := range layout.Scratch {
		n, err := b.Len.Eval(size)
		if err != nil {
			t.Fatal(err)
		}
		c.scratch = append(c.scratch, c.bytes)
		c.bytes += (int(n)*b.Elem.Bytes() + 63) / 64 * 64
	}
	c.Pieces = max(c.Pieces, 1)
	rounds := emit.RoundsOf(j.Kernel)
	if rounds == nil {
		c.Pieces = 1
		return c
	}
	n, err := rounds.Eval(size)
	if err != nil {
		t.Fatal(err)
	}
	c.rounds = n
	return c
}

// context is the block of a call whose buffers start at addresses.
func (c *call) context(addresses []uint64) []uint64 {
	words := append([]uint64(nil), addresses...)
	for _, s := range c.Kernel.Sizes {
		words = append(words, uint64(c.Call.Sizes[s.Name]))
	}
	for _, at := range c.scratch {
		words = append(words, uint64(at))
	}
	return words
}

// piece gives the rounds of one of the calls that share them.
func (c *call) piece(i int) (lo, hi int64) {
	n, k := int64(c.Pieces), int64(i)
	return c.rounds * k / n, c.rounds * (k + 1) / n
}

// Words are bytes that hold numbers, such as a context block.
func Words(words []uint64) []byte {
	bytes := make([]byte, 8*len(words))
	for i, w := range words {
		binary.LittleEndian.PutUint64(bytes[8*i:], w)
	}
	return bytes
}
