package text

import (
	"slices"
	"strconv"
	"strings"

	"github.com/aiopt/aiopt/ir"
	"github.com/alecthomas/participle/v2/lexer"
)

// maxBodies bounds the nesting of bodies.
const maxBodies = 64

// opReader reads the list of operations in a function's braces. It is written by hand because a list of many thousand
// operations is where the time goes, and because it goes on at the next line after a mistake. Its grammar is opGrammar.
type opReader struct {
	p     *parser
	s     *scanner
	end   string // what the end of the scanner's text is called
	depth int    // of bodies around this one

	names    []namedAt // of the results of the operation being read
	operands []*ir.Value
	attrs    ir.Attrs
	attrPos  []ir.Pos
	types    []ir.Type
	claims   [][]ir.Claim
	bodies   []*ir.Func
	items    []ir.Attr
	inAttrs  bool // the braces of attributes are open
}

type namedAt struct {
	text string
	pos  ir.Pos
}

// bodyReader makes a reader for the text of a body, and moves past its opening brace.
func (p *parser) bodyReader(offset, length, line, col int) *opReader {
	s := newScanner(p.src)
	s.pos, s.end, s.line, s.lineStart = offset, offset+length, line, offset-col+1
	s.next()
	s.next()
	return &opReader{p: p, s: s, end: "the end of the function"}
}

func (b *opReader) pos() ir.Pos { return ir.Pos{Line: b.s.tokLine, Col: b.s.tokCol} }

// unexpected reports the current token, and is false so that callers can return it.
func (b *opReader) unexpected(expected string) bool {
	if b.s.kind == tokInvalid {
		b.p.diags.add(Diagnostic{Pos: b.pos(), Message: b.s.problem, syntax: true})
		return false
	}
	found := describe(b.s.kind, b.s.text())
	if b.s.kind == lexer.EOF {
		found = b.end
	}
	b.p.diags.add(Diagnostic{Pos: b.pos(), Message: "syntax error", Found: found, Expected: expected, syntax: true})
	return false
}

func (b *opReader) punct(c byte) bool {
	if !b.s.isPunct(c) {
		return b.unexpected(string(c))
	}
	b.s.next()
	return true
}

// token takes the text of a token of one kind.
func (b *opReader) token(kind lexer.TokenType, expected string) (string, bool) {
	if b.s.kind != kind {
		return "", b.unexpected(expected)
	}
	t := b.s.text()
	b.s.next()
	return t, true
}

// body reads all of a function's braces.
func (b *opReader) body(sc *scope) {
	b.declarations(sc)
	b.rest(sc)
}

// rest reads the operations and demands that nothing follows.
func (b *opReader) rest(sc *scope) {
	b.ops(sc)
	if b.s.kind != lexer.EOF && !b.p.diags.full() {
		b.unexpected(b.end)
	}
}

// ops reads operations to the closing brace.
func (b *opReader) ops(sc *scope) {
	for !b.p.diags.full() {
		line := b.s.tokLine
		switch {
		case b.s.kind == tokValue || b.s.kind == tokOp:
			if !b.op(sc) {
				b.poisonResults(sc)
				b.recoverLine(line)
			}
		case b.s.isPunct('}'):
			b.s.next()
			return
		case b.s.kind == lexer.EOF:
			b.p.diags.add(Diagnostic{Pos: b.pos(), Message: "the operations are not closed", Found: b.end, Expected: "}", syntax: true})
			return
		case b.s.kind == tokGuard || b.s.is("dim"):
			b.p.diags.add(Diagnostic{Pos: b.pos(), Message: "dims and guards stand before the first operation", syntax: true})
			b.recoverLine(line)
		default:
			b.unexpected("an operation or }")
			b.recoverLine(line)
		}
	}
}

// recoverLine goes on at the first line after the given one that can start an operation or end the list. Bodies that
// belong to the operation left behind are passed over.
func (b *opReader) recoverLine(line int) {
	braces := 0
	for ; b.s.kind != lexer.EOF; b.s.next() {
		starts := b.s.firstHere && b.s.tokLine > line
		switch {
		case starts && braces == 0 && (b.s.kind == tokValue || b.s.kind == tokOp || b.s.kind == tokGuard || b.s.is("dim")):
			return
		case b.s.isPunct('{') && b.bodyBrace():
			braces++
		case b.s.isPunct('}') && braces > 0:
			braces--
		case b.s.isPunct('}') && b.inAttrs:
			b.inAttrs = false
		case starts && b.s.isPunct('}'):
			return
		}
	}
}

// bodyBrace tells the brace of a body from that of attributes: it ends its line.
func (b *opReader) bodyBrace() bool {
	i := b.s.skipBlanks(b.s.pos)
	return i >= b.s.end || strings.IndexByte("\r\n/", b.s.src[i]) >= 0
}

// op reads one operation; false where its text or meaning is wrong, which has been reported.
func (b *opReader) op(sc *scope) bool {
	b.names, b.operands, b.attrs, b.attrPos = b.names[:0], b.operands[:0], b.attrs[:0], b.attrPos[:0]
	b.types, b.claims, b.bodies, b.items, b.inAttrs = b.types[:0], b.claims[:0], b.bodies[:0], b.items[:0], false
	if b.s.kind == tokValue && !b.resultNames() {
		return false
	}
	pos := b.pos()
	name, ok := b.token(tokOp, "the name of an operation, such as nn.linear")
	if !ok {
		return false
	}
	def, known := b.definition(name, pos)
	good := known
	if !b.punct('(') || !b.operandList(sc, &good) || !b.punct(')') {
		return false
	}
	if b.s.isPunct('{') && !b.attributes(sc, &good) {
		return false
	}
	if b.s.isPunct(':') && !b.resultTypes(sc, &good) {
		return false
	}
	loc := ir.Unknown
	if b.s.kind == tokLoc {
		loc = b.loc(&good)
	}
	if !b.bodyList(sc, &good) {
		return false
	}
	if !good || !b.checkCounts(name, pos) {
		return b.poisonResults(sc)
	}
	attrs, ok := b.normalAttrs(def, pos)
	if !ok {
		return b.poisonResults(sc)
	}
	op := ir.NewOp(def, attrs, b.types, slices.Clone(b.operands), b.bodies, loc)
	op.Pos = pos
	for i, n := range b.names {
		op.Results[i].Claims = b.claims[i]
		b.p.define(sc, n.text, n.pos, op.Results[i])
	}
	sc.fn.Append(op)
	return true
}

// poisonResults makes later uses of an operation that is wrong in itself, but whose end is known, no further mistakes.
func (b *opReader) poisonResults(sc *scope) bool {
	for _, n := range b.names {
		if sc.values[n.text] == nil {
			sc.values[n.text] = &b.p.poison
		}
	}
	return true
}

func (b *opReader) resultNames() bool {
	for {
		pos := b.pos()
		t, ok := b.token(tokValue, "a value such as %x")
		if !ok {
			return false
		}
		b.names = append(b.names, namedAt{t, pos})
		if !b.s.isPunct(',') {
			return b.punct('=')
		}
		b.s.next()
	}
}

// definition finds an operation; a version newer than the one known cannot be read.
func (b *opReader) definition(text string, pos ir.Pos) (*ir.OpDef, bool) {
	name, version, stated := strings.Cut(text, "@")
	def := b.p.reg.Op(name)
	if def == nil {
		b.p.errorf(pos, b.p.opHint(name), "unknown operation %s", name)
		return nil, false
	}
	if stated {
		v, ok := b.p.integer(version, pos)
		if known := int64(max(def.Version, 1)); ok && (v < 1 || v > known) {
			b.p.errorf(pos, "use a newer aiopt", "%s has version %d in this text, this aiopt knows version %d", name, v, known)
			ok = false
		}
		return def, ok
	}
	return def, true
}

func (p *parser) opHint(name string) string {
	if p.opNames == nil {
		for _, d := range p.reg.Dialects {
			for _, op := range d.Ops {
				p.opNames = append(p.opNames, op.Name)
			}
		}
	}
	if h := didYouMean(name, p.opNames); h != "" {
		return h
	}
	_, short, _ := strings.Cut(name, ".")
	for _, n := range p.opNames {
		if strings.HasSuffix(n, "."+short) {
			return "did you mean " + n + "?"
		}
	}
	return "`aiopt help op` lists the operations"
}

func (b *opReader) operandList(sc *scope, good *bool) bool {
	if b.s.isPunct(')') {
		return true
	}
	for {
		switch {
		case b.s.kind == tokValue:
			text := b.s.text()
			v := sc.values[text]
			if v == nil {
				b.undefined(sc, text)
				v = &b.p.poison
			}
			if v == &b.p.poison {
				*good = false
			}
			b.operands = append(b.operands, v)
		case b.s.is("none"):
			b.operands = append(b.operands, nil)
		default:
			return b.unexpected("a value such as %x, none, or )")
		}
		b.s.next()
		if !b.s.isPunct(',') {
			break
		}
		b.s.next()
	}
	for n := len(b.operands); n > 0 && b.operands[n-1] == nil; n = len(b.operands) {
		b.operands = b.operands[:n-1]
	}
	return true
}

func (b *opReader) undefined(sc *scope, text string) {
	for outer := sc.outer; outer != nil; outer = outer.outer {
		if outer.values[text] != nil {
			b.p.errorf(b.pos(), "give it to the operation as an operand and to the body as a parameter", "%s is a value of the function around this body, which a body does not see", text)
			return
		}
	}
	var names []string
	for n := range sc.values {
		names = append(names, n)
	}
	slices.Sort(names)
	b.p.errorf(b.pos(), didYouMean(text, names), "%s is not defined above", text)
}

// bodyList reads `name(%x: type) { ... }` as often as it follows.
func (b *opReader) bodyList(sc *scope, good *bool) bool {
	for b.s.kind == tokIdent && (!b.s.is("dim") || b.s.at(b.s.skipBlanks(b.s.pos)) == '(') {
		if b.depth == maxBodies {
			b.p.errorf(b.pos(), "", "bodies are nested more than %d deep", maxBodies)
			return false
		}
		f := &ir.Func{Name: b.s.text()}
		b.s.next()
		inner := newScope(f, sc, 8)
		if !b.punct('(') || !b.bodyParams(inner, good) || !b.punct(')') || !b.punct('{') {
			return false
		}
		nested := &opReader{p: b.p, s: b.s, end: b.end, depth: b.depth + 1}
		nested.declarations(inner)
		nested.ops(inner)
		b.bodies = append(b.bodies, f)
	}
	return true
}

func (b *opReader) bodyParams(sc *scope, good *bool) bool {
	if b.s.isPunct(')') {
		return true
	}
	for {
		pos := b.pos()
		name, ok := b.token(tokValue, "a parameter such as %x")
		if !ok || !b.punct(':') {
			return false
		}
		typePos := b.pos()
		text, ok := b.token(tokType, "a type such as tensor<2x3xf32>")
		if !ok {
			return false
		}
		t, ok := b.p.typ(text, typePos, sc.outer) // a body sees the dims around it
		*good = *good && ok
		claims, ok := b.claimList()
		if !ok {
			return false
		}
		v := &ir.Value{Type: t, Index: len(sc.fn.Params), Claims: claims}
		b.p.define(sc, name, pos, v)
		sc.fn.Params = append(sc.fn.Params, &ir.Param{Value: v})
		if !b.s.isPunct(',') {
			return true
		}
		b.s.next()
	}
}

// checkCounts holds the names against the types.
func (b *opReader) checkCounts(name string, pos ir.Pos) bool {
	if len(b.names) == len(b.types) {
		return true
	}
	hint := "an operation states the type of each result: %y = op(%x) : tensor<2xf32>"
	if len(b.names) > 0 {
		pos = b.names[0].pos
	}
	b.p.errorf(pos, hint, "%s has %s and %s", name, plural(len(b.names), "result name"), plural(len(b.types), "result type"))
	return false
}

func plural(n int, what string) string {
	s := strconv.Itoa(n) + " " + what
	if n != 1 {
		s += "s"
	}
	return s
}
