package kernel

import (
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Call is what a kernel is run on.
type Call struct {
	Sizes   map[string]int64
	Buffers [][]byte // one for each global buffer, of exactly its length, little endian
	SIMD    int      // the threads of a SIMD group; 0 means SIMDThreads
}

// Run computes a kernel that Verify accepts, slowly and in one order: f32 is rounded after every operation, parallel rounds
// run from first to last, each after what stands before the loop, threads of a group step from barrier to barrier. It reports
// what a machine may let pass: sizes that break the kernel's guards, accesses outside a buffer, reads of shared or private memory
// that was not written, threads of a group that touch what another one writes with no barrier between, rounds of a parallel loop that touch what another one writes, or read what was written before the loop
// and another one overwrites, elements that are not written once where all are to be, integer division by zero, and shifts by too much.
func Run(k *Kernel, call Call) error {
	m := &machine{kernel: k, simd: call.SIMD, text: &printer{numbers: map[*Value]int{}}, tiles: map[*Instr][4][]uint64{}}
	if m.simd == 0 {
		m.simd = SIMDThreads
	}
	t := &thread{m: m, symbols: map[string]int64{}, values: map[*Value][]uint64{}, memory: map[*Buffer]*memory{}}
	if err := m.bind(t, call); err != nil {
		return fmt.Errorf("kernel %s: %w", k.Name, err)
	}
	if _, at := k.Outermost(); at > 0 {
		m.before.Instrs = k.Body.Instrs[:at]
		m.fills = m.before.fills()
	}
	m.text.block(k.Body) // numbers the values as Print does
	if err := t.block(k.Body); err != nil {
		return fmt.Errorf("kernel %s: %w", k.Name, err)
	}
	for _, b := range k.Buffers {
		if err := t.memory[b].whole(); err != nil {
			return fmt.Errorf("kernel %s: %w", k.Name, err)
		}
	}
	return nil
}

type machine struct {
	kernel *Kernel
	simd   int
	text   *printer
	before Block // what stands before the loop that is shared
	epoch  int64 // counts barriers, and groups of threads
	fills  bool  // before writes scratch; nothing else of it can differ from round to round

	tiles map[*Instr][4][]uint64 // what each TileMulAdd was given last, and what came of it: the threads of a SIMD group follow each other
}

// bind checks the sizes and buffers of a call.
func (m *machine) bind(t *thread, call Call) error {
	if err := m.kernel.Takes(func(name string) (int64, bool) { n, ok := call.Sizes[name]; return n, ok }); err != nil {
		return err
	}
	for _, s := range m.kernel.Sizes {
		t.symbols[s.Name] = call.Sizes[s.Name]
	}
	given := 0
	for _, b := range m.kernel.Buffers {
		n, err := b.Len.Eval(t.symbol)
		if err != nil {
			return fmt.Errorf("buffer %s: %w", b.Name, err)
		}
		if b.Space != Global {
			if n < 0 || n > maxLocal {
				return fmt.Errorf("buffer %s has %d elements, expected 0 to %d", b.Name, n, maxLocal)
			}
			t.memory[b] = newLocal(b, n)
			continue
		}
		if given >= len(call.Buffers) {
			return fmt.Errorf("the call gives %d buffers, none for %s", len(call.Buffers), b.Name)
		}
		data := call.Buffers[given]
		if want := n * int64(b.Elem.Bytes()); int64(len(data)) != want {
			return fmt.Errorf("buffer %s has %d bytes, expected %d for %s[%s]", b.Name, len(data), want, b.Elem, b.Len)
		}
		t.memory[b] = &memory{buf: b, data: data, n: n}
		if b.Once {
			t.memory[b].times = make([]uint8, n)
		}
		given++
	}
	if given != len(call.Buffers) {
		return fmt.Errorf("the call gives %d buffers, expected %d", len(call.Buffers), given)
	}
	return nil
}

const maxLocal = 1 << 24

// thread is a run of instructions with what it sees. Threads of a group have one each, on top of the group's.
type thread struct {
	m       *machine
	outer   *thread
	symbols map[string]int64
	values  map[*Value][]uint64
	memory  map[*Buffer]*memory
	round   int64               // 1 + the round of the parallel or grid loop around
	number  int64               // of the thread in its group
	meet    func(*meeting) bool // waits for the other threads of the group; nil outside a thread loop
}

func (t *thread) symbol(name string) (int64, bool) {
	for ; t != nil; t = t.outer {
		if n, ok := t.symbols[name]; ok {
			return n, true
		}
	}
	return 0, false
}

func (t *thread) value(v *Value) []uint64 {
	for ; t != nil; t = t.outer {
		if lanes, ok := t.values[v]; ok {
			return lanes
		}
	}
	return nil
}

func (t *thread) find(b *Buffer) *memory {
	for ; t != nil; t = t.outer {
		if mem, ok := t.memory[b]; ok {
			return mem
		}
	}
	return nil
}

func (t *thread) dim(d ir.Dim) (int64, error) {
	if n, ok := d.IsConst(); ok {
		return n, nil
	}
	return d.Eval(t.symbol)
}

func (t *thread) block(b *Block) error {
	for _, in := range b.Instrs {
		if err := t.instr(in); err != nil {
			return err
		}
	}
	return nil
}

func (t *thread) instr(in *Instr) error {
	var err error
	switch in.Op {
	case LoopInstr:
		return t.loop(in.Loop)
	case IfInstr:
		return t.branch(in)
	case Bind:
		err = t.bind(in)
	case Load, TileLoad:
		err = t.load(in)
	case Store, TileStore:
		err = t.store(in)
	case Barrier, GroupSum, GroupMax, GroupMin, GroupShuffle:
		err = t.together(in)
	default:
		err = t.compute(in)
	}
	if err != nil && err != errStopped {
		return fmt.Errorf("`%s`: %w", t.m.text.instr(in), err)
	}
	return err
}

func (t *thread) branch(in *Instr) error {
	c := in.If
	var holds bool
	if c.Cond != nil {
		holds = t.value(c.Cond)[0] != 0
	} else {
		var err error
		if holds, _, err = (ir.Guard{Any: []ir.Cond{c.Holds}}).Holds(t.symbol); err != nil {
			return fmt.Errorf("`%s`: %w", t.m.text.instr(in), err)
		}
	}
	if !holds {
		return nil
	}
	return t.block(c.Then)
}

func (t *thread) loop(l *Loop) error {
	extent, err := t.dim(l.Extent)
	if err != nil {
		return fmt.Errorf("`%s`: %w", t.m.text.loopHead(l), err)
	}
	if l.Kind == Thread {
		return t.threads(l, extent)
	}
	apart := l.shared() && t.round == 0
	if apart {
		t.watch(true)
		defer t.watch(false)
	}
	carried := make([][]uint64, len(l.Init))
	for i, v := range l.Init {
		carried[i] = t.value(v)
	}
	outer := t.round
	var before [][]bool
	if l.shared() {
		before = t.written()
	}
	for at, round := int64(0), int64(0); at < extent; at, round = at+l.Step, round+1 {
		if apart && round > 0 && t.m.fills {
			if err := t.anew(); err != nil {
				return err
			}
		}
		t.symbols[l.Var] = at
		if l.shared() {
			t.round = outer*(extent/l.Step+2) + round + 1
			t.forget(before)
		}
		for i, v := range l.Carried {
			t.values[v] = carried[i]
		}
		if err := t.block(l.Body); err != nil {
			return err
		}
		next := make([][]uint64, len(l.Next))
		for i, v := range l.Next {
			next[i] = t.value(v)
		}
		carried = next
	}
	t.round = outer
	for i, v := range l.Results {
		t.values[v] = carried[i]
	}
	return nil
}

// watch starts or ends the record of which round of a parallel loop wrote what.
func (t *thread) watch(on bool) {
	for _, b := range t.m.kernel.Buffers {
		if mem := t.find(b); b.Space == Global && b.Access&Write != 0 {
			mem.owner = nil
			if on {
				mem.owner = make([]int64, mem.n)
			}
		}
	}
	t.round = 0
}

// written is which elements of shared and private memory have a value.
func (t *thread) written() [][]bool {
	var all [][]bool
	for _, b := range t.m.kernel.Buffers {
		if b.Space != Global {
			all = append(all, slices.Clone(t.find(b).written))
		}
	}
	return all
}

// forget leaves shared and private memory as before the loop: what other rounds wrote is not there.
func (t *thread) forget(before [][]bool) {
	for _, b := range t.m.kernel.Buffers {
		if b.Space != Global {
			copy(t.find(b).written, before[0])
			before = before[1:]
		}
	}
}

// anew runs again what stands before the loop that is shared, as who takes only the next round does.
func (t *thread) anew() error {
	for _, b := range t.m.kernel.Buffers {
		if mem := t.find(b); b.Space != Global {
			clear(mem.written)
			clear(mem.own)
		}
	}
	t.round = 0
	return t.block(&t.m.before)
}

func (t *thread) bind(in *Instr) error {
	least, err := t.dim(in.Least)
	if err != nil {
		return err
	}
	most, err := t.dim(in.Most)
	if err != nil {
		return err
	}
	bits := t.value(in.Args[0])[0]
	n := int64(bits)
	if e := in.Args[0].Type.Elem; e == host.U64 && n < 0 {
		n = most // a u64 beyond all
	}
	kept := max(least, min(most, n))
	if uint64(kept) != bits && in.Buffer != nil {
		t.find(in.Buffer).put(0, 1)
	}
	t.symbols[in.Symbol] = kept
	return nil
}

// places gives the elements that the lanes access, -1 for a lane that is masked out.
func (t *thread) places(in *Instr, lanes int) ([]int64, error) {
	at, err := t.dim(in.Index)
	if err != nil {
		return nil, err
	}
	stride, err := t.dim(in.Stride)
	if err != nil {
		return nil, err
	}
	list := make([]int64, lanes)
	for i := range list {
		list[i] = at + stride*int64(i)
		if in.Op == TileLoad || in.Op == TileStore {
			row, column := int64(i/8), int64(i%8)
			if in.Transposed {
				row, column = column, row
			}
			list[i] = at + stride*row + column
		}
		if in.Mask != nil && t.value(in.Mask)[i] == 0 {
			list[i] = -1
		} else if list[i] < 0 {
			return nil, t.find(in.Buffer).inside(list[i])
		}
	}
	return list, nil
}

func (t *thread) load(in *Instr) error {
	at, err := t.places(in, in.Result.Type.Lanes)
	if err != nil {
		return err
	}
	lanes := make([]uint64, len(at))
	for i, a := range at {
		if a < 0 {
			continue
		}
		mem := t.find(in.Buffer)
		if lanes[i], err = mem.load(a, t.round); err == nil {
			err = t.race(mem, a, false)
		}
		if err != nil {
			return err
		}
	}
	t.values[in.Result] = lanes
	return nil
}

func (t *thread) store(in *Instr) error {
	lanes := t.value(in.Args[0])
	at, err := t.places(in, len(lanes))
	if err != nil || in.Op == TileStore && t.number%int64(t.m.simd) != 0 { // the first thread writes for its SIMD group
		return err
	}
	for i, a := range at {
		if a < 0 {
			continue
		}
		mem := t.find(in.Buffer)
		if err := t.race(mem, a, true); err != nil {
			return err
		}
		if err := mem.store(a, t.round, lanes[i]); err != nil {
			return err
		}
	}
	return nil
}
