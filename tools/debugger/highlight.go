package debugger

import (
	"slices"
	"strings"
)

// span is a piece of a line: the class of its words, and its text.
type span [2]string

// The classes of words.
const (
	plainText   = ""
	keyword     = "k"
	typeName    = "t"
	callName    = "f"
	programName = "v" // of a value or a symbol: %x, @main
	number      = "n"
	quoted      = "s"
	comment     = "c"
)

// language says what the words of a text are. It is no grammar: a highlighter has to be right about comments and strings, and
// roughly right about the rest.
type language struct {
	comment  string // begins one that ends with the line
	quotes   []string
	sigils   string // before names of the program
	keywords []string
	types    []string
}

// The languages that the page shows.
var (
	python = language{
		comment: "#", quotes: []string{`"""`, `'''`, `"`, `'`}, sigils: "@",
		keywords: strings.Fields("and as assert async await break class continue def del elif else except finally for from global if import in is lambda " +
			"match nonlocal not or pass raise return try while with yield True False None self"),
		types: strings.Fields("int float bool str list tuple dict set bytes object type torch Tensor nn F"),
	}
	air = language{
		comment: "//", quotes: []string{`"`}, sigils: "%@#",
		keywords: strings.Fields("air module func dim guard state update const in is approx lost by into resource entry size crc loc class program binds core.return"),
		types:    []string{"tensor"},
	}
	llvm = language{
		comment: ";", quotes: []string{`"`}, sigils: "%@!#",
		keywords: strings.Fields("define declare ret br label phi load store getelementptr call icmp fcmp select add sub mul sdiv srem udiv urem fadd fsub fmul fdiv fneg " +
			"and or xor shl lshr ashr sext zext trunc sitofp uitofp fptosi fptoui fpext fptrunc bitcast inbounds align nuw nsw to void target attributes " +
			"insertelement extractelement shufflevector undef poison zeroinitializer alloca switch unreachable"),
		types: strings.Fields("i1 i8 i16 i32 i64 half bfloat float double ptr x"),
	}
	metal = language{
		comment: "//", quotes: []string{`"`}, sigils: "#",
		keywords: strings.Fields("kernel void device constant threadgroup thread const if else for while return using namespace struct static inline break continue switch case"),
		types:    strings.Fields("float float2 float4 half half2 half4 bfloat bfloat2 bfloat4 int uint uint2 uint3 uint4 int2 int4 short ushort char uchar long ulong bool size_t"),
	}
)

// highlight gives lines [from, to) as spans. Lines before them are read where a text in quotes may span several.
func highlight(l language, lines []string, from, to int) [][]span {
	out := [][]span{}
	open, begin := "", from
	if slices.ContainsFunc(l.quotes, func(q string) bool { return len(q) > 1 }) {
		begin = 0
	}
	for i := begin; i < to; i++ {
		var spans []span
		if spans, open = l.line(lines[i], open); i >= from {
			out = append(out, spans)
		}
	}
	return out
}

// line reads one line, which may begin within quotes; it gives the quotes that are still open at its end.
func (l *language) line(s, open string) ([]span, string) {
	var spans []span
	add := func(class, text string) {
		if n := len(spans); n > 0 && spans[n-1][0] == class {
			spans[n-1][1] += text
		} else if text != "" {
			spans = append(spans, span{class, text})
		}
	}
	for s != "" {
		n, class := 1, plainText
		switch {
		case open != "":
			class = quoted
			if n = ending(s, open); n < 0 {
				n = len(s)
			} else {
				open = ""
			}
		case strings.HasPrefix(s, l.comment):
			n, class = len(s), comment
		case l.quote(s) != "":
			open = l.quote(s)
			n, class = len(open), quoted
		case strings.IndexByte(l.sigils, s[0]) >= 0 && len(s) > 1 && isWord(s[1]):
			n, class = 1+word(s[1:]), programName
		case s[0] >= '0' && s[0] <= '9':
			n, class = word(s), number
		case isWord(s[0]):
			n = word(s)
			class = l.class(s[:n], s[n:])
		}
		add(class, s[:n])
		s = s[n:]
	}
	if len(open) == 1 { // these end with the line
		open = ""
	}
	return spans, open
}

// quote is the longest of the quotes that a text begins with.
func (l *language) quote(s string) string {
	if at := slices.IndexFunc(l.quotes, func(q string) bool { return strings.HasPrefix(s, q) }); at >= 0 {
		return l.quotes[at]
	}
	return ""
}

func (l *language) class(name, rest string) string {
	switch {
	case slices.Contains(l.keywords, name):
		return keyword
	case slices.Contains(l.types, name):
		return typeName
	case strings.HasPrefix(rest, "("):
		return callName
	}
	return plainText
}

// ending is the length of a text up to the end of its quotes; -1 where they stay open.
func ending(s, quotes string) int {
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			i++
		} else if strings.HasPrefix(s[i:], quotes) {
			return i + len(quotes)
		}
	}
	return -1
}

// word is the length of the word that a text begins with; a dot is a part of it before a letter or a digit.
func word(s string) int {
	n := 0
	for n < len(s) && (isWord(s[n]) || s[n] == '.' && n+1 < len(s) && isWord(s[n+1])) {
		n++
	}
	return n
}

func isWord(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c >= 0x80
}
