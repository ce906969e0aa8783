package check

import (
	"regexp"
	"slices"
	"strings"
)

// forbidden are words that no kernel may have, and why.
var forbidden = map[string]string{
	"double":            "Metal has no double: write float",
	"goto":              "Metal has no goto",
	"asm":               "assembler is not run",
	"extern":            "a kernel calls nothing outside of its text",
	"virtual":           "Metal has no virtual functions",
	"new":               "Metal has no new",
	"delete":            "Metal has no delete",
	"throw":             "Metal has no exceptions",
	"try":               "Metal has no exceptions",
	"catch":             "Metal has no exceptions",
	"dynamic_cast":      "Metal has no dynamic_cast",
	"typeid":            "Metal has no typeid",
	"thread_local":      "Metal has no thread_local",
	"_Pragma":           "write #pragma",
	"function_constant": "function constants are not supported: write the value into the text",
	"host_name":         "kernels that are templates are not supported: write a kernel for each type",
	"long3":             "vectors of 32 bytes are not checked: use two of long2",
	"long4":             "vectors of 32 bytes are not checked: use two of long2",
	"ulong3":            "vectors of 32 bytes are not checked: use two of ulong2",
	"ulong4":            "vectors of 32 bytes are not checked: use two of ulong2",
}

// reserved words that begin with two underscores and are Metal's.
var reserved = []string{"__METAL__", "__METAL_VERSION__", "__LINE__", "__FILE__"}

// headers that a text may name; what they declare is always there.
var headers = regexp.MustCompile(`^#\s*include\s*<(metal_[a-z_0-9]+|MetalPerformancePrimitives/[A-Za-z_0-9]+\.h|simd/simd\.h)>\s*(//.*)?$`)

// directives that a text may have beside #include.
var directives = regexp.MustCompile(`^#\s*((define|undef|if|ifdef|ifndef|else|elif|endif|error)\b|pragma\s+(unroll|clang\s+loop|METAL|once)\b|$)`)

// inDirective are words that no directive may have, those of forbidden among them.
var inDirective = regexp.MustCompile(`(define|undef)\s+(device|constant|thread|vec)\b|\b(threadgroup|kernel|__has_\w+)\b|##|%:|\[\[`)

// spaces are the words for address spaces.
var spaces = []string{"device", "constant", "threadgroup", "thread", "ray_data", "threadgroup_imageblock"}

// lint finds what clang would take and Metal would not, and what would get around the checker.
func (t *text) lint() {
	t.lintWords()
	for i := range t.functions {
		t.lintParameters(t.functions[i])
	}
	t.lintCasts()
	t.lintLocals()
	t.lintGlobals(0, len(t.tokens))
	t.lintCalls()
	t.lintKernels()
}

func (t *text) lintWords() {
	for i, k := range t.tokens {
		switch {
		case k.kind == directive:
			t.lintDirective(i, k.text)
		case k.kind != word:
		case forbidden[k.text] != "":
			t.wrong(i, Forbidden, "%s: %s", k.text, forbidden[k.text])
		case strings.HasPrefix(k.text, "__") && !slices.Contains(reserved, k.text):
			t.wrong(i, Forbidden, "%s: names that begin with two underscores are the compiler's", k.text)
		case strings.HasPrefix(strings.ToLower(k.text), "aiopt"):
			t.wrong(i, Forbidden, "%s: names that begin with aiopt are the checker's", k.text)
		}
	}
}

func (t *text) lintDirective(at int, line string) {
	if headers.MatchString(line) {
		return
	}
	if !directives.MatchString(line) {
		t.wrong(at, Forbidden, "%.60q: expected an #include of Metal's headers, #define, a condition or #pragma unroll", line)
		return
	}
	if found := inDirective.FindString(line); found != "" {
		t.wrong(at, Forbidden, "`%s` in a directive: what a macro hides cannot be checked", found)
	}
	tokens, problems := scan(strings.TrimLeft(strings.ReplaceAll(line, "\\\n", " \n"), "# \t"))
	for _, p := range problems {
		t.wrong(at, Forbidden, "%s", p.Text)
	}
	for _, k := range tokens {
		if k.kind == word && (forbidden[k.text] != "" || strings.HasPrefix(k.text, "__") && !slices.Contains(reserved, k.text) || strings.HasPrefix(strings.ToLower(k.text), "aiopt")) {
			t.wrong(at, Forbidden, "%s in a directive", k.text)
		}
	}
}

// spaced tells whether one of a range's tokens names an address space.
func (t *text) spaced(from, to int) bool {
	for _, k := range t.tokens[from:to] {
		if k.kind == word && slices.Contains(spaces, k.text) {
			return true
		}
	}
	return false
}

// pointer finds a `*` or `&` of a type in a range, outside of brackets.
func (t *text) pointer(from, to int) bool {
	for i := from; i < to; i++ {
		k := t.tokens[i]
		if k.is("*") || k.is("&") {
			return true
		}
		if k.is("(") && (t.tok(i+1).is("*") || t.tok(i+1).is("&")) {
			return true
		}
		if t.opens(i) {
			i = t.match[i]
		}
	}
	return false
}

func (t *text) lintParameters(f function) {
	for _, p := range t.parameters(f) {
		to := p.to
		if p.attrFrom < p.attrTo {
			to = min(to, p.attrFrom)
		}
		if t.pointer(p.from, to) && !t.spaced(p.from, to) {
			t.wrong(p.from, AddressSpace, "parameter %s of %s is a pointer or reference without an address space: write device, constant, threadgroup or thread before `%s`", p.name, f.name, t.spelled(p.from, to))
		}
	}
}

// lintCasts finds `(T *)` and casts by name whose pointers name no address space.
func (t *text) lintCasts() {
	for i, k := range t.tokens {
		if k.kind != word || !slices.Contains([]string{"reinterpret_cast", "static_cast", "const_cast"}, k.text) || !t.tok(i+1).is("<") {
			if !k.is("(") || !t.opens(i) {
				continue
			}
			close := t.match[i]
			last := t.tok(close - 1)
			before := t.tok(i - 1)
			if close-i < 3 || !last.is("*") && !last.is("&") || t.spaced(i+1, close) || t.tok(i+1).kind != word || before.is("sizeof") {
				continue
			}
			t.wrong(i, AddressSpace, "`%s` names no address space: write device, constant, threadgroup or thread", t.spelled(i, close+1))
			continue
		}
		for j, angle := i+2, 1; j < len(t.tokens) && angle > 0; j++ {
			switch c := t.tokens[j]; {
			case c.is("<"):
				angle++
			case c.is(">"):
				angle--
			}
			if angle == 0 && t.pointer(i+2, j) && !t.spaced(i+2, j) {
				t.wrong(i, AddressSpace, "`%s` names no address space: write device, constant, threadgroup or thread", t.spelled(i, j+1))
			}
		}
	}
}

var builtinType = regexp.MustCompile(`^(packed_)?(void|bool|char|uchar|short|ushort|int|uint|long|ulong|half|bfloat|float|size_t|ptrdiff_t|u?int(8|16|32|64)_t|atomic_\w+)[234]?$`)

// lintLocals finds declarations of pointers without an address space, and what may not stand in a function.
func (t *text) lintLocals() {
	for _, f := range t.functions {
		for i := f.body; i < f.end; i++ {
			if !t.beginsStatement(i) {
				continue
			}
			j := i + 1
			for t.tok(j).is("const") || t.tok(j).is("volatile") {
				j++
			}
			k := t.tok(j)
			if k.is("static") && !t.tok(j+1).is("constexpr") && !t.tok(j+1).is("constant") {
				t.wrong(j, Forbidden, "a static variable in a function: Metal's threads share none")
			}
			if k.kind == word && builtinType.MatchString(k.text) && (t.tok(j+1).is("*") || t.tok(j+1).is("&")) && t.tok(j+2).kind == word {
				t.wrong(j, AddressSpace, "`%s` is a pointer or reference without an address space: write device, constant, threadgroup or thread before it", t.spelled(j, j+3))
			}
		}
	}
}

// beginsStatement tells whether a statement may begin after a token.
func (t *text) beginsStatement(i int) bool {
	k := t.tok(i)
	return k.is("{") || k.is("}") || k.is(";") || k.is("(") && t.tok(i-1).is("for") || k.kind == directive
}

// lintGlobals finds variables of the program that are not constant.
func (t *text) lintGlobals(from, to int) {
	head := from
	for i := from; i < to; i++ {
		k := t.tokens[i]
		switch {
		case k.kind == directive:
			head = i + 1
		case k.is("{"):
			if t.has(head, i, "namespace") {
				t.lintGlobals(i+1, t.match[i])
			}
			i = t.match[i]
			if !t.tok(i+1).is(";") && !t.has(head, i, "constant") && !t.has(head, i, "constexpr") {
				head = i + 1
			}
		case k.is("(") || k.is("["):
			i = t.match[i]
		case k.is(";"):
			t.lintGlobal(head, i)
			head = i + 1
		}
	}
}

var notVariable = []string{"using", "typedef", "constant", "constexpr", "static_assert", "struct", "class", "union", "enum", "template", "operator", "sampler", "friend"}

func (t *text) lintGlobal(from, to int) {
	if to-from < 2 {
		return
	}
	for i := from; i < to; i++ {
		k := t.tokens[i]
		if k.kind == word && slices.Contains(notVariable, k.text) || k.is("(") {
			return // a type, a constant or the declaration of a function
		}
		if k.is("=") {
			break
		}
	}
	t.wrong(from, AddressSpace, "`%s`: a variable of the program must be constant", t.spelled(from, min(to, from+6)))
}

// lintCalls finds functions that call themselves, by way of others too.
func (t *text) lintCalls() {
	count := map[string]int{}
	for _, f := range t.functions {
		count[f.name]++
	}
	calls := map[string][]string{}
	for _, f := range t.functions {
		for i := f.body; i < f.end; i++ {
			k := t.tokens[i]
			method := t.tok(i-1).is(".") || t.tok(i-1).is("->")
			if k.kind == word && count[k.text] == 1 && count[f.name] == 1 && !method && (t.tok(i+1).is("(") || t.tok(i+1).is("<")) {
				calls[f.name] = append(calls[f.name], k.text)
			}
		}
	}
	for _, f := range t.functions {
		if cycle := reach(calls, f.name, f.name, map[string]bool{}); cycle != nil {
			t.wrong(f.open-1, Forbidden, "%s calls itself (%s): Metal has no recursion", f.name, strings.Join(append([]string{f.name}, cycle...), " calls "))
		}
	}
}

// reach gives the calls that lead from one function to another.
func reach(calls map[string][]string, from, to string, seen map[string]bool) []string {
	for _, c := range calls[from] {
		if c == to {
			return []string{c}
		}
		if seen[c] {
			continue
		}
		seen[c] = true
		if way := reach(calls, c, to, seen); way != nil {
			return append([]string{c}, way...)
		}
	}
	return nil
}

func (t *text) lintKernels() {
	seen := map[string]int{}
	any := false
	for _, f := range t.functions {
		if !f.kernel {
			continue
		}
		any = true
		line := t.tokens[f.open].line
		if seen[f.name] != 0 {
			t.wrong(f.open, Forbidden, "kernel %s is there twice, the first time in line %d", f.name, seen[f.name])
		}
		seen[f.name] = line
		if f.template {
			t.wrong(f.head, Forbidden, "kernel %s is a template: write a kernel for each type", f.name)
		}
		if !t.has(f.head, f.open, "void") {
			t.wrong(f.open, Forbidden, "kernel %s must return void", f.name)
		}
	}
	if !any {
		t.wrong(0, Forbidden, "there is no kernel: expected `kernel void NAME(...)`")
	}
}

// Lint gives what is wrong with a text as far as that can be seen without a compiler. Nothing is compiled or run.
func Lint(src Source) []Diagnostic {
	t := read(src)
	if len(t.problems) == 0 {
		t.lint()
		t.rewrite()
	}
	for i := range t.problems {
		t.problems[i].Source = src.Name
	}
	return tidy(t.problems)
}
