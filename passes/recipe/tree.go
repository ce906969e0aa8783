package recipe

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// What a recipe may hold at most. A weight of its own needs about 100 bytes and 10 nodes; the parser takes 256 bytes for one
// of the file, and time that grows with the square of the number of anchors.
const (
	maxBytes = 1 << 20
	maxNodes = 1 << 20 // after aliases are replaced by what they stand for
	maxDepth = 64
	maxMarks = 1 << 13 // anchors, or what looks like them
)

// node is a value of a YAML document. Aliases and merge keys are already replaced.
type node struct {
	kind  kind
	at    Pos
	text  string  // of a scalar, as written
	pairs []pair  // of a mapping, in the order in which Python's dict has them
	items []*node // of a list
}

// pair is a key of a mapping and its value.
type pair struct {
	key   string
	at    Pos
	value *node
}

// kind is what a YAML value is.
type kind string

const (
	kindNull    kind = "null"
	kindBool    kind = "a boolean"
	kindInt     kind = "an integer"
	kindFloat   kind = "a number"
	kindText    kind = "text"
	kindMapping kind = "a mapping"
	kindList    kind = "a list"
)

// Pos is a place in the file, counted from 1.
type Pos struct{ Line, Col int }

// get is the value of a key; nil where it is not there.
func (n *node) get(key string) *node {
	for _, p := range n.pairs {
		if p.key == key {
			return p.value
		}
	}
	return nil
}

// describe says what a value is, for messages.
func (n *node) describe() string {
	switch n.kind {
	case kindNull, kindMapping, kindList:
		return string(n.kind)
	}
	return "`" + n.text + "`"
}

// parseTree reads a document with one body. Its error is a *Error of the place.
func parseTree(src []byte, r *reporter) *node {
	if len(src) > maxBytes {
		r.fail(Pos{1, 1}, "", fmt.Sprintf("the file has %d bytes; a recipe has at most %d", len(src), maxBytes))
		return nil
	}
	if n := bytes.Count(src, []byte("&")); n > maxMarks {
		r.fail(Pos{1, 1}, "", fmt.Sprintf("the file has %d anchors; a recipe has at most %d", n, maxMarks))
		return nil
	}
	tokens := lexer.Tokenize(string(src))
	if at, ok := tooDeep(tokens); ok {
		r.fail(at, "", fmt.Sprintf("values are nested more than %d deep", maxDepth))
		return nil
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		at, text := Pos{1, 1}, err.Error()
		var located interface {
			GetToken() *token.Token
			GetMessage() string
		}
		if errors.As(err, &located) && located.GetToken() != nil {
			at, text = posOf(located.GetToken()), located.GetMessage()
		}
		r.fail(at, "", "this is no YAML: "+text)
		return nil
	}
	var body ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.CommentType {
			continue
		}
		if body != nil {
			r.fail(posOf(doc.Body.GetToken()), "", "a second document begins; a recipe is one document")
			return nil
		}
		body = doc.Body
	}
	if body == nil {
		r.fail(Pos{1, 1}, "", "the file is empty; expected "+oneOf(sectionKeys()))
		return nil
	}
	t := tree{r: r, anchors: map[string]anchor{}, left: maxNodes}
	return t.node(body, 0)
}

// tooDeep finds the first token that is nested deeper than a recipe needs, before a parser recurses on it.
func tooDeep(tokens token.Tokens) (Pos, bool) {
	flow, run, indents := 0, 0, []int(nil)
	for _, t := range tokens {
		switch t.Type {
		case token.MappingStartType, token.SequenceStartType:
			flow++
		case token.MappingEndType, token.SequenceEndType:
			flow = max(0, flow-1)
		case token.SequenceEntryType, token.MappingKeyType, token.AnchorType, token.TagType:
			run++ // these may stand before each other on one line
		case token.MappingValueType, token.CommentType:
		default:
			run = 0
		}
		for len(indents) > 0 && indents[len(indents)-1] >= t.Position.Column {
			indents = indents[:len(indents)-1]
		}
		if flow == 0 && t.Prev != nil && t.Prev.Position.Line != t.Position.Line {
			indents = append(indents, t.Position.Column)
		}
		if flow > maxDepth || run > 2*maxDepth || len(indents) > maxDepth {
			return posOf(t), true
		}
	}
	return Pos{}, false
}

// tree turns the parser's nodes into ours.
type tree struct {
	r       *reporter
	anchors map[string]anchor
	left    int // how many nodes may still be made
}

// anchor is what aliases share: its nodes count again for each alias.
type anchor struct {
	value         *node
	nodes, height int
}

// spend counts nodes; false where there are too many or they lie too deep.
func (t *tree) spend(at Pos, nodes, depth int) bool {
	t.left -= nodes
	if t.left >= 0 && depth <= maxDepth {
		return true
	}
	if !t.r.stopped {
		t.r.fail(at, "", fmt.Sprintf("with its aliases replaced, the recipe has more than %d values or is nested more than %d deep", maxNodes, maxDepth))
	}
	t.r.stopped = true
	return false
}

// extent is how many nodes a value has, and how many levels.
func (n *node) extent() (nodes, height int) {
	nodes = 1
	add := func(child *node) {
		c, h := child.extent()
		nodes, height = nodes+c, max(height, h+1)
	}
	for _, p := range n.pairs {
		add(p.value)
	}
	for _, item := range n.items {
		add(item)
	}
	return nodes, height
}

func (t *tree) node(a ast.Node, depth int) *node {
	n := &node{at: posOf(a.GetToken())}
	if !t.spend(n.at, 1, depth) {
		n.kind = kindNull
		return n
	}
	switch a := a.(type) {
	case *ast.AnchorNode:
		name := a.Name.GetToken().Value
		delete(t.anchors, name) // an anchor is not known inside itself
		value := t.node(a.Value, depth)
		nodes, height := value.extent()
		t.anchors[name] = anchor{value, nodes, height}
		return value
	case *ast.AliasNode:
		name := a.Value.GetToken().Value
		target, ok := t.anchors[name]
		if !ok {
			t.r.fail(n.at, "", fmt.Sprintf("there is no anchor &%s above%s", name, didYouMean(name, sortedKeys(t.anchors))))
			return &node{kind: kindNull, at: n.at}
		}
		if !t.spend(n.at, target.nodes, depth+target.height) {
			return &node{kind: kindNull, at: n.at}
		}
		return target.value
	case *ast.TagNode:
		t.r.fail(n.at, "", fmt.Sprintf("the tag %s has no meaning in a recipe; remove it", a.Start.Value))
		return &node{kind: kindNull, at: n.at}
	case *ast.MappingNode:
		n.kind = kindMapping
		if a.IsFlowStyle && a.Start != nil {
			n.at = posOf(a.Start)
		} else if len(a.Values) > 0 {
			n.at = posOf(a.Values[0].Key.GetToken())
		}
		t.pairs(n, a.Values, depth)
	case *ast.MappingValueNode:
		n.kind, n.at = kindMapping, posOf(a.Key.GetToken())
		t.pairs(n, []*ast.MappingValueNode{a}, depth)
	case *ast.SequenceNode:
		n.kind = kindList
		for _, item := range a.Values {
			n.items = append(n.items, t.node(item, depth+1))
		}
	case *ast.LiteralNode:
		n.kind, n.text = kindText, a.Value.Value
	default:
		n.kind, n.text = scalar(a)
	}
	return n
}

// scalar is what a plain or quoted scalar holds.
func scalar(a ast.Node) (kind, string) {
	text := strings.TrimSpace(a.GetToken().Value)
	switch a := a.(type) {
	case *ast.NullNode:
		return kindNull, ""
	case *ast.BoolNode:
		return kindBool, text
	case *ast.IntegerNode:
		return kindInt, text
	case *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return kindFloat, text
	case *ast.StringNode:
		return kindText, a.Value
	}
	return kindText, text
}

// pairs fills a mapping as PyYAML does: what is merged in comes first, and a key of the mapping's own replaces its value in
// place.
func (t *tree) pairs(n *node, values []*ast.MappingValueNode, depth int) {
	index := map[string]int{}
	set := func(p pair) {
		if i, ok := index[p.key]; ok {
			n.pairs[i] = p
			return
		}
		index[p.key] = len(n.pairs)
		n.pairs = append(n.pairs, p)
	}
	for _, v := range values {
		if v.Key.Type() == ast.MergeKeyType {
			t.merge(v, depth, set)
		}
	}
	own := make(map[string]Pos, len(values))
	for _, v := range values {
		if v.Key.Type() == ast.MergeKeyType {
			continue
		}
		p := pair{key: keyText(v.Key), at: posOf(v.Key.GetToken())}
		if first, twice := own[p.key]; twice {
			t.r.fail(p.at, "", fmt.Sprintf("`%s` is given twice in one mapping, first in line %d", p.key, first.Line))
			continue
		}
		own[p.key] = p.at
		p.value = &node{kind: kindNull, at: p.at}
		if _, null := v.Value.(*ast.NullNode); !null && v.Value != nil {
			p.value = t.node(v.Value, depth+1)
		}
		set(p)
	}
}

// merge sets what a merge key brings: a mapping, or a list of which the first wins.
func (t *tree) merge(v *ast.MappingValueNode, depth int, set func(pair)) {
	merged := t.node(v.Value, depth+1)
	sources := []*node{merged}
	if merged.kind == kindList {
		sources = merged.items
	}
	for i := len(sources) - 1; i >= 0; i-- {
		if sources[i].kind != kindMapping {
			t.r.fail(posOf(v.Key.GetToken()), "", "<< merges mappings; found "+sources[i].describe())
			continue
		}
		for _, p := range sources[i].pairs {
			set(p)
		}
	}
}

func keyText(k ast.MapKeyNode) string {
	if s, ok := k.(*ast.StringNode); ok {
		return s.Value
	}
	if m, ok := k.(*ast.MappingKeyNode); ok && m.Value != nil {
		if s, ok := m.Value.(*ast.StringNode); ok {
			return s.Value
		}
		return m.Value.GetToken().Value
	}
	return k.GetToken().Value
}

func posOf(t *token.Token) Pos {
	if t == nil || t.Position == nil {
		return Pos{1, 1}
	}
	return Pos{t.Position.Line, t.Position.Column}
}
