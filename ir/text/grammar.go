package text

import (
	"sync"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// The grammar of the file, as participle reads it. Token names are those of tokenDocs. A struct's name without Node is
// the name of its production.

type headerNode struct {
	Version string `parser:"'air' @Int"`
	Name    string `parser:"'module' @Symbol '{'"`
}

type itemNode struct {
	Pos      lexer.Position
	Program  *stringNode   `parser:"  'program' @@"`
	State    *stateNode    `parser:"| 'state' @@"`
	Func     *funcNode     `parser:"| 'func' @@"`
	Resource *resourceNode `parser:"| 'resource' @@"`
	Location string        `parser:"| @LocDef"`
	Class    *classNode    `parser:"| 'class' @@"`
	Lost     *lostNode     `parser:"| 'lost' @@"`
	End      bool          `parser:"| @'}'"`
}

type stringNode struct {
	Pos  lexer.Position
	Text string `parser:"@String"`
}

type symbolNode struct {
	Pos  lexer.Position
	Text string `parser:"@Symbol"`
}

type valueNode struct {
	Pos  lexer.Position
	Text string `parser:"@Value"`
}

type typeNode struct {
	Pos  lexer.Position
	Text string `parser:"@Type"`
}

type intNode struct {
	Pos  lexer.Position
	Text string `parser:"@Int"`
}

// leafNode is an attribute that is one token.
type leafNode struct {
	Pos  lexer.Position
	Text string `parser:"@( Ident | Int | Float | Size | String | Symbol | Ref | Dense | Complex )"`
}

type attrNode struct {
	Leaf  *leafNode   `parser:"  @@"`
	List  bool        `parser:"| @'['"`
	Items []*attrNode `parser:"  ( @@ ( ',' @@ )* )? ']'"`
}

type stateNode struct {
	Name symbolNode  `parser:"@@ ':'"`
	Type typeNode    `parser:"@@ '='"`
	Zero bool        `parser:"( @'zero'"`
	Init *symbolNode `parser:"| @@ )"`
}

type resourceNode struct {
	Name    symbolNode  `parser:"@@ ':'"`
	Type    typeNode    `parser:"@@ '='"`
	File    *stringNode `parser:"( @@"`
	Entry   *stringNode `parser:"  ( 'entry' @@ )?"`
	Size    *intNode    `parser:"  'size' @@"`
	CRC     *stringNode `parser:"  ( 'crc' @@ )?"`
	Data    *stringNode `parser:"| 'data' @@"`
	Elided  *intNode    `parser:"| 'elided' 'size' @@ )"`
	Offset  *intNode    `parser:"( 'offset' @@ )?"`
	Strided bool        `parser:"( @'strides'"`
	Strides []*intNode  `parser:"  '[' ( @@ ( ',' @@ )* )? ']' )?"`
}

type lostNode struct {
	Tensor stringNode  `parser:"@@"`
	Pass   string      `parser:"'by' @( Ident | String )"`
	Into   bool        `parser:"( @'into'"`
	Func   *symbolNode `parser:"  @@?"`
	Value  *valueNode  `parser:"  @@? )?"`
}

type classNode struct {
	Path stringNode `parser:"@@ '='"`
	Name stringNode `parser:"@@"`
}

type funcNode struct {
	Name    symbolNode    `parser:"@@ '('"`
	Params  []*paramNode  `parser:"( @@ ( ',' @@ )* )? ')' '->' '('"`
	Results []*resultNode `parser:"( @@ ( ',' @@ )* )? ')'"`
	Body    bodyNode      `parser:"@@"`
}

type paramNode struct {
	Const  *constNode   `parser:"  'const' @@"`
	State  *symbolNode  `parser:"| ( 'state' @@ )?"`
	Name   *valueNode   `parser:"  @@ ':'"`
	Type   *typeNode    `parser:"  @@"`
	Binds  string       `parser:"  ( 'binds' '[' @Ident ']' )?"`
	Claims []*claimNode `parser:"  @@*"`
}

type constNode struct {
	Name  valueNode `parser:"@@ '='"`
	Value attrNode  `parser:"@@"`
}

type claimNode struct {
	Exact  *stringNode `parser:"( 'is' @@"`
	Approx *stringNode `parser:"| 'approx' @@ )"`
	Perm   []*intNode  `parser:"( 'perm' '[' @@ ( ',' @@ )* ']' )?"`
	Cast   *identNode  `parser:"( 'cast' @@ )?"`
	Slice  *stringNode `parser:"( 'slice' @@ )?"`
}

type identNode struct {
	Pos  lexer.Position
	Text string `parser:"@Ident"`
}

type resultNode struct {
	Skipped []string    `parser:"( @'none' ',' )*"`
	Update  *targetNode `parser:"( 'update' @@"`
	NewName *valueNode  `parser:"  @@? ':'"`
	Name    *valueNode  `parser:"| @@ ':' )?"`
	Type    typeNode    `parser:"@@"`
}

type targetNode struct {
	State *symbolNode `parser:"  @@"`
	Input *valueNode  `parser:"| @@"`
}

// bodyNode is what stands between a function's braces; body.go reads it.
type bodyNode struct {
	Pos  lexer.Position
	Text string `parser:"@Body"`
}

// parsers reads the head of a file, and one of the things in a module.
type parsers struct {
	header *participle.Parser[headerNode]
	item   *participle.Parser[itemNode]
}

var grammar = sync.OnceValue(func() parsers {
	return parsers{
		header: participle.MustBuild[headerNode](participle.Lexer(fileLexer{bodies: true}), participle.UseLookahead(0)),
		item:   participle.MustBuild[itemNode](participle.Lexer(fileLexer{bodies: true}), participle.UseLookahead(0)),
	}
})
