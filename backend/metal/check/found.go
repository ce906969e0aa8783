package check

import "fmt"

// found is what the child says of one finding; shim/report.h has the same.
type found struct {
	Kind     int       `json:"kind"`
	PC       uint64    `json:"pc"`
	OtherPC  uint64    `json:"other_pc"`
	Name     string    `json:"name"`
	Text     string    `json:"text"`
	Count    uint64    `json:"count"`
	Thread   [3]uint32 `json:"thread"`
	Group    [3]uint32 `json:"group"`
	HasOther bool      `json:"has_other"`
	Other    [3]uint32 `json:"other"`
	Detail   [4]int64  `json:"detail"`
}

// findings are the kinds of the child, in its order, and their sentences.
var findings = []struct {
	kind Kind
	say  func(f found, other string) string
}{
	{OutOfBounds, func(f found, _ string) string {
		return fmt.Sprintf("reads element %d of %s, which has %d", f.Detail[0], f.Name, f.Detail[1])
	}},
	{OutOfBounds, func(f found, _ string) string {
		return fmt.Sprintf("writes element %d of %s, which has %d", f.Detail[0], f.Name, f.Detail[1])
	}},
	{Race, func(f found, other string) string {
		return fmt.Sprintf("%s element %d of %s, which thread %s %s%s, with no barrier between that orders %s memory",
			verb(f.Detail[1], "writes", "reads"), f.Detail[0], f.Name, position(f.Other), verb(f.Detail[2], "writes", "reads"), other, verb(f.Detail[3], "threadgroup", "device"))
	}},
	{Uninitialised, func(f found, _ string) string {
		return fmt.Sprintf("reads element %d of %s, which no thread of the group has written", f.Detail[0], f.Name)
	}},
	{Barrier, func(f found, _ string) string {
		return fmt.Sprintf("waits at a barrier that thread %s never reaches: it has returned", position(f.Other))
	}},
	{Barrier, func(f found, other string) string {
		return fmt.Sprintf("waits at a barrier while thread %s waits at another one%s", position(f.Other), other)
	}},
	{Simd, missing},
	{Simd, func(f found, _ string) string {
		return fmt.Sprintf("takes the value of lane %d, which takes no part", f.Detail[0])
	}},
	{Memory, func(f found, _ string) string {
		return fmt.Sprintf("with %s the threadgroup's memory comes to %d bytes, expected at most 32768", f.Name, f.Detail[0])
	}},
	{Access, func(f found, _ string) string {
		return fmt.Sprintf("writes element %d of %s, which the launch says is only read", f.Detail[0], f.Name)
	}},
	{Access, func(f found, _ string) string {
		return fmt.Sprintf("reads element %d of %s, which the launch says is only written", f.Detail[0], f.Name)
	}},
	{OutOfBounds, func(f found, _ string) string {
		return fmt.Sprintf("index %d of dimension %d of the tensor %s, whose extent there is %d", f.Detail[1], f.Detail[0], f.Name, f.Detail[2])
	}},
	{OutOfBounds, func(f found, _ string) string {
		return fmt.Sprintf("index %d of an array of type %s", f.Detail[0], f.Text)
	}},
	{Arithmetic, func(found, string) string { return "divides an integer by zero" }},
	{Memory, func(found, string) string { return "the thread's stack of 48 KiB overflows" }},
	{OutOfBounds, func(f found, _ string) string {
		return fmt.Sprintf("%s memory at %#x, which is in no buffer", verb(f.Detail[1], "writes", "reads or writes"), uint64(f.Detail[0]))
	}},
	{Time, func(found, string) string { return "still runs when the time is over" }},
	{Access, func(f found, _ string) string {
		return fmt.Sprintf("reads %s: in the tensor form a handle is bound to a parameter without dimensions; write its value into the text", f.Name)
	}},
	{OutOfBounds, func(found, string) string {
		return "reaches code that cannot be reached: its behaviour is undefined"
	}},
}

func verb(yes int64, a, b string) string {
	if yes != 0 {
		return a
	}
	return b
}

// meetings are the kinds of operations that lanes do together, in the runtime's order.
var meetings = []string{"a simd operation", "a quad operation", "an operation on simdgroup matrices", "a barrier of the simd group"}

func missing(f found, other string) string {
	what := "lanes do together"
	if n := f.Detail[1]; n >= 0 && int(n) < len(meetings) {
		what = meetings[n]
	}
	if !f.HasOther {
		return fmt.Sprintf("%s in a simd group of %d threads, expected 32", what, f.Detail[2])
	}
	state := "is elsewhere" + other
	if f.Detail[3] == 4 { // done
		state = "has returned"
	}
	return fmt.Sprintf("%s that only %d of %d lanes reach: thread %s %s", what, f.Detail[0], f.Detail[2], position(f.Other), state)
}

// diagnostic makes a sentence of a finding. Of the two sides of a race, the writing one comes first; of two writers the later line.
func (f found) diagnostic(l *lines) Diagnostic {
	line, other := l.line(f.PC), 0
	if f.OtherPC != 0 {
		other = l.line(f.OtherPC)
	}
	if f.Kind < 0 || f.Kind >= len(findings) {
		return Diagnostic{Kind: OutOfBounds, Line: line, Text: fmt.Sprintf("a finding of unknown kind %d", f.Kind)}
	}
	kind := findings[f.Kind].kind
	if kind == Race && (f.Detail[1] == 0 && f.Detail[2] != 0 || f.Detail[1] == f.Detail[2] && other > line) {
		line, other = other, line
		f.Thread, f.Other = f.Other, f.Thread
		f.Detail[1], f.Detail[2] = f.Detail[2], f.Detail[1]
	}
	d := Diagnostic{Kind: kind, Line: line, Thread: f.Thread, Ran: true, Variable: f.Name, Count: f.Count}
	in := ""
	if f.HasOther {
		d.Other = &Place{Line: other, Thread: f.Other}
		if other > 0 {
			in = fmt.Sprintf(" in line %d", other)
		}
	}
	d.Text = findings[f.Kind].say(f, in)
	return d
}
