package text

import (
	"errors"
	"strings"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// itemForms shows, for the word that a part of a module starts with, how the part is written.
var itemForms = map[string]string{
	"program":  `program "9a1c22e0..."`,
	"state":    `state @cache : tensor<2x3xf32> = zero`,
	"func":     `func @main(%x: tensor<2x3xf32>) -> (%y: tensor<2x3xf32>) {`,
	"resource": `resource @w : tensor<2x3xf32> = "model.pt2" entry "weight_0" size 24 crc "9a1c22e0"`,
	"loc":      `loc #1 = "model.py":21 in "fc1" Linear`,
	"class":    `class "encoder.layer.0" = "transformers.models.bert.modeling_bert.BertLayer"`,
	"lost":     `lost "to_9" by decompose into @main %mul_17`,
}

// tokenNames are what messages call the kinds of tokens and the productions that are one token.
var tokenNames = map[string]string{
	"<ident>": "a word", "<value>": "a value such as %x", "<symbol>": "a name such as @x", "<int>": "an integer",
	"<string>": "text in quotes", "<type>": "a type such as tensor<2x3xf32>", "<body>": "{",
	"IdentNode": "a word", "ValueNode": "a value such as %x", "SymbolNode": "a name such as @x", "IntNode": "an integer",
	"StringNode": "text in quotes", "TypeNode": "a type such as tensor<2x3xf32>", "BodyNode": "{",
	"FuncNode": "a name such as @x", "StateNode": "a name such as @x", "ResourceNode": "a name such as @x", "LostNode": "text in quotes", "ClassNode": "text in quotes",
	"AttrNode": "the value of an attribute",
}

// syntax turns an error of participle into a diagnostic.
func (p *parser) syntax(err error, hint string) {
	d := Diagnostic{Message: err.Error(), Hint: hint, syntax: true}
	var perr participle.Error
	if errors.As(err, &perr) {
		d.Pos, d.Message = posOf(perr.Position()), perr.Message()
	}
	var unexpected *participle.UnexpectedTokenError
	if errors.As(err, &unexpected) {
		t := unexpected.Unexpected
		if t.Type == tokInvalid {
			d.Message = t.Value
		} else {
			_, expected, _ := strings.Cut(perr.Message(), "(expected ")
			d.Message, d.Found, d.Expected = "syntax error", describe(t.Type, t.Value), expectedFirst(expected)
		}
	}
	p.diags.add(d)
}

// itemHint shows how a part of a module that starts with a word is written.
func itemHint(word string) string {
	if form := itemForms[word]; form != "" {
		return "it is written " + form
	}
	return "in a module stand program, state, func, resource, loc, class and lost"
}

// expectedFirst gives the start of what participle expected, where that is one thing; its full text is a grammar.
func expectedFirst(expected string) string {
	first, rest, _ := strings.Cut(strings.TrimSuffix(expected, ")"), " ")
	if strings.HasPrefix(rest, "|") || strings.ContainsAny(first, "()?*") {
		return ""
	}
	if name := tokenNames[first]; name != "" {
		return name
	}
	return strings.Trim(first, `"`)
}

// describe names a token for a message.
func describe(kind lexer.TokenType, text string) string {
	switch {
	case kind == lexer.EOF:
		return "the end of the text"
	case kind == tokBody:
		return "{"
	}
	return clip(text, 60)
}
