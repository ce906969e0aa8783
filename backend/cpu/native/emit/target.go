package emit

// Target describes a family of processors that code is made for.
type Target struct {
	Name   string
	Triple string // as llc takes it
	CPU    string // as llc takes it: the least processor of the family
	// Features are what code for the target needs, by the names that LLVM has for them. A processor that lacks one must
	// not run it.
	Features  []string
	Lanes     int   // f32 lanes of a register
	Registers int   // vector registers
	L1, L2    int64 // bytes of cache that a core has at least
	L3        int64 // bytes of the last cache that a program can count on

	Scalef string // the intrinsic that multiplies 16 floats by powers of two
	Reduce string // and the one that gives what rounding takes away from them, 0 of infinities
	Bytes  []Dot  // what computes DotBytes, widest first
	Halves []Dot  // what computes DotHalf, widest first
	Pick   Dot    // what takes lanes of one f32 vector by integers
	Pick2  Dot    // and of two
	Bytes4 string // what takes bytes of up to four vectors of 16 by bytes, and 0 beyond them; how many vectors comes behind the name

	Fence     string  // the intrinsic that orders stores past the caches before what follows; "" where they are ordered as all are
	Pause     string  // the intrinsic that tells the processor of a thread that waits
	PauseHint []int64 // its arguments
	Yield     SystemCall
}

// SystemCall is a call of the system that takes and gives nothing.
type SystemCall struct {
	Asm        string // the instruction
	Constraint string // where it wants the call's number and leaves what it returns, as LLVM spells it
	Number     int64
}

// Dot is an intrinsic for a vector of dot products of neighbours.
type Dot struct {
	Name  string
	Lanes int // of the result
	// Feature is what a processor needs beside the target's features.
	Feature string
}

// Targets are the processors that code can be made for, the most capable first.
func Targets() []Target {
	x86 := []string{"avx2", "fma", "f16c", "bmi", "bmi2", "popcnt"}
	avx512 := append(x86[:len(x86):len(x86)], "avx512f", "avx512bw", "avx512vl", "avx512dq", "avx512cd")
	wide := []Dot{
		{"llvm.x86.avx512.vpdpbusd.512", 16, "avx512vnni"},
		{"llvm.x86.avx512.vpdpbusd.256", 8, "avx512vnni"},
		{"llvm.x86.avx512.vpdpbusd.128", 4, "avx512vnni"},
	}
	halves := []Dot{
		{"llvm.x86.avx512bf16.dpbf16ps.512", 16, "avx512bf16"},
		{"llvm.x86.avx512bf16.dpbf16ps.256", 8, "avx512bf16"},
		{"llvm.x86.avx512bf16.dpbf16ps.128", 4, "avx512bf16"},
	}
	narrow := []Dot{
		{"llvm.x86.avx512.vpdpbusd.256", 8, "avxvnni"},
		{"llvm.x86.avx512.vpdpbusd.128", 4, "avxvnni"},
	}
	const pause, fence = "llvm.x86.sse2.pause", "llvm.x86.sse.sfence"
	yield := SystemCall{"syscall", "={rax},{rax},~{rcx},~{r11},~{memory},~{dirflag},~{fpsr},~{flags}", 24} // sched_yield of Linux
	return []Target{
		{Name: "avx512", Triple: "x86_64-unknown-linux-gnu", CPU: "skylake-avx512", Features: avx512, Lanes: 16, Registers: 32, L1: 32 << 10, L2: 1 << 20, L3: 16 << 20,
			Scalef: "llvm.x86.avx512.mask.scalef.ps.512", Reduce: "llvm.x86.avx512.mask.reduce.ps.512",
			Bytes: wide, Halves: halves, Fence: fence, Pause: pause, Yield: yield,
			Pick: Dot{Name: "llvm.x86.avx512.permvar.sf.512", Lanes: 16}, Pick2: Dot{Name: "llvm.x86.avx512.vpermi2var.ps.512", Lanes: 16}},
		{Name: "avx2", Triple: "x86_64-unknown-linux-gnu", CPU: "haswell", Features: x86, Lanes: 8, Registers: 16, L1: 32 << 10, L2: 256 << 10, L3: 8 << 20, Bytes: narrow, Fence: fence, Pause: pause, Yield: yield,
			Pick: Dot{Name: "llvm.x86.avx2.permps", Lanes: 8}},
		{Name: "neon", Triple: "aarch64-unknown-linux-gnu", CPU: "generic", Features: []string{"neon", "fp-armv8"}, Lanes: 4, Registers: 32, L1: 32 << 10, L2: 256 << 10, L3: 8 << 20,
			Bytes4: "llvm.aarch64.neon.tbl",
			Pause:  "llvm.aarch64.hint", PauseHint: []int64{1}, Yield: SystemCall{"svc #0", "={x0},{x8},~{memory}", 124}},
	}
}

// Machine is a target with the further features that one processor has.
type Machine struct {
	Target
	Extra   []string // sorted: those of Dot.Feature that are present
	Rounded bool     // matrix products of f32 may be of numbers rounded to bf16
	Coded   bool     // activations of products with compressed weights may be rounded to 8 bits
}

// SumsBytes reports an instruction for DotBytes: without one, products of bytes take longer than those of floats.
func (m *Machine) SumsBytes() bool {
	_, ok := m.dot(m.Bytes, m.Lanes)
	return ok
}

// dot gives the widest intrinsic that the machine has and that divides a number of lanes.
func (m *Machine) dot(list []Dot, lanes int) (Dot, bool) {
	for _, d := range list {
		if lanes%d.Lanes != 0 {
			continue
		}
		for _, have := range m.Extra {
			if have == d.Feature {
				return d, true
			}
		}
	}
	return Dot{}, false
}

// Optional lists the features that code uses where they are present.
func (t *Target) Optional() []string {
	var list []string
	seen := map[string]bool{}
	for _, dots := range [][]Dot{t.Bytes, t.Halves} {
		for _, d := range dots {
			if !seen[d.Feature] {
				seen[d.Feature] = true
				list = append(list, d.Feature)
			}
		}
	}
	return list
}

// All lists every feature that code for the machine may use.
func (m *Machine) All() []string {
	return append(m.Features[:len(m.Features):len(m.Features)], m.Extra...)
}
