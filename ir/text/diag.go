package text

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/ir"
)

// Diagnostic is one mistake in a text.
type Diagnostic struct {
	Pos      ir.Pos // counted from 1, columns in bytes; zero where the mistake has no place
	Message  string // what is wrong
	Found    string // what stands there; may be empty
	Expected string // what could stand there; may be empty
	Hint     string // what to try; may be empty

	syntax bool // the text is not of the grammar's form; otherwise its meaning is wrong
}

// Text is the message with what was found and expected, without the place.
func (d Diagnostic) Text() string {
	s := d.Message
	if d.Found != "" {
		s += ": found " + d.Found
		if d.Expected != "" {
			s += ", expected " + d.Expected
		}
	} else if d.Expected != "" {
		s += ": expected " + d.Expected
	}
	return s
}

// Diagnostics are the mistakes in one text. As an error they print with the lines they are about.
type Diagnostics struct {
	File string
	List []Diagnostic

	src   string
	lines []int // where each line starts; made when first needed
}

// maxDiagnostics ends the search for more mistakes: beyond it they are consequences of earlier ones.
const maxDiagnostics = 50

// NewDiagnostics makes an empty list for a text, to which [Diagnostics.Add] adds what a verifier found.
func NewDiagnostics(file string, src []byte) *Diagnostics {
	return &Diagnostics{File: file, src: string(src)}
}

// Add adds a mistake found after parsing.
func (ds *Diagnostics) Add(pos ir.Pos, message, hint string) {
	ds.add(Diagnostic{Pos: pos, Message: message, Hint: hint})
}

func (ds *Diagnostics) add(d Diagnostic) {
	d.Message, d.Hint = clip(d.Message, 500), clip(d.Hint, 500) // they may quote any length of text
	if len(ds.List) <= maxDiagnostics {
		ds.List = append(ds.List, d)
	}
}

func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}

func (ds *Diagnostics) full() bool { return len(ds.List) > maxDiagnostics }

// Err gives the list as an error in the order of the text, or nil where it is empty.
func (ds *Diagnostics) Err() error {
	if len(ds.List) == 0 {
		return nil
	}
	slices.SortStableFunc(ds.List, func(a, b Diagnostic) int {
		if a.Pos.Line != b.Pos.Line {
			return a.Pos.Line - b.Pos.Line
		}
		return a.Pos.Col - b.Pos.Col
	})
	return ds
}

// Error prints every mistake: place, message, source line, caret, hint.
func (ds *Diagnostics) Error() string {
	var b strings.Builder
	for i, d := range ds.List {
		if i == maxDiagnostics {
			b.WriteString("\ntoo many errors")
			break
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		ds.format(&b, d)
	}
	return b.String()
}

func (ds *Diagnostics) format(b *strings.Builder, d Diagnostic) {
	if ds.File != "" {
		b.WriteString(ds.File + ":")
	}
	if d.Pos.Line > 0 {
		fmt.Fprintf(b, "%d:%d:", d.Pos.Line, d.Pos.Col)
	}
	if ds.File != "" || d.Pos.Line > 0 {
		b.WriteByte(' ')
	}
	b.WriteString("error: " + d.Text())
	if line, ok := ds.line(d.Pos.Line); ok {
		excerpt, caret := window(line, d.Pos.Col-1)
		b.WriteString("\n    " + excerpt + "\n    " + caret + "^")
	}
	if d.Hint != "" {
		b.WriteString("\nhint: " + d.Hint)
	}
}

func (ds *Diagnostics) line(n int) (string, bool) {
	if ds.lines == nil {
		ds.lines = []int{0}
		for i := 0; i < len(ds.src); i++ {
			if ds.src[i] == '\n' {
				ds.lines = append(ds.lines, i+1)
			}
		}
	}
	if n < 1 || n > len(ds.lines) {
		return "", false
	}
	line := ds.src[ds.lines[n-1]:]
	if end := strings.IndexByte(line, '\n'); end >= 0 {
		line = line[:end]
	}
	return strings.TrimSuffix(line, "\r"), true
}

// window cuts a long line around a column, and gives the blanks that put a caret under it.
func window(line string, col int) (excerpt, indent string) {
	const before, length = 80, 160
	col = min(max(col, 0), len(line))
	prefix, suffix := "", ""
	if len(line) > length {
		from := max(0, col-before)
		to := min(len(line), from+length)
		if from > 0 {
			prefix = "..."
		}
		if to < len(line) {
			suffix = "..."
		}
		line, col = line[from:to], col-from
	}
	var pad strings.Builder
	pad.WriteString(strings.Repeat(" ", len(prefix)))
	for _, r := range strings.ToValidUTF8(line[:col], "?") {
		if r != '\t' {
			r = ' '
		}
		pad.WriteRune(r)
	}
	return prefix + strings.ToValidUTF8(line, "?") + suffix, pad.String()
}

// nearest gives the candidate that a misspelt name most likely means; empty where none is close.
func nearest(name string, candidates []string) string {
	best, bestDist := "", max(1, min(3, len(name)/3))+1
	for _, c := range candidates {
		if d := editDistance(name, c, bestDist); d < bestDist {
			best, bestDist = c, d
		}
	}
	return best
}

// editDistance counts insertions, deletions, replacements and swaps of neighbours, giving up at limit.
func editDistance(a, b string, limit int) int {
	if len(a) > 200 || len(b) > 200 || max(len(a)-len(b), len(b)-len(a)) >= limit {
		return limit
	}
	before, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], before[j-2]+1)
			}
		}
		before, prev, cur = prev, cur, before
	}
	return min(prev[len(b)], limit)
}

func didYouMean(name string, candidates []string) string {
	if n := nearest(name, candidates); n != "" {
		return "did you mean " + n + "?"
	}
	return ""
}
