package recipe

import (
	"fmt"
	"regexp"
	"strings"
)

// pythonOnly are constructs of Python's re that Go's regexp has not, with what to write instead.
var pythonOnly = []struct{ open, name, instead string }{
	{"(?=", "lookahead", "list the names that are meant"},
	{"(?!", "negative lookahead", "match them all, and add a later entry that is null for those to leave out"},
	{"(?<=", "lookbehind", "list the names that are meant"},
	{"(?<!", "negative lookbehind", "match them all, and add a later entry that is null for those to leave out"},
	{"(?P=", "a backreference", "list the names that are meant"},
	{"(?(", "a conditional", "use two entries"},
	{"(?>", "an atomic group", "a plain group (?:...) matches the same whole names or more"},
	{"(?#", "a comment", "use a YAML comment"},
	{"{,", "a count without a least", "write {0,n}"},
}

// pattern matches whole names.
type pattern struct {
	re      *regexp.Regexp
	literal string // the one name that it matches, where plain is set: a recipe may have one for each of thousands of weights
	plain   bool
}

// matches reports whether a name as a whole fits.
func (p *pattern) matches(name string) bool {
	if p.plain {
		return name == p.literal
	}
	return p.re.MatchString(name)
}

// compilePython reads a pattern that Python's re.fullmatch would match. Backtracking aside, both languages agree on what
// they both accept; the rest is an error that says what to write.
func compilePython(text string) (*pattern, error) {
	inClass := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && i+1 < len(text):
			i++
			switch next := text[i]; {
			case !inClass && next >= '1' && next <= '9':
				return nil, fmt.Errorf("the pattern has a backreference, \\%c, which is not supported; list the names that are meant", next)
			case next == 'Z':
				return nil, fmt.Errorf(`the pattern has \Z; it must match the whole name anyway, so leave it out`)
			case next == 'Q' || next == 'E' || next == 'p' || next == 'P' || next == 'z' || next == 'C':
				return nil, fmt.Errorf(`the pattern has \%c, which Python's re does not know`, next)
			}
		case inClass:
			inClass = c != ']'
		case c == '[':
			inClass = true
			if strings.HasPrefix(text[i+1:], "^]") {
				i += 2
			} else if strings.HasPrefix(text[i+1:], "]") {
				i++
			}
		default:
			for _, p := range pythonOnly {
				if strings.HasPrefix(text[i:], p.open) {
					return nil, fmt.Errorf("the pattern has %s, %s, which is not supported; %s", p.name, p.open, p.instead)
				}
			}
		}
	}
	p := &pattern{}
	alone, err := regexp.Compile(text) // parentheses must pair up inside
	if err == nil {
		p.literal, p.plain = alone.LiteralPrefix()
		p.re, err = regexp.Compile(`\A(?:` + text + `)\z`)
	}
	if err != nil {
		return nil, fmt.Errorf("this is no regular expression: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return p, nil
}
