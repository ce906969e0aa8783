package text

import (
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/participle/v2/lexer"
)

// maxBrackets bounds the nesting of lists.
const maxBrackets = 64

// scanner cuts text into tokens, one at a time. It holds the current token; next moves on.
type scanner struct {
	src string // the whole file; a scanner may be limited to a part of it
	pos int    // of the first byte after the current token
	end int

	line, lineStart int // of pos

	kind      lexer.TokenType
	start     int    // of the current token; its end is pos
	tokLine   int    // line of start
	tokCol    int    // column of start
	firstHere bool   // the token is the first one on its line
	problem   string // for tokInvalid
	before    byte   // the last byte of the token before, where that was punctuation; otherwise 0

	bodies   bool // a function's body is one token
	braces   int
	brackets int
}

func newScanner(src string) *scanner { return &scanner{src: src, end: len(src), line: 1} }

func (s *scanner) text() string { return s.src[s.start:s.pos] }

// is reports whether the token is this punctuation or keyword.
func (s *scanner) is(what string) bool {
	return (s.kind == tokPunct || s.kind == tokIdent) && s.src[s.start:s.pos] == what
}

// isPunct is is for one-byte punctuation.
func (s *scanner) isPunct(c byte) bool {
	return s.kind == tokPunct && s.src[s.start] == c && s.pos == s.start+1
}

const (
	classIdent = 1 << iota // letters, digits, _
	classStart             // letters, _
	classDigit
	className // what names after % and @ have
)

var charClass = func() (t [256]uint8) {
	for c := range t {
		b := byte(c)
		switch {
		case b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b == '_':
			t[c] = classIdent | classStart | className
		case b >= '0' && b <= '9':
			t[c] = classIdent | classDigit | className
		case b == '.' || b == '$' || b == '-':
			t[c] = className
		}
	}
	return t
}()

func (s *scanner) at(i int) byte {
	if i < s.end {
		return s.src[i]
	}
	return 0
}

func (s *scanner) skip(i int, class uint8) int {
	for i < s.end && charClass[s.src[i]]&class != 0 {
		i++
	}
	return i
}

func (s *scanner) skipBlanks(i int) int {
	for i < s.end && (s.src[i] == ' ' || s.src[i] == '\t') {
		i++
	}
	return i
}

// space moves over white space and comments and reports whether it crossed a line's end. A comment starts with // after
// white space or punctuation; directly after a name, a number or a parenthesis // is floor division.
func (s *scanner) space() (newline bool) {
	newline = s.pos == 0
	for s.pos < s.end {
		switch c := s.src[s.pos]; {
		case c == '\n':
			s.pos++
			s.line++
			s.lineStart = s.pos
			newline = true
		case c == ' ' || c == '\t' || c == '\r':
			s.pos++
		case c == '/' && s.at(s.pos+1) == '/' && s.commentAt(s.pos):
			for s.pos < s.end && s.src[s.pos] != '\n' {
				s.pos++
			}
		default:
			return newline
		}
	}
	return newline
}

func (s *scanner) commentAt(i int) bool {
	if i == 0 {
		return true
	}
	c := s.src[i-1]
	return charClass[c]&classIdent == 0 && c != ')'
}

// next reads one token.
func (s *scanner) next() {
	s.before = 0
	if s.kind == tokPunct {
		s.before = s.src[s.pos-1]
	}
	s.firstHere = s.space()
	s.start, s.tokLine, s.tokCol = s.pos, s.line, s.pos-s.lineStart+1
	if s.pos >= s.end {
		s.kind = lexer.EOF
		return
	}
	c := s.src[s.pos]
	switch class := charClass[c]; {
	case class&classStart != 0:
		s.word()
	case class&classDigit != 0:
		s.number(s.pos)
	default:
		s.punct(c)
	}
}

func (s *scanner) take(kind lexer.TokenType, end int) { s.kind, s.pos = kind, end }

func (s *scanner) invalid(end int, problem string) {
	s.kind, s.problem, s.pos = tokInvalid, problem, max(end, s.pos+1)
}

func (s *scanner) punct(c byte) {
	i := s.pos
	switch c {
	case '%', '@':
		kind := tokValue
		if c == '@' {
			kind = tokSymbol
		}
		if s.at(i+1) == '"' {
			s.quoted(kind, i+1)
			return
		}
		end := s.skip(i+1, className)
		if end == i+1 {
			s.invalid(end, "a name must follow "+string(c))
			return
		}
		s.take(kind, end)
	case '"':
		s.quoted(tokString, i)
	case '$', '#':
		end := s.skip(i+1, classDigit)
		if end == i+1 {
			s.invalid(end, "a number must follow "+string(c))
			return
		}
		kind := tokRef
		if c == '#' {
			kind = tokHash
		}
		s.take(kind, end)
	case '(':
		if s.before == '=' || s.before == '[' || s.before == ',' {
			s.size(i)
			return
		}
		s.take(tokPunct, i+1)
	case '-':
		s.minus(i)
	case '.':
		if s.at(i+1) == '.' {
			s.take(tokPunct, i+2)
			return
		}
		s.invalid(i+1, "a lone . has no meaning")
	case '{':
		s.braces++
		s.brackets = 0
		if s.bodies && s.braces == 2 {
			s.body()
			return
		}
		s.take(tokPunct, i+1)
	case '}':
		s.braces--
		s.brackets = 0
		s.take(tokPunct, i+1)
	case '[':
		s.brackets++
		if s.brackets > maxBrackets {
			s.invalid(i+1, "lists are nested too deeply")
			return
		}
		s.take(tokPunct, i+1)
	case ']':
		s.brackets = max(s.brackets-1, 0)
		s.take(tokPunct, i+1)
	case ')', '<', '=', ':', ',', '>':
		s.take(tokPunct, i+1)
	case '/':
		if s.at(i+1) == '/' {
			s.invalid(i+2, "// after a name is floor division; a comment needs a blank before it")
			return
		}
		s.invalid(i+1, "/ has no meaning; floor division is //")
	default:
		_, n := utf8.DecodeRuneInString(s.src[i:s.end])
		s.invalid(i+n, "this character has no meaning here")
	}
}

func (s *scanner) minus(i int) {
	switch next := s.at(i + 1); {
	case next == '>':
		s.take(tokPunct, i+2)
	case charClass[next]&classDigit != 0:
		s.number(i + 1)
	case strings.HasPrefix(s.src[i:s.end], "-inf") && charClass[s.at(i+4)]&classIdent == 0:
		s.take(tokFloat, i+4)
	case charClass[next]&classStart != 0 || next == '(':
		s.size(i)
	default:
		s.invalid(i+1, "a lone - has no meaning")
	}
}

// number reads an integer or a float whose digits start at i; a sign may stand before.
func (s *scanner) number(i int) {
	end := s.skip(i, classDigit)
	kind := tokInt
	if s.at(end) == '.' && charClass[s.at(end+1)]&classDigit != 0 {
		kind, end = tokFloat, s.skip(end+1, classDigit)
	}
	if c := s.at(end); c == 'e' || c == 'E' {
		exp := end + 1
		if c := s.at(exp); c == '+' || c == '-' {
			exp++
		}
		if charClass[s.at(exp)]&classDigit != 0 {
			kind, end = tokFloat, s.skip(exp, classDigit)
		}
	}
	switch {
	case kind == tokInt && s.operatorAt(end):
		s.size(s.pos)
	case charClass[s.at(end)]&classIdent != 0:
		s.invalid(s.skip(end, classIdent), "a name cannot start with a digit")
	default:
		s.take(kind, end)
	}
}

func (s *scanner) word() {
	end := s.skip(s.pos, classIdent)
	word, next := s.src[s.pos:end], s.at(end)
	switch {
	case next == '.' && charClass[s.at(end+1)]&classStart != 0:
		for s.at(end) == '.' && charClass[s.at(end+1)]&classStart != 0 {
			end = s.skip(end+1, classIdent)
		}
		if s.at(end) == '@' && charClass[s.at(end+1)]&classDigit != 0 {
			end = s.skip(end+1, classDigit)
		}
		s.take(tokOp, end)
	case next == '<' && word == "tensor":
		s.until(tokType, end, '>', "a type")
	case next == '<' && word == "dense":
		s.dense(end)
	case next == '(' && word == "complex":
		s.until(tokComplex, end, ')', "a complex number")
	case next == '(' && word == "loc":
		s.until(tokLoc, end, ')', "a location")
	case next == '(' && sizeFunction(word):
		s.size(s.pos)
	case s.firstHere && word == "guard" && !s.assignAt(end):
		s.take(tokGuard, s.lineEnd(end))
	case s.firstHere && word == "loc" && s.at(s.skipBlanks(end)) == '#':
		s.take(tokLocDef, s.lineEnd(end))
	case s.operatorAt(end):
		s.size(s.pos)
	default:
		s.take(tokIdent, end)
	}
}

// assignAt reports whether an = follows, which makes a keyword the name of an attribute.
func (s *scanner) assignAt(i int) bool {
	i = s.skipBlanks(i)
	return s.at(i) == '=' && s.at(i+1) != '='
}
