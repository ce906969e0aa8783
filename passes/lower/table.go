package lower

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/ir"
)

// Lowering builds the operations that compute one call and gives a value for each of the call's results, of the stated
// type. A result that nothing uses may be nil. Methods of Call need no error checks: what fails in them ends the
// lowering with an error that names the call and its place in the model.
type Lowering func(c *Call) ([]*ir.Value, error)

// One makes a lowering of a function that gives the one result.
func One(fn func(c *Call) *ir.Value) Lowering {
	return func(c *Call) ([]*ir.Value, error) { return []*ir.Value{fn(c)}, nil }
}

// All makes a lowering of a function that gives all results.
func All(fn func(c *Call) []*ir.Value) Lowering {
	return func(c *Call) ([]*ir.Value, error) { return fn(c), nil }
}

// Table maps targets to lowerings.
type Table struct {
	entries map[string]entry
	errs    []error
}

type entry struct {
	lower Lowering
	place string // where the entry was added
	limit string // what the lowering refuses: train=True
}

// Status is what becomes of the calls of a target.
type Status struct {
	Kind   StatusKind
	Reason string // Refused: why, and what to do instead. Limited: what the lowering refuses, as a user of PyTorch says it: train=True
}

// StatusKind is a kind of Status.
type StatusKind uint8

// The kinds of Status.
const (
	Unknown StatusKind = iota // no lowering, and nothing to say about it
	Refused                   // no lowering, on purpose
	Limited                   // a lowering that refuses some arguments
	Lowered                   // a lowering
)

// NewTable makes an empty table.
func NewTable() *Table { return &Table{entries: map[string]entry{}} }

// Add enters a lowering for a target: ns.op for all overloads, or ns.op.overload, which wins for that overload. A
// second entry for a target is an error, kept for Err; Replace is for overriding.
func (t *Table) Add(target string, fn Lowering) { t.add(target, fn, caller()) }

// Replace enters a lowering for a target that has one already; to replace nothing is an error, kept for Err.
func (t *Table) Replace(target string, fn Lowering) {
	place := caller()
	if _, ok := t.entries[target]; !ok {
		t.errs = append(t.errs, fmt.Errorf("%s: no lowering of %s to replace%s; use Add", place, target, t.didYouMean(target)))
		return
	}
	t.entries[target] = entry{lower: fn, place: place}
}

// Err gives what went wrong in Add and Replace.
func (t *Table) Err() error { return errors.Join(t.errs...) }

// Lookup finds the lowering of a target: its own entry, or the one for all overloads that are not refused; nil where there
// is none.
func (t *Table) Lookup(callee string) Lowering {
	return t.find(callee).lower
}

// Status says what becomes of the calls of a target such as aten.add.Tensor.
func (t *Table) Status(callee string) Status {
	e, reason := t.find(callee), refusalOf(callee)
	switch {
	case e.limit != "":
		return Status{Limited, e.limit}
	case e.lower != nil:
		return Status{Kind: Lowered}
	case reason != "":
		return Status{Refused, reason}
	}
	return Status{}
}

// find gives the entry of a target, empty where there is none.
func (t *Table) find(callee string) entry {
	if e, ok := t.entries[callee]; ok {
		return e
	}
	if e, ok := t.entries[base(callee)]; ok && !refusedOverload(callee) {
		return e
	}
	return entry{}
}

// Targets lists the targets that have an entry, sorted.
func (t *Table) Targets() []string {
	names := make([]string, 0, len(t.entries))
	for name := range t.entries {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (t *Table) add(target string, fn Lowering, place string) {
	if have, ok := t.entries[target]; ok {
		t.errs = append(t.errs, fmt.Errorf("%s: %s has a lowering already, added at %s; Replace overrides it", place, target, have.place))
		return
	}
	if !strings.Contains(target, ".") || fn == nil {
		t.errs = append(t.errs, fmt.Errorf("%s: expected a target such as aten.add or aten.add.Tensor and a function, found %q", place, target))
		return
	}
	t.entries[target] = entry{lower: fn, place: place}
}

// noteLimits enters what the lowerings of the standard table refuse; one that replaces them has limits of its own.
func (t *Table) noteLimits() {
	for _, l := range limits {
		for target := range strings.FieldsSeq(l.Targets) {
			if e, ok := t.entries[target]; ok {
				e.limit = l.What
				t.entries[target] = e
			} else {
				t.errs = append(t.errs, fmt.Errorf("%s has the limit %s and no lowering", target, l.What))
			}
		}
	}
}

// base is a target without its overload: aten.add of aten.add.Tensor.
func base(callee string) string {
	if i := strings.LastIndexByte(callee, '.'); i >= 0 {
		return callee[:i]
	}
	return callee
}

// caller is the place outside this package and the toolkit's methods from where an entry was added.
func caller() string {
	pcs := make([]uintptr, 8)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	for {
		f, more := frames.Next()
		if !strings.Contains(f.Function, "(*Toolkit).") {
			return fmt.Sprintf("%s:%d", f.File, f.Line)
		}
		if !more {
			return "unknown place"
		}
	}
}

// didYouMean suggests the target nearest in spelling, or says nothing.
func (t *Table) didYouMean(callee string) string {
	const longest = 100
	if len(callee) > longest {
		return ""
	}
	best, least := "", max(2, len(callee)/5)+1
	for _, name := range t.Targets() {
		for _, have := range []string{callee, base(callee)} {
			if d := distance(name, have); d < least {
				best, least = name, d
			}
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %s?)", best)
}

// distance is the number of letters to insert, remove, change or exchange with the next one to turn a into b.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range b {
		rows[0][j+1] = j + 1
	}
	for i := range len(a) {
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			d := min(rows[i][j]+cost, rows[i+1][j]+1, rows[i][j+1]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				d = min(d, rows[i-1][j-1]+1)
			}
			rows[i+1][j+1] = d
		}
	}
	return rows[len(a)][len(b)]
}
