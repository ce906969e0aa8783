package check

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Kind is what is wrong.
type Kind string

// What the checker finds, in the text and while it runs.
const (
	Forbidden     Kind = "forbidden"     // a construct that Metal has not, or that cannot be checked
	AddressSpace  Kind = "address space" // a pointer that names none, or changes it
	Invalid       Kind = "invalid"       // clang's own errors
	OutOfBounds   Kind = "out of bounds" // an access outside of its buffer, array or tensor
	Access        Kind = "access"        // a write to what is to be read, or the other way round
	Race          Kind = "race"          // two threads, one of them writing, with no barrier between
	Uninitialised Kind = "uninitialised" // threadgroup memory read before it was written
	Barrier       Kind = "barrier"       // a barrier that not all threads of a group reach
	Simd          Kind = "simd"          // lanes that miss an operation of their simd group
	Memory        Kind = "memory"        // more than 32 KiB of threadgroup memory, or a stack that overflowed
	Arithmetic    Kind = "arithmetic"    // an integer divided by zero
	Time          Kind = "time"          // the limit of processor time was reached
)

// Place is an access of a thread.
type Place struct {
	Line   int // 0 where it is not known
	Thread [3]uint32
}

// Diagnostic is one thing that is wrong, with the first thread that it befell.
type Diagnostic struct {
	Kind     Kind
	Source   string
	Kernel   string // or the function that the line stands in; "" where it stands in none
	Line     int    // of the text, from 1
	Thread   [3]uint32
	Ran      bool   // it was found by running: Thread says where
	Variable string // the buffer or array; "" where there is none
	Text     string // a sentence without an end
	Other    *Place // the second access or thread, where there are two
	Count    uint64 // how often
}

// String gives one line: `silu.metal:12: kernel silu, thread (3,0,0): out of bounds: ...`.
func (d Diagnostic) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d: ", d.Source, d.Line)
	if d.Ran {
		fmt.Fprintf(&b, "kernel %s, thread %s: ", d.Kernel, position(d.Thread))
	} else if d.Kernel != "" {
		fmt.Fprintf(&b, "in %s: ", d.Kernel)
	}
	fmt.Fprintf(&b, "%s: %s", d.Kind, d.Text)
	if d.Count > 1 {
		fmt.Fprintf(&b, " (%d times)", d.Count)
	}
	return b.String()
}

func position(p [3]uint32) string { return fmt.Sprintf("(%d,%d,%d)", p[0], p[1], p[2]) }

// SourceError is a text that cannot be run.
type SourceError struct{ Diagnostics []Diagnostic }

// Error has a line for each problem.
func (e *SourceError) Error() string {
	lines := make([]string, len(e.Diagnostics))
	for i, d := range e.Diagnostics {
		lines[i] = d.String()
	}
	return strings.Join(lines, "\n")
}

// tidy sorts diagnostics by line and makes one of those that say the same.
func tidy(list []Diagnostic) []Diagnostic {
	slices.SortStableFunc(list, func(a, b Diagnostic) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Variable, b.Variable), compareThreads(a.Thread, b.Thread), cmp.Compare(a.Text, b.Text))
	})
	var kept []Diagnostic
	for _, d := range list {
		at := slices.IndexFunc(kept, func(k Diagnostic) bool {
			return k.Line == d.Line && k.Kind == d.Kind && k.Variable == d.Variable && otherLine(k) == otherLine(d) && (d.Ran || k.Text == d.Text)
		})
		if at < 0 {
			kept = append(kept, d)
			continue
		}
		kept[at].Count += d.Count
	}
	return kept
}

func otherLine(d Diagnostic) int {
	if d.Other == nil {
		return 0
	}
	return d.Other.Line
}

func compareThreads(a, b [3]uint32) int {
	return cmp.Or(cmp.Compare(a[2], b[2]), cmp.Compare(a[1], b[1]), cmp.Compare(a[0], b[0]))
}
