package check

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aiopt/aiopt/backend/metal/launch"
)

// Order is the order that groups, and the threads of each, take their turns in.
type Order uint64

// The orders. A right kernel gives the same result in all of them.
const (
	Forward Order = iota
	Reversed
	Shuffled // by Options.Seed
)

// Arg is what a parameter is bound to.
type Arg struct {
	Bytes   []byte // of the buffer, in the machine's byte order; written to by Run where the kernel may
	Extents []int  // of a tensor, outermost first as in PyTorch; the kernel sees them reversed
}

// Dispatch is one run of a kernel.
type Dispatch struct {
	Launch  launch.Kernel
	Threads [3]int // of the grid
	Args    []Arg  // one for each parameter of the launch
}

// RunTime is what a run may take of the processor where Limits say nothing.
const RunTime = 20 * time.Second

// Limits are what a process may take. Zero values stand for RunTime, 60 seconds of compiling a text, and 2 GiB.
type Limits struct {
	Time   time.Duration // of the processor
	Memory int64         // bytes: of a run, for buffers and what is remembered of them
}

// Options say how to run.
type Options struct {
	Order   Order
	Seed    uint64
	Checked bool // watch every access; without, only what the processor itself finds is reported
	Limits  Limits
}

// Report is what a run found. Finished is false where it was ended before all threads had run: by its time, or its memory.
type Report struct {
	Diagnostics []Diagnostic
	Finished    bool
	Dropped     uint64 // findings at more places than are kept
}

// Run runs a kernel in a child process. What the kernel wrote is in the args' bytes afterwards. An error is a dispatch that
// does not fit the kernel, or a process that could not be run; what the kernel does wrong is in the report.
func (p *Program) Run(ctx context.Context, d Dispatch, o Options) (*Report, error) {
	o.Limits = o.Limits.or(RunTime, 2<<30)
	number, err := p.fit(d, o)
	if err != nil {
		return nil, err
	}
	exe, err := p.executable(ctx, o.Checked)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "aiopt-metal-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "dispatch")
	h, file := pack(d, o, number)
	if err := os.WriteFile(path, file, 0o600); err != nil {
		return nil, err
	}
	// The limit on the processor's time is the child's; this one is for a child that waits or never comes to set it.
	within, cancel := context.WithTimeout(ctx, 2*o.Limits.Time+time.Minute)
	defer cancel()
	cmd := exec.CommandContext(within, exe, path)
	cmd.Env = []string{}
	cmd.Dir = dir
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	failed := cmd.Run()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	report, err := p.report(out.Bytes(), p.parts.kernels[number].Name, o.Checked)
	if err != nil {
		return nil, errors.Join(err, failed, lastWords(problems.String()))
	}
	file, err = os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	for i, a := range d.Args {
		if d.Launch.Params[i].Access != launch.Read { // others may be memory that nobody can write to, such as a mapped file's
			copy(a.Bytes, file[h.Entry[i].Offset:])
		}
	}
	return report, nil
}

func lastWords(s string) error {
	if s = strings.TrimSpace(s); s == "" {
		return nil
	}
	return errors.New(s[max(0, len(s)-500):])
}

// The file that a dispatch goes to the child in; shim/main.cpp has the same.
const (
	magic       = 0x31746f6961
	mostEntries = 64
	mostBuffers = 31
	mostRank    = 8
	mostGroups  = 1<<22 - 2
)

type entry struct {
	Kind, Element, Access, Offset, Bytes, Rank uint64
	Extent                                     [mostRank]uint64
	Name                                       [32]byte
}

type header struct {
	Magic, Kernel                                  uint64
	Threads, Group                                 [3]uint64
	Order, Seed, Seconds, Memory, Checked, Entries uint64
	Buffers                                        uint64
	Entry                                          [mostEntries]entry
}

var accesses = map[string]uint64{launch.Read: 1, launch.Write: 2, launch.ReadWrite: 3}

// pack lays the file out: the header, then each buffer at a multiple of 16 bytes.
func pack(d Dispatch, o Options, number int) (*header, []byte) {
	h := &header{Magic: magic, Kernel: uint64(number), Order: uint64(o.Order), Seed: o.Seed, Memory: uint64(o.Limits.Memory)}
	h.Seconds = uint64(max(math.Ceil(o.Limits.Time.Seconds()), 1))
	if o.Checked {
		h.Checked = 1
	}
	for i := range d.Threads {
		h.Threads[i], h.Group[i] = uint64(d.Threads[i]), uint64(d.Launch.Threadgroup[i])
	}
	size := (uint64(binary.Size(h)) + 15) / 16 * 16
	for i, p := range d.Launch.Params {
		e := &h.Entry[i]
		e.Element, e.Access = uint64(launch.ElementBytes(p.DType)), accesses[p.Access]
		if d.Launch.ABI == launch.Tensors && p.Rank == 0 {
			e.Access = 0 // a handle is bound there
		}
		e.Offset, e.Bytes = size, uint64(len(d.Args[i].Bytes))
		e.Rank = uint64(len(d.Args[i].Extents))
		for j, n := range d.Args[i].Extents {
			e.Extent[len(d.Args[i].Extents)-1-j] = uint64(n)
		}
		copy(e.Name[:31], p.Name)
		size += (e.Bytes + 15) / 16 * 16
	}
	h.Buffers = uint64(len(d.Launch.Params))
	h.Entries = h.Buffers
	for n, bytes := range d.Launch.ThreadgroupMemory {
		e := &h.Entry[h.Entries]
		e.Kind, e.Element, e.Bytes, e.Rank = 1, 4, uint64(bytes), uint64(n)
		copy(e.Name[:31], fmt.Sprintf("threadgroup(%d)", n))
		h.Entries++
	}
	file := make([]byte, size)
	if _, err := binary.Encode(file, binary.NativeEndian, h); err != nil {
		panic(err) // the header is of a fixed size
	}
	for i, a := range d.Args {
		copy(file[h.Entry[i].Offset:], a.Bytes)
	}
	return h, file
}

// fit finds the dispatch's kernel and everything that does not fit it.
func (p *Program) fit(d Dispatch, o Options) (int, error) {
	number, err := Fit(p.source.Name, p.parts.kernels, d)
	if number < 0 {
		return 0, err
	}
	need := int64(64 << 20)
	for _, a := range d.Args {
		need += int64(len(a.Bytes))
		if o.Checked {
			need += 48 * int64(len(a.Bytes))
		}
	}
	if need > o.Limits.Memory {
		err = errors.Join(err, fmt.Errorf("kernel %s: the dispatch needs %d bytes of memory, the limit is %d", d.Launch.Function, need, o.Limits.Memory))
	}
	return number, err
}

// Fit finds the dispatch's kernel among those of a source, and everything of the dispatch that does not fit it.
func Fit(source string, kernels []Kernel, d Dispatch) (int, error) {
	number := slices.IndexFunc(kernels, func(k Kernel) bool { return k.Name == d.Launch.Function })
	if number < 0 {
		var names []string
		for _, k := range kernels {
			names = append(names, k.Name)
		}
		return -1, fmt.Errorf("%s has no kernel %q: expected one of %s", source, d.Launch.Function, strings.Join(names, ", "))
	}
	errs := []error{d.Launch.Validate(), kernels[number].fit(d)}
	groups := 1
	for i, n := range d.Threads {
		if n < 1 || n > math.MaxInt32 {
			return -1, fmt.Errorf("kernel %s: a grid of %v threads, expected sides of 1 to %d", d.Launch.Function, d.Threads, math.MaxInt32)
		}
		if g := d.Launch.Threadgroup[i]; g > 0 {
			groups *= (n + g - 1) / g
		}
		if groups > mostGroups {
			errs = append(errs, fmt.Errorf("kernel %s: a grid of %v threads in groups of %v, expected at most %d groups", d.Launch.Function, d.Threads, d.Launch.Threadgroup, mostGroups))
			break
		}
	}
	return number, errors.Join(errs...)
}

// fit compares a kernel's parameters with a dispatch.
func (k Kernel) fit(d Dispatch) error {
	var errs []error
	wrong := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("kernel %s: "+format, append([]any{k.Name}, args...)...))
	}
	if len(d.Args) != len(d.Launch.Params) {
		wrong("%d arguments for %d parameters of the launch", len(d.Args), len(d.Launch.Params))
		return errors.Join(errs...)
	}
	buffers, shared := 0, 0
	for _, q := range k.Params {
		switch q.Attr {
		case "threadgroup":
			shared++
			if q.Index >= len(d.Launch.ThreadgroupMemory) {
				wrong("the launch gives no bytes for [[threadgroup(%d)]] %s", q.Index, q.Name)
			}
		case "buffer":
			buffers++
			if q.Index >= len(d.Launch.Params) {
				wrong("the launch has %d parameters, none for [[buffer(%d)]] %s", len(d.Launch.Params), q.Index, q.Name)
				continue
			}
			l, a := d.Launch.Params[q.Index], d.Args[q.Index]
			if q.Tensor && (d.Launch.ABI != launch.Tensors || len(a.Extents) != l.Rank) {
				wrong("parameter %s is a tensor handle: expected abi %q and %d extents, found %q and %d", q.Name, launch.Tensors, l.Rank, d.Launch.ABI, len(a.Extents))
			}
			if err := fitBytes(l, a); err != nil {
				wrong("parameter %s: %w", q.Name, err)
			}
		}
	}
	if buffers != len(d.Launch.Params) {
		wrong("the text has %d buffers, the launch %d", buffers, len(d.Launch.Params))
	}
	if shared != len(d.Launch.ThreadgroupMemory) {
		wrong("the text has %d [[threadgroup(n)]] parameters, the launch %d", shared, len(d.Launch.ThreadgroupMemory))
	}
	for n, bytes := range d.Launch.ThreadgroupMemory {
		if bytes < 1 || bytes > 32<<10 {
			wrong("[[threadgroup(%d)]] has %d bytes, expected 1 to 32768", n, bytes)
		}
	}
	return errors.Join(errs...)
}

func fitBytes(l launch.Param, a Arg) error {
	if len(a.Extents) > mostRank {
		return fmt.Errorf("%d extents, expected at most %d", len(a.Extents), mostRank)
	}
	need := launch.ElementBytes(l.DType)
	for _, n := range a.Extents {
		if n < 0 || n > math.MaxInt32 || n > 0 && need > math.MaxInt/n {
			return fmt.Errorf("extents %v, expected sides of 0 to %d", a.Extents, math.MaxInt32)
		}
		need *= n
	}
	if len(a.Extents) > 0 && need != len(a.Bytes) {
		return fmt.Errorf("%d bytes for extents %v of %s, expected %d", len(a.Bytes), a.Extents, l.DType, need)
	}
	return nil
}

// report decodes what the child wrote.
func (p *Program) report(out []byte, kernel string, checked bool) (*Report, error) {
	type message struct {
		found
		End, Whole bool
		Dropped    uint64
		Failed     string
	}
	var raw []found
	r := &Report{}
	ended := false
	decode := json.NewDecoder(bytes.NewReader(out))
	for decode.More() {
		var m message
		if err := decode.Decode(&m); err != nil {
			return nil, fmt.Errorf("kernel %s: the process wrote what it should not: %w", kernel, err)
		}
		switch {
		case m.Failed != "":
			return nil, fmt.Errorf("kernel %s: %s", kernel, m.Failed)
		case m.End:
			ended, r.Finished, r.Dropped = true, m.Whole, m.Dropped
		default:
			raw = append(raw, m.found)
		}
	}
	if !ended {
		return nil, fmt.Errorf("kernel %s: the process ended before its work", kernel)
	}
	if len(raw) == 0 {
		return r, nil
	}
	l, err := p.lines(checked)
	if err != nil {
		return nil, err
	}
	for _, f := range raw {
		d := f.diagnostic(l)
		d.Source, d.Kernel = p.source.Name, kernel
		r.Diagnostics = append(r.Diagnostics, d)
	}
	r.Diagnostics = tidy(r.Diagnostics)
	return r, nil
}

func (p *Program) lines(checked bool) (*lines, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l := p.located[checked]; l != nil {
		return l, nil
	}
	l, err := readLines(p.built[checked], p.source.Name)
	if err != nil {
		return nil, err
	}
	p.located[checked] = l
	return l, nil
}
