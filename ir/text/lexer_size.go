package text

import "strings"

// operatorAt reports whether an expression of sizes goes on at i. After a blank, an operator must have one on its other
// side too: `update %x` and `in -5` are no expressions, and ` //` is a comment.
func (s *scanner) operatorAt(i int) bool {
	blank := s.at(i) == ' ' || s.at(i) == '\t'
	i = s.skipBlanks(i)
	after := s.at(i + 1)
	switch s.at(i) {
	case '+', '*', '%':
		return !blank || after == ' '
	case '-':
		return after != '>' && (!blank || after == ' ')
	case '/':
		return !blank && after == '/'
	}
	return false
}

// sizeFunction reports a word that begins an expression of sizes where a parenthesis follows.
func sizeFunction(word string) bool {
	switch word {
	case "min", "max", "trunc", "floor", "ceil", "round":
		return true
	}
	return false
}

// size takes an expression of sizes that starts at i.
func (s *scanner) size(i int) {
	depth := 0
	for i < s.end {
		c := s.src[i]
		switch {
		case charClass[c]&classIdent != 0:
			i = s.skip(i, classIdent)
			if depth == 0 && s.at(i) != '(' && !s.operatorAt(i) {
				s.take(tokSize, i)
				return
			}
			continue
		case c == '(':
			depth++
		case c == ')' && depth > 0:
			depth--
			if depth == 0 && !s.operatorAt(i+1) {
				s.take(tokSize, i+1)
				return
			}
		case strings.IndexByte("+-*%/", c) >= 0 || c == ' ' || c == '\t' || (c == ',' || c == '.') && depth > 0:
		default:
			s.take(tokSize, s.trim(i))
			return
		}
		i++
	}
	s.take(tokSize, s.trim(i))
}
