package check

import (
	"fmt"
	"strings"
)

// tokenKind is what a token is.
type tokenKind int

const (
	word      tokenKind = iota // an identifier or keyword
	number                     // a number with its suffix
	quoted                     // a string or character
	punct                      // an operator or bracket
	directive                  // a whole line of the preprocessor, continued lines among it
)

// token is a piece of a text.
type token struct {
	kind tokenKind
	text string
	at   int // byte in the text
	line int // from 1
}

func (t token) is(text string) bool { return t.text == text && t.kind != quoted }

// end is the byte after the token.
func (t token) end() int { return t.at + len(t.text) }

// operators of more than one character, longest first.
var operators = []string{"...", "<=>", "->*", "<<=", "::", "->", "++", "--", "<<", "<=", ">=", "==", "!=", "&&", "||", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "##", ".*"}

// scanner walks over a text.
type scanner struct {
	text     string
	at, line int
	fresh    bool // nothing but space came on this line
	tokens   []token
	problems []Diagnostic
}

// scan splits a text into tokens. Comments and space are left out.
func scan(text string) ([]token, []Diagnostic) {
	s := &scanner{text: text, line: 1, fresh: true}
	for s.at < len(text) {
		s.next()
	}
	return s.tokens, s.problems
}

func (s *scanner) wrong(format string, args ...any) {
	s.problems = append(s.problems, Diagnostic{Kind: Forbidden, Line: s.line, Text: fmt.Sprintf(format, args...)})
}

func (s *scanner) rest() string { return s.text[s.at:] }

func (s *scanner) next() {
	c := s.text[s.at]
	switch {
	case c == '\n':
		s.at, s.line, s.fresh = s.at+1, s.line+1, true
	case c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v':
		s.at++
	case strings.HasPrefix(s.rest(), "//"):
		s.skip(lineEnd(s.rest()))
	case strings.HasPrefix(s.rest(), "/*"):
		n := strings.Index(s.rest()[2:], "*/")
		if n < 0 {
			s.wrong("a comment that does not end")
			n = len(s.rest()) - 4
		}
		s.skip(n + 4)
	case c == '#' && s.fresh:
		s.emit(directive, lineEnd(s.rest()))
	case strings.HasPrefix(s.rest(), "%:"):
		s.wrong("`%%:` is another spelling of `#`: write `#`")
		s.at += 2
	case c == '\\':
		s.splice()
	case isLetter(c):
		n := 1
		for n < len(s.rest()) && (isLetter(s.rest()[n]) || isDigit(s.rest()[n])) {
			n++
		}
		s.emit(word, n)
	case isDigit(c) || c == '.' && len(s.rest()) > 1 && isDigit(s.rest()[1]):
		s.emit(number, numberLength(s.rest()))
	case c == '"' || c == '\'':
		s.quotation(c)
	case c < 0x80:
		n := 1
		for _, op := range operators {
			if strings.HasPrefix(s.rest(), op) {
				n = len(op)
				break
			}
		}
		s.emit(punct, n)
	default:
		s.wrong("the byte %#x: expected ASCII outside of comments", c)
		s.at++
	}
}

func (s *scanner) emit(kind tokenKind, n int) {
	t := token{kind, s.text[s.at : s.at+n], s.at, s.line}
	s.tokens = append(s.tokens, t)
	s.skip(n)
	s.fresh = false
}

func (s *scanner) skip(n int) {
	n = max(min(n, len(s.rest())), 1)
	s.line += strings.Count(s.rest()[:n], "\n")
	s.at += n
}

// splice is a backslash before the end of a line; between two letters it would hide a word.
func (s *scanner) splice() {
	after := strings.TrimPrefix(s.rest()[1:], "\r")
	if !strings.HasPrefix(after, "\n") {
		s.wrong("a backslash that does not stand at the end of a line")
		s.at++
		return
	}
	s.wrong("a line that a backslash continues: only a directive may be")
	s.at += 1 + len(s.rest()[1:]) - len(after)
}

func (s *scanner) quotation(quote byte) {
	if n := len(s.tokens); n > 0 && s.tokens[n-1].kind == word && s.tokens[n-1].end() == s.at {
		s.wrong("a string with the prefix %s", s.tokens[n-1].text)
	}
	for n := 1; n < len(s.rest()) && s.rest()[n] != '\n'; n++ {
		if s.rest()[n] == quote {
			s.emit(quoted, n+1)
			return
		}
		if s.rest()[n] == '\\' {
			n++
		}
	}
	s.wrong("a string or character that does not end on its line")
	s.skip(lineEnd(s.rest()))
}

// lineEnd gives the length of a line and of those that backslashes add to it.
func lineEnd(s string) int {
	for n := 0; n < len(s); n++ {
		if s[n] == '\n' && !strings.HasSuffix(strings.TrimSuffix(s[:n], "\r"), "\\") {
			return n
		}
	}
	return len(s)
}

// numberLength gives the length of what the preprocessor takes for one number.
func numberLength(s string) int {
	n := 1
	for n < len(s) {
		sign := (s[n] == '+' || s[n] == '-') && strings.IndexByte("eEpP", s[n-1]) >= 0 && !isHexInteger(s[:n])
		if !isLetter(s[n]) && !isDigit(s[n]) && s[n] != '.' && !sign {
			break
		}
		n++
	}
	return n
}

// isHexInteger tells 0xe-1, a difference, from 0x1p-1.
func isHexInteger(s string) bool {
	return (strings.HasPrefix(s, "0x") || strings.HasPrefix(s, "0X")) && !strings.ContainsAny(s, "pP")
}

func isLetter(c byte) bool { return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
