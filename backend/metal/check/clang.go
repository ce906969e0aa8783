package check

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"time"
)

// What clang may take for one text where Tools.Limits says nothing: texts come with models. A text of twelve generated kernels takes some seconds and
// a tenth of the memory.
const (
	compileTime   = 60 * time.Second // of the processor
	compileMemory = 2 << 30          // bytes of addresses
	compileFile   = 64 << 20         // bytes of a file that it writes
	mostSaid      = 1 << 20          // bytes of what it says that are kept
)

// Exceeded is the error of a text that takes more to compile than it may.
type Exceeded struct {
	Kind Kind // Time or Memory
	Text string
}

// Error says what it took.
func (e *Exceeded) Error() string { return e.Text }

// Call runs clang in a folder, on a text that comes from its standard input and is named `-`, and gives what it said. It gets the text when the limits
// of time, memory and files hold for it; an *Exceeded is the error where it ran into one.
func (t *Tools) Call(ctx context.Context, dir, text string, args ...string) ([]byte, error) {
	limits := t.Limits.or(compileTime, compileMemory)
	within, cancel := context.WithTimeout(ctx, 2*limits.Time+time.Minute) // for one that waits instead of computing
	defer cancel()
	cmd := exec.CommandContext(within, t.Clang, append([]string{"-fintegrated-cc1", "-fno-crash-diagnostics"}, args...)...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "LLVM_DISABLE_SYMBOLIZATION=1") // which takes seconds where it dies
	said := &head{most: mostSaid}
	cmd.Stdout, cmd.Stderr = said, said
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	if err := limit(cmd.Process.Pid, limits, compileFile); err != nil {
		_ = cmd.Process.Kill() // it has read nothing so far
		_ = cmd.Wait()
		return nil, fmt.Errorf("limiting what clang may take: %w", err)
	}
	_, _ = input.Write([]byte(text)) // a process that does not read it fails, and says why
	_ = input.Close()
	err = cmd.Wait()
	if err == nil {
		return said.Bytes(), nil
	}
	if ctx.Err() == nil {
		took := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		if e := exceeded(limits, took, within.Err() != nil, fmt.Appendf(said.Bytes(), "%v", err)); e != nil {
			return said.Bytes(), e
		}
	}
	return said.Bytes(), err
}

// What is said of a process whose time, memory or file is at an end.
var (
	killed      = regexp.MustCompile(`signal: killed$`)
	outOfMemory = regexp.MustCompile(`(?i)out of memory|bad_alloc|cannot allocate memory|allocation failed`)
	fileTooBig  = regexp.MustCompile(`(?i)file too large|file size limit`)
)

// exceeded finds the limit that a process ran into; nil where it was none.
func exceeded(l Limits, took time.Duration, waited bool, said []byte) *Exceeded {
	switch {
	case waited || killed.Match(said) && took > l.Time/2: // the two clocks differ a little
		return &Exceeded{Time, fmt.Sprintf("compiling it takes more than %v: templates that make others, and long constant expressions, do that", l.Time)}
	case outOfMemory.Match(said):
		return &Exceeded{Memory, fmt.Sprintf("compiling it takes more than %d MiB of memory: templates that make others, and large constants, do that", l.Memory>>20)}
	case fileTooBig.Match(said):
		return &Exceeded{Memory, fmt.Sprintf("its code takes more than %d MiB: large constants do that; pass them as a buffer", compileFile>>20)}
	}
	return nil
}

// head keeps the beginning of what is written to it.
type head struct {
	bytes.Buffer
	most int
}

// Write keeps what there is place for, and takes all.
func (h *head) Write(p []byte) (int, error) {
	_, _ = h.Buffer.Write(p[:min(len(p), max(h.most-h.Len(), 0))]) // never fails
	return len(p), nil
}

// or gives limits with values for those that are not set.
func (l Limits) or(t time.Duration, memory int64) Limits {
	if l.Time == 0 {
		l.Time = t
	}
	if l.Memory == 0 {
		l.Memory = memory
	}
	return l
}
