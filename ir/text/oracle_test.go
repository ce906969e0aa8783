package text

import (
	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// The tag form of what body.go reads by hand. It is the source of opGrammar, and FuzzParse holds both to accept the
// same texts.

type opsNode struct {
	Decls []*declNode `parser:"'{' @@*"`
	Ops   []*opNode   `parser:"@@* '}'"`
}

type declNode struct {
	Dim   *dimNode `parser:"  'dim' @@"`
	Guard string   `parser:"| @Guard"`
}

type dimNode struct {
	Name string `parser:"@Ident 'in'"`
	Min  string `parser:"@Int '..'"`
	Max  string `parser:"@Int?"`
}

type opNode struct {
	Results  []*valueNode   `parser:"( @@ ( ',' @@ )* '=' )?"`
	Name     string         `parser:"@OpName"`
	Operands []*operandNode `parser:"'(' ( @@ ( ',' @@ )* )? ')'"`
	Attrs    []*namedNode   `parser:"( '{' ( @@ ( ',' @@ )* )? '}' )?"`
	Types    []*claimedNode `parser:"( ':' @@ ( ',' @@ )* )?"`
	Loc      string         `parser:"@Loc?"`
	Bodies   []*opBodyNode  `parser:"@@*"`
}

type operandNode struct {
	Value string `parser:"  @Value"`
	None  bool   `parser:"| @'none'"`
}

type namedNode struct {
	Name  string    `parser:"@( Ident | String ) '='"`
	Value *attrNode `parser:"@@"`
}

type claimedNode struct {
	Type   *typeNode    `parser:"@@"`
	Claims []*claimNode `parser:"@@*"`
}

type opBodyNode struct {
	Name   string           `parser:"@Ident"`
	Params []*bodyParamNode `parser:"'(' ( @@ ( ',' @@ )* )? ')'"`
	Ops    *opsNode         `parser:"@@"`
}

type bodyParamNode struct {
	Name string       `parser:"@Value ':'"`
	Type *claimedNode `parser:"@@"`
}

func newOracle() *participle.Parser[opsNode] {
	return participle.MustBuild[opsNode](participle.Lexer(fileLexer{}), participle.UseLookahead(0))
}

// bodiesOf lists the function bodies in a text, as the grammar of the file sees them.
func bodiesOf(src string) []lexer.Token {
	file, _ := fileLexer{bodies: true}.LexString("", src)
	tokens, _ := lexer.ConsumeAll(file)
	var bodies []lexer.Token
	for _, t := range tokens {
		if t.Type == tokBody {
			bodies = append(bodies, t)
		}
	}
	return bodies
}
