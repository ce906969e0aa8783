package text

import (
	"strings"

	"github.com/alecthomas/participle/v2/lexer"
)

// The tokens of this file are long: everything to a closing byte, or to the end of a line.

// lineEnd is the end of the line without comment and trailing white space.
func (s *scanner) lineEnd(i int) int {
	for ; i < s.end && s.src[i] != '\n'; i++ {
		switch s.src[i] {
		case '"':
			if end := s.stringEnd(i); end > 0 {
				i = end - 1
			}
		case '/':
			if s.at(i+1) == '/' && s.commentAt(i) {
				return s.trim(i)
			}
		}
	}
	return s.trim(i)
}

func (s *scanner) trim(i int) int {
	for i > s.pos && (s.src[i-1] == ' ' || s.src[i-1] == '\t' || s.src[i-1] == '\r') {
		i--
	}
	return i
}

// until takes everything to a closing byte on the same line.
func (s *scanner) until(kind lexer.TokenType, from int, closing byte, what string) {
	for i := from; i < s.end && s.src[i] != '\n'; i++ {
		if s.src[i] == closing {
			s.take(kind, i+1)
			return
		}
	}
	s.invalid(from, what+" is not closed before the end of the line")
}

func (s *scanner) dense(from int) {
	i := from
	for i < s.end && s.src[i] != '>' && s.src[i] != '\n' {
		i++
	}
	if s.at(i) != '>' || s.at(i+1) != '[' {
		s.invalid(i, "dense<TYPE> must be followed by [ and its elements")
		return
	}
	end := strings.IndexByte(s.src[i:s.end], ']')
	if end < 0 {
		s.invalid(i+2, "the elements are not closed by ]")
		return
	}
	s.take(tokDense, i+end+1)
	s.countLines()
}

// countLines keeps the line number true after a token that spans lines.
func (s *scanner) countLines() {
	for i := s.start; i < s.pos; i++ {
		if s.src[i] == '\n' {
			s.line++
			s.lineStart = i + 1
		}
	}
}

func (s *scanner) quoted(kind lexer.TokenType, quote int) {
	end := s.stringEnd(quote)
	if end < 0 {
		i := quote
		for i < s.end && s.src[i] != '\n' {
			i++
		}
		s.invalid(i, "text is not closed by \" before the end of the line")
		return
	}
	s.take(kind, end)
}

// stringEnd is the place after the closing quote of text that opens at i, or -1.
func (s *scanner) stringEnd(i int) int {
	for i++; i < s.end; i++ {
		switch s.src[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		case '\n':
			return -1
		}
	}
	return -1
}

// body takes a function's body: everything to the brace that closes the one at pos. A line that can only stand outside
// of functions ends it too, so that one missing brace is one error.
func (s *scanner) body() {
	depth := 0
	for i := s.pos; i < s.end; i++ {
		switch s.src[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				s.take(tokBody, i+1)
				s.braces--
				s.countLines()
				return
			}
		case '"':
			if end := s.stringEnd(i); end > 0 {
				i = end - 1
			}
		case '/':
			if s.at(i+1) == '/' && s.commentAt(i) {
				for i+1 < s.end && s.src[i+1] != '\n' {
					i++
				}
			}
		case '\n':
			if startsItem(s.src[s.skipBlanks(i+1):s.end]) {
				s.take(tokBody, i)
				s.braces--
				s.countLines()
				return
			}
		}
	}
	s.take(tokBody, s.end)
	s.countLines()
}

func startsItem(line string) bool {
	if line == "" || strings.IndexByte("frsl", line[0]) < 0 {
		return false
	}
	for _, start := range []string{"func @", "resource @", "state @", "loc #", `lost "`} {
		if strings.HasPrefix(line, start) {
			return true
		}
	}
	return false
}
