package check

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var said = regexp.MustCompile(`^(.+?):(\d+):\d+: (fatal error|error|note): (.*)$`)

var undefined = regexp.MustCompile("undefined reference to [`'](.+?)'")

// plainer replaces what clang says by words that fit Metal.
var plainer = []struct {
	found *regexp.Regexp
	kind  Kind
	with  string
}{
	{regexp.MustCompile(`AIOPT_MEMORY.*evaluates to '(\d+) <= 32768'|AIOPT_MEMORY`), Memory, "the threadgroup variables of this kernel take more than 32768 bytes, which is what a threadgroup has"},
	{regexp.MustCompile(`attempt to use a poisoned identifier`), Forbidden, "a word that Metal has not, or that the checker does not let through"},
	{regexp.MustCompile(`^static assertion failed( due to requirement '.*')?: `), Invalid, ""},
	{regexp.MustCompile(`__attribute__\(\(address_space\(1\)\)\) `), AddressSpace, "device "},
	{regexp.MustCompile(`__attribute__\(\(address_space\(2\)\)\) `), AddressSpace, "constant "},
	{regexp.MustCompile(`__attribute__\(\(address_space\(3\)\)\) `), AddressSpace, "threadgroup "},
	{regexp.MustCompile(`const constant `), AddressSpace, "constant "},
}

// Copying a struct from one address space to another is Metal, though C++ finds no constructor or assignment for it. What
// is wrong with the copy itself is found where address spaces are erased.
var (
	copyOut   = regexp.MustCompile(`^no viable conversion from '(const )?__attribute__\(\(address_space\(\d\)\)\) [\w:<>, ]+' to '`)
	copyError = regexp.MustCompile(`^no viable overloaded '='|^no matching constructor for initialization`)
	copyNote  = regexp.MustCompile(`\(the implicit (copy|move) (constructor|assignment operator)\).* address space`)
)

// blame finds the lines of the text that clang's errors are about. An error inside of the header counts for the line of the text that
// asked for it, which a note names.
func (p *Program) blame(ctx context.Context, err error, output []byte) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var over *Exceeded
	if errors.As(err, &over) {
		return p.refused([]Diagnostic{{Kind: over.Kind, Line: 1, Text: over.Text}})
	}
	var list []Diagnostic
	copies, pending := 0, ""
	for _, line := range strings.Split(string(output), "\n") {
		if u := undefined.FindStringSubmatch(line); u != nil {
			list = append(list, p.undefined(u[1]))
			continue
		}
		m := said.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		if copyOut.MatchString(m[4]) && m[3] != "note" {
			copies++
			pending = ""
			continue
		}
		if copyNote.MatchString(m[4]) && len(list) > 0 && copyError.MatchString(list[len(list)-1].Text) {
			list = list[:len(list)-1]
			copies++
			continue
		}
		at, _ := strconv.Atoi(m[2])
		ours := m[1] == p.source.Name
		switch {
		case m[3] != "note" && ours:
			list = append(list, reword(Diagnostic{Kind: Invalid, Line: at, Text: m[4]}))
			pending = ""
		case m[3] != "note":
			pending = m[4]
		case ours && pending != "":
			list = append(list, reword(Diagnostic{Kind: Invalid, Line: at, Text: pending}))
			pending = ""
		}
	}
	if len(list) == 0 && copies > 0 {
		return nil
	}
	if len(list) == 0 {
		return p.tools.Failure(ctx, p.source.Name, err, output)
	}
	return p.refused(list)
}

func reword(d Diagnostic) Diagnostic {
	for i, s := range plainer {
		if !s.found.MatchString(d.Text) {
			continue
		}
		d.Kind = s.kind
		if i < 2 {
			d.Text = s.with
			return d
		}
		d.Text = s.found.ReplaceAllString(d.Text, s.with)
	}
	return d
}

// undefined is a function that was declared and called, and has no body.
func (p *Program) undefined(symbol string) Diagnostic {
	name, _, _ := strings.Cut(symbol, "(")
	at := slices.IndexFunc(p.source.tokens, func(t token) bool { return t.text == name })
	return Diagnostic{Kind: Invalid, Line: max(p.source.tok(at).line, 1), Text: "the function " + symbol + " has no body"}
}
