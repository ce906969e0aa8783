package check

import (
	"fmt"
	"slices"
	"strings"
)

// attributes are those of a thread, by the names of the fields that the runtime has for them (shim/runtime.h).
var attributes = []string{
	"thread_position_in_grid", "threadgroup_position_in_grid", "thread_position_in_threadgroup",
	"threads_per_grid", "threadgroups_per_grid", "threads_per_threadgroup", "dispatch_threads_per_threadgroup",
	"thread_index_in_threadgroup", "thread_index_in_simdgroup", "simdgroup_index_in_threadgroup",
	"simdgroups_per_threadgroup", "dispatch_simdgroups_per_threadgroup", "threads_per_simdgroup", "thread_execution_width",
	"thread_index_in_quadgroup", "quadgroup_index_in_threadgroup", "quadgroups_per_threadgroup",
}

// Kernel is a kernel of a text.
type Kernel struct {
	Name   string
	Line   int
	Params []Param
}

// Param is a parameter of a kernel.
type Param struct {
	Name   string
	Text   string // its declaration, without the attribute
	Attr   string // "buffer", "threadgroup", or an attribute of the thread
	Index  int    // of the buffer or threadgroup memory
	Tensor bool   // it is a tensor handle
	Scalar bool   // it is a `constant T&`
}

// edit replaces a part of a text.
type edit struct {
	from, to int // bytes
	with     string
}

// rewritten is a text that clang can compile.
type rewritten struct {
	text    string // the lines of the source, changed in place
	strict  string // the same for the strict pass, where casts of pointers are calls
	calls   string // what comes after it: how each kernel is called
	kernels []Kernel
}

// rewrite puts calls in place of threadgroup variables, takes the attributes away, and makes numbers float where C++ would take
// them for double.
func (t *text) rewrite() rewritten {
	var r rewritten
	var edits []edit
	for i, k := range t.tokens {
		switch {
		case k.kind == directive && strings.Contains(k.text, "include"):
			edits = append(edits, blank(k.at, k.text))
		case k.kind == number && isDouble(k.text):
			edits = append(edits, edit{k.end(), k.end(), "f"})
		case k.is("vec") && t.constructs(i) >= 0:
			edits = append(edits, edit{k.at, k.end(), "aiopt_make"})
		case t.attribute(i):
			end := t.tokens[t.match[i]].end()
			edits = append(edits, blank(k.at, t.Text[k.at:end]))
		}
	}
	var calls, table strings.Builder
	id := 0
	for _, f := range t.functions {
		edits = append(edits, t.variables(f, &id)...)
		if !f.kernel {
			continue
		}
		kernel := t.kernelOf(f)
		fmt.Fprintf(&calls, "static void aiopt_call_%d(const aiopt::Builtins &t) { aiopt::call(&%s%s); }\n", len(r.kernels), f.name, callArguments(kernel))
		fmt.Fprintf(&table, "{\"%s\", aiopt_call_%d}, ", f.name, len(r.kernels))
		r.kernels = append(r.kernels, kernel)
	}
	if id > mostVariables {
		t.wrong(0, Memory, "there are %d threadgroup variables, expected at most %d", id, mostVariables)
	}
	r.calls = calls.String() + "const aiopt::Kernel aiopt_kernels[] = {" + table.String() + "{nullptr, nullptr}};\n"
	r.text = apply(t.Text, edits)
	r.strict = apply(t.Text, append(edits, t.casts()...))
	return r
}

// mostVariables is how many the runtime has room for, beside those of parameters.
const mostVariables = 56

// blank replaces a part by spaces; its lines stay.
func blank(at int, part string) edit {
	with := strings.Map(func(c rune) rune {
		if c == '\n' {
			return c
		}
		return ' '
	}, part)
	return edit{at, at + len(part), with}
}

func apply(text string, edits []edit) string {
	slices.SortStableFunc(edits, func(a, b edit) int { return a.from - b.from })
	var b strings.Builder
	at := 0
	for _, e := range edits {
		if e.from < at {
			continue // inside of what was replaced
		}
		b.WriteString(text[at:e.from])
		b.WriteString(e.with)
		at = e.to
	}
	b.WriteString(text[at:])
	return b.String()
}

// isDouble tells whether C++ takes a number for a double, where Metal takes it for a float.
func isDouble(s string) bool {
	hex := strings.HasPrefix(s, "0x") || strings.HasPrefix(s, "0X")
	if strings.HasSuffix(s, "h") || strings.HasSuffix(s, "H") || !hex && strings.ContainsAny(s, "fF") {
		return false
	}
	if hex {
		return strings.ContainsAny(s, "pP") && !strings.HasSuffix(s, "f") && !strings.HasSuffix(s, "F")
	}
	return strings.ContainsAny(s, ".eE")
}

// constructs gives the `>` of vec<T, N> before a parenthesis, or -1.
func (t *text) constructs(i int) int {
	if !t.tok(i + 1).is("<") {
		return -1
	}
	angle := 0
	for j := i + 1; j < min(i+16, len(t.tokens)); j++ {
		switch k := t.tokens[j]; {
		case k.is("<"):
			angle++
		case k.is(">"):
			if angle--; angle == 0 {
				if t.tok(j + 1).is("(") {
					return j
				}
				return -1
			}
		case k.is(";") || k.is("{"):
			return -1
		}
	}
	return -1
}

func callArguments(k Kernel) string {
	var b strings.Builder
	for _, p := range k.Params {
		switch p.Attr {
		case "buffer":
			fmt.Fprintf(&b, ", &aiopt_arguments[%d]", p.Index)
		case "threadgroup":
			fmt.Fprintf(&b, ", &aiopt_arguments[aiopt::first_shared + %d]", p.Index)
		default:
			fmt.Fprintf(&b, ", t.%s", p.Attr)
		}
	}
	return b.String()
}

// kernelOf reads the parameters of a kernel. Buffers without an index take the next one.
func (t *text) kernelOf(f function) Kernel {
	k := Kernel{Name: f.name, Line: t.tokens[f.open-1].line}
	taken := map[string]bool{}
	next := 0
	for _, p := range t.parameters(f) {
		to := p.to
		if p.attrFrom < p.attrTo {
			to = min(to, p.attrFrom)
		}
		q := Param{Name: p.name, Text: t.spelled(p.from, to), Attr: p.attr, Index: p.index, Tensor: t.has(p.from, to, "tensor_handle") || t.has(p.from, to, "tensor")}
		q.Scalar = !q.Tensor && t.has(p.from, to, "constant") && strings.Contains(q.Text, "&")
		pointer := q.Tensor || t.pointer(p.from, to)
		switch {
		case q.Attr == "" && pointer && t.has(p.from, to, "threadgroup"):
			t.wrong(p.from, Forbidden, "parameter %s of kernel %s is threadgroup memory without [[threadgroup(n)]]", p.name, f.name)
		case q.Attr == "" && pointer:
			q.Attr, q.Index = "buffer", next
		case q.Attr == "":
			t.wrong(p.from, Forbidden, "parameter %s of kernel %s has no attribute: expected [[buffer(n)]] or one such as [[thread_position_in_grid]]", p.name, f.name)
		case q.Attr == "buffer" && pointer, q.Attr == "threadgroup" && pointer:
			if q.Index < 0 || q.Index > 30 {
				t.wrong(p.from, Forbidden, "parameter %s of kernel %s: expected [[%s(n)]] with a number of 0 to 30", p.name, f.name, q.Attr)
			}
		case q.Attr == "buffer" || q.Attr == "threadgroup":
			t.wrong(p.from, AddressSpace, "parameter %s of kernel %s is bound to a %s, expected a pointer, a `constant T&` or a tensor", p.name, f.name, q.Attr)
		case !slices.Contains(attributes, q.Attr):
			t.wrong(p.from, Forbidden, "parameter %s of kernel %s: [[%s]] is none of %s", p.name, f.name, q.Attr, strings.Join(attributes, ", "))
		}
		if q.Attr == "buffer" || q.Attr == "threadgroup" {
			key := fmt.Sprint(q.Attr, q.Index)
			if taken[key] {
				t.wrong(p.from, Forbidden, "parameter %s of kernel %s: [[%s(%d)]] is taken", p.name, f.name, q.Attr, q.Index)
			}
			taken[key] = true
			if q.Attr == "buffer" {
				next = q.Index + 1
			}
		}
		k.Params = append(k.Params, q)
	}
	if len(k.Params) > 31 {
		t.wrong(f.open, Forbidden, "kernel %s has %d parameters, Metal takes at most 31", f.name, len(k.Params))
	}
	return k
}

// variables replaces the threadgroup variables of a function. All they take is checked at the last of them.
func (t *text) variables(f function, id *int) []edit {
	var edits []edit
	var sizes []string
	for i := f.body; i < f.end; i++ {
		if !t.tok(i).is("threadgroup") || !t.beginsStatement(i-1) && !t.tok(i-1).is("const") {
			continue
		}
		end := i
		for end < f.end && !t.tok(end).is(";") {
			if t.opens(end) {
				end = t.match[end]
			}
			end++
		}
		if t.pointer(i, end) {
			continue // a pointer into threadgroup memory
		}
		if !f.kernel {
			t.wrong(i, AddressSpace, "a threadgroup variable in %s: only kernels declare them; pass a pointer", f.name)
			continue
		}
		names, with := t.declaration(i+1, end, id)
		for _, n := range names {
			sizes = append(sizes, "sizeof("+n+")")
		}
		with += fmt.Sprintf("; static_assert(%s <= 32768, \"AIOPT_MEMORY\")", strings.Join(sizes, " + "))
		edits = append(edits, edit{t.tokens[i].at, t.tokens[end].at, with + strings.Repeat("\n", strings.Count(t.Text[t.tokens[i].at:t.tokens[end].at], "\n"))})
		i = end
	}
	return edits
}

// declaration turns `T a[N][M], b` into a macro for each name.
func (t *text) declaration(from, end int, id *int) (names []string, with string) {
	typeEnd := from
	for i, angle := from, 0; i < end; i++ {
		k := t.tokens[i]
		switch {
		case k.is("<"):
			angle++
		case k.is(">"):
			angle--
		}
		next := t.tok(i + 1)
		if angle == 0 && k.kind == word && (next.is("[") || next.is(",") || next.is("=") || next.is("{") || i+1 == end) {
			typeEnd = i
			break
		}
	}
	base := strings.TrimPrefix(t.spelled(from, typeEnd), "const ")
	var macros []string
	for i := typeEnd; i < end; i++ {
		name := t.tokens[i]
		if name.kind != word {
			t.wrong(i, Forbidden, "`%s` in the declaration of a threadgroup variable: expected a name, perhaps with [N]; it cannot be initialised", name.text)
			return names, strings.Join(macros, "; ")
		}
		dims := i + 1
		for t.tok(dims).is("[") && t.opens(dims) {
			dims = t.match[dims] + 1
		}
		if dims < end && !t.tok(dims).is(",") {
			t.wrong(dims, Forbidden, "`%s` after the threadgroup variable %s: it cannot be initialised", t.tok(dims).text, name.text)
			return names, strings.Join(macros, "; ")
		}
		macros = append(macros, fmt.Sprintf("AIOPT_VARIABLE(%d, %s, %s%s)", *id, name.text, base, t.spelled(i+1, dims)))
		names = append(names, name.text)
		*id++
		i = dims
	}
	return names, strings.Join(macros, "; ")
}
