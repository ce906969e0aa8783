package text

import (
	"io"

	"github.com/alecthomas/participle/v2/lexer"
)

// The kinds of tokens. What is written most (types, locations) is one token each, and so is a function's body for the
// grammar of the file: body.go reads it with a scanner of its own, so that no list of all tokens is ever in memory.
const (
	tokInvalid lexer.TokenType = iota + 1
	tokIdent
	tokOp
	tokValue
	tokSymbol
	tokRef
	tokInt
	tokFloat
	tokSize
	tokString
	tokType
	tokDense
	tokComplex
	tokLoc
	tokLocDef
	tokHash
	tokGuard
	tokBody
	tokPunct
)

// tokenDocs describes the tokens for the grammar's documentation and for messages, in that order.
var tokenDocs = []struct {
	kind      lexer.TokenType
	name, doc string
	example   string
}{
	{tokInvalid, "Invalid", "text that is no token", ""},
	{tokIdent, "Ident", "a name: letters, digits and _, not starting with a digit", "Linear"},
	{tokOp, "OpName", "an operation's name, which has a dot, and its version where it is not 1", "nn.linear, nn.sdpa@2"},
	{tokValue, "Value", "% and a name of letters, digits, _ . $ and -, or any name in quotes", "%x, %0, %\"odd name\""},
	{tokSymbol, "Symbol", "@ and a name of letters, digits, _ . $ and -, or any name in quotes", "@fc1.weight, @\"odd name\""},
	{tokRef, "Ref", "$ and the number of an operand", "$0"},
	{tokInt, "Int", "a decimal integer of 64 bits", "42, -1"},
	{tokFloat, "Float", "a decimal number with a point or an exponent, or -inf", "1.0, -0.0, 1e-05"},
	{tokSize, "Size", "an expression of sizes: + - * // % ( ) min max over integers and symbols, and trunc floor ceil round of floats, where / and sqrt are too", "2*S+1, (S+1)//2, max(S, T), trunc(0.7*S)"},
	{tokString, "String", "text in double quotes with Go's escapes, on one line", "\"fc1\""},
	{tokType, "Type", "tensor<DIM x ... ELEM>: a dim is an integer or an expression of sizes in brackets", "tensor<[B]x256xf32>"},
	{tokDense, "Dense", "dense<TYPE>[...]: a small tensor written out, row by row", "dense<2x2xi32>[1, 2, 3, 4]"},
	{tokComplex, "Complex", "complex(re, im)", "complex(1.0, -2.0)"},
	{tokLoc, "Loc", "a reference to a location", "loc(#1)"},
	{tokLocDef, "LocDef", "a location: a Python stack, module path, class and passes, or the locations it unites", "loc #1 = \"m.py\":21 < \"run.py\":5 in \"fc1\" Linear via \"fuse\""},
	{tokHash, "Hash", "the number of a location", "#1"},
	{tokGuard, "Guard", "a condition on sizes, to the end of the line", "guard S <= 2*T"},
	{tokBody, "Body", "the dims, guards and operations of a function in braces (see Ops)", "{ core.return(%x) }"},
	{tokPunct, "Punct", "one of ( ) { } [ ] < = : , .. ->", ""},
}

// fileLexer gives the grammar of the file its tokens.
type fileLexer struct{ bodies bool }

// Symbols implements lexer.Definition.
func (fileLexer) Symbols() map[string]lexer.TokenType {
	m := map[string]lexer.TokenType{"EOF": lexer.EOF}
	for _, d := range tokenDocs {
		m[d.name] = d.kind
	}
	return m
}

// Lex implements lexer.Definition.
func (d fileLexer) Lex(file string, r io.Reader) (lexer.Lexer, error) {
	src, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return d.LexString(file, string(src))
}

// LexString implements lexer.StringDefinition.
func (d fileLexer) LexString(_ string, src string) (lexer.Lexer, error) {
	s := newScanner(src)
	s.bodies = d.bodies
	return &tokens{s}, nil
}

type tokens struct{ s *scanner }

// Next implements lexer.Lexer. It never fails: the value of an invalid token is what is wrong with it, which fits nowhere
// in the grammar.
func (t *tokens) Next() (lexer.Token, error) {
	t.s.next()
	pos := lexer.Position{Offset: t.s.start, Line: t.s.tokLine, Column: t.s.tokCol}
	token := lexer.Token{Type: t.s.kind, Value: t.s.text(), Pos: pos}
	if token.Type == tokInvalid {
		token.Value = t.s.problem
	}
	return token, nil
}
