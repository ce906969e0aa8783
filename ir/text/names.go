package text

import (
	"strconv"

	"github.com/aiopt/aiopt/ir"
)

// Names gives the values of one function, bodies apart, what follows their % in the text.
type Names map[*ir.Value]string

// NamesOf makes the names of a function's values: their own where these are plain and unique, with a suffix where they
// clash, and numbers where they have none. A parameter of a module's function keeps any name, in quotes if need be,
// because callers use it.
func NamesOf(f *ir.Func) Names {
	n := len(f.Params)
	for _, op := range f.Ops {
		n += len(op.Results)
	}
	names := make(Names, n)
	taken := make(map[string]int, n) // name, and the next suffix to try for it
	unnamed := 0
	give := func(v *ir.Value, name string) {
		if name == "" {
			names[v] = strconv.Itoa(unnamed) // no name is digits alone
			unnamed++
			return
		}
		next, clash := taken[name]
		if clash {
			base := name
			for clash {
				next++
				name = base + "_" + strconv.Itoa(next)
				_, clash = taken[name]
			}
			taken[base] = next
		}
		taken[name] = 0
		if isPlain(name) && !allDigits(name) {
			names[v] = name
		} else {
			names[v] = strconv.Quote(name)
		}
	}
	for _, p := range f.Params {
		name := p.Value.Name
		if f.Owner() != nil {
			name = plainName(name)
		}
		give(p.Value, name)
	}
	for _, op := range f.Ops {
		for _, r := range op.Results {
			give(r, plainName(r.Name))
		}
	}
	return names
}

// Of is a value's name with its %; a value of another function is %?.
func (n Names) Of(v *ir.Value) string { return string(appendValue(nil, n, v)) }

func appendValue(b []byte, names Names, v *ir.Value) []byte {
	if v == nil {
		return append(b, "none"...)
	}
	name, ok := names[v]
	if !ok {
		name = "?"
	}
	b = append(b, '%')
	return append(b, name...)
}

// appendName writes a name that is kept exactly: in quotes unless it is plain.
func appendName(b []byte, name string) []byte {
	if isPlain(name) && !allDigits(name) {
		return append(b, name...)
	}
	return appendQuoted(b, name)
}

// appendSymbol writes @name; digits alone are a plain symbol.
func appendSymbol(b []byte, name string) []byte {
	b = append(b, '@')
	if isPlain(name) {
		return append(b, name...)
	}
	return appendQuoted(b, name)
}

func appendQuoted(b []byte, s string) []byte { return strconv.AppendQuote(b, s) }

func isPlain(s string) bool {
	for i := 0; i < len(s); i++ {
		if charClass[s[i]]&className == 0 {
			return false
		}
	}
	return s != ""
}

func isIdent(s string) bool {
	if s == "" || charClass[s[0]]&classStart == 0 {
		return false
	}
	for i := 1; i < len(s); i++ {
		if charClass[s[i]]&classIdent == 0 {
			return false
		}
	}
	return true
}

// plainName replaces what a plain name cannot hold. A name of digits alone would read as a number, so it is none.
func plainName(name string) string {
	if isPlain(name) {
		if allDigits(name) {
			return ""
		}
		return name
	}
	b := []byte(name)
	for i, c := range b {
		if charClass[c]&className == 0 {
			b[i] = '_'
		}
	}
	if allDigits(string(b)) {
		return ""
	}
	return string(b)
}
