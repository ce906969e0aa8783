package metaltext

import (
	"fmt"
	"regexp"
	"strings"
)

// words that Metal keeps for itself, and that are likely as names.
var words = strings.Fields(`
	alignas auto bool break case char class const constant constexpr continue decltype default device do else enum explicit
	extern false float for friend half if inline int kernel long namespace operator private protected public register return
	short signed sizeof static struct switch template tensor this thread threadgroup true typedef typename uchar uint ulong
	union unsigned ushort using vec vertex fragment void volatile while bfloat metal mpp`)

// refused are what a user's part may not have, and why.
var refused = []struct {
	found *regexp.Regexp
	why   string
}{
	{regexp.MustCompile(`^\s*(#|%:)\s*(include|include_next|import)\b`), "%s: the text that aiopt makes includes Metal's headers, and no other file is read; take the line out"},
	{regexp.MustCompile(`^\s*(#|%:)\s*embed\b|\b__has_embed\b`), "%s: no file is read into a kernel"},
	{regexp.MustCompile(`\b(asm|__asm|__asm__)\b`), "%s: assembler is not run"},
	{regexp.MustCompile(`\[\[\s*(kernel|vertex|fragment)\s*\]\]|\bkernel\s+void\b`), "%s: give what stands between the kernel's braces; aiopt writes the line before them"},
}

// checkPart finds what a part may not have.
func (k *Kernel) checkPart(what string, p Part) []error {
	var errs []error
	depth := 0
	wrong := func(line int, format string, args ...any) {
		errs = append(errs, k.mistake(what, p, line, fmt.Sprintf(format, args...)))
	}
	plain := strings.Split(withoutComments(p.Text), "\n")
	for i, line := range plain {
		for _, r := range refused {
			if found := r.found.FindString(line); found != "" {
				wrong(i+1, r.why, strings.TrimSpace(found))
			}
		}
		if strings.HasSuffix(line, "\\") {
			continue // the braces of a macro's lines close where it ends
		}
		for _, c := range line {
			switch c {
			case '{':
				depth++
			case '}':
				depth--
			}
			if depth < 0 {
				wrong(i+1, "`}` closes a brace that no line before it opens")
				return errs
			}
		}
	}
	if depth > 0 && len(errs) == 0 && !strings.Contains(p.Text, "\\\n") {
		wrong(len(plain), "%d of its braces are not closed", depth)
	}
	return errs
}

func (k *Kernel) mistake(what string, p Part, line int, text string) *Mistake {
	m := &Mistake{Kernel: k.Name, Part: what, Line: line, At: k.Defined, Text: text}
	if p.At.File != "" {
		m.At = Place{p.At.File, p.At.Line + line - 1}
	}
	return m
}

var identifiers = regexp.MustCompile(`[A-Za-z_][A-Za-z_0-9]*`)

// checkNames finds inputs and results that the text never names, and attributes that it names instead of a parameter.
func (k *Kernel) checkNames() []error {
	var errs []error
	used := map[string]int{} // by name: the first line of the source, 0 where only the helpers have it
	for _, name := range identifiers.FindAllString(withoutComments(k.Helpers.Text), -1) {
		used[name] = 0
	}
	for i, line := range strings.Split(withoutComments(k.Source.Text), "\n") {
		for _, name := range identifiers.FindAllString(line, -1) {
			if used[name] == 0 {
				used[name] = i + 1
			}
		}
	}
	own := map[string]bool{}
	unused := func(what, name string) {
		own[name] = true
		if _, ok := used[name]; !ok {
			errs = append(errs, &Mistake{Kernel: k.Name, At: k.Defined, Text: fmt.Sprintf("the source never names the %s %s; a kernel calls its inputs and results by the names that input_names and result_names give", what, name)})
		}
	}
	for _, in := range k.Inputs {
		unused("input", in.Name)
	}
	for _, r := range k.Results {
		unused("result", r)
	}
	for _, b := range k.Builtins {
		own[b.Name] = true
	}
	for _, attr := range sortedAttributes() {
		if line := used[attr]; line > 0 && !own[attr] {
			errs = append(errs, k.mistake("source", k.Source, line, fmt.Sprintf("%s is an attribute: declare MetalParameter(%q, %q, %q) and use its name", attr, attr, builtinTypes[attr][0], attr)))
		}
	}
	return errs
}

// withoutComments puts spaces in place of comments, and of what stands in quotes; lines stay.
func withoutComments(s string) string {
	b := []byte(s)
	hide := func(from, to int) int {
		for i := from; i < min(to, len(b)); i++ {
			if b[i] != '\n' {
				b[i] = ' '
			}
		}
		return to
	}
	find := func(from int, what string) int {
		if at := strings.Index(s[min(from, len(s)):], what); at >= 0 {
			return from + at
		}
		return len(s)
	}
	for i := 0; i < len(s); i++ {
		switch {
		case strings.HasPrefix(s[i:], "//"):
			i = hide(i, find(i, "\n")) - 1
		case strings.HasPrefix(s[i:], "/*"):
			i = hide(i, find(i+2, "*/")+2) - 1
		case s[i] == '"' && !strings.HasPrefix(strings.TrimLeft(s[strings.LastIndexByte(s[:i], '\n')+1:i], " \t"), "#"):
			i = hide(i, min(find(i+1, "\""), find(i+1, "\n"))+1) - 1
		}
	}
	return string(b)
}
