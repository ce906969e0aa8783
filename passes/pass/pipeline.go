package pass

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// Pipeline is a list of passes in the order they run.
type Pipeline []*Pass

// String is the pipeline as text that parses back.
func (p Pipeline) String() string {
	parts := make([]string, len(p))
	for i, ps := range p {
		parts[i] = ps.String()
	}
	return strings.Join(parts, ", ")
}

// ArgKind is the form of an option's value in the text.
type ArgKind uint8

// The forms.
const (
	ArgNone   ArgKind = iota // a name alone
	ArgWord                  // a number, true, or a bare word
	ArgString                // in quotes
	ArgList                  // in brackets
)

// Arg is the value of an option as the text has it.
type Arg struct {
	Kind  ArgKind
	Word  string
	Items []Arg
}

// String is the value as the text spells it.
func (a Arg) String() string {
	switch a.Kind {
	case ArgString:
		return strconv.Quote(a.Word)
	case ArgList:
		items := make([]string, len(a.Items))
		for i, it := range a.Items {
			items[i] = it.String()
		}
		return "[" + strings.Join(items, ", ") + "]"
	case ArgNone:
		return "true"
	}
	return a.Word
}

// The grammar of a pipeline.
type (
	pipelineSyntax struct {
		Steps []*stepSyntax `parser:"( @@ ( ',' @@ )* ','? )?"`
	}
	stepSyntax struct {
		Pos     lexer.Position
		Named   string          `parser:"( '@' @Word"`
		Name    string          `parser:"| @Word )"`
		Options []*optionSyntax `parser:"( '{' ( @@ ( ',' @@ )* )? '}' )?"`
	}
	optionSyntax struct {
		Pos   lexer.Position
		Name  string       `parser:"@Word"`
		Value *valueSyntax `parser:"( '=' @@ )?"`
	}
	valueSyntax struct {
		String *string        `parser:"  @String"`
		Word   *string        `parser:"| @Word"`
		List   *[]valueSyntax `parser:"| '[' ( @@ ( ',' @@ )* )? ']'"`
	}
)

func pipelineParser() (*participle.Parser[pipelineSyntax], error) {
	lex, err := lexer.NewSimple([]lexer.SimpleRule{
		{Name: "String", Pattern: `"(\\.|[^"\\])*"`},
		{Name: "Word", Pattern: `[A-Za-z0-9_.+*/-]+`},
		{Name: "Punct", Pattern: `[@{}\[\],=]`},
		{Name: "space", Pattern: `\s+`},
	})
	if err != nil {
		return nil, err
	}
	return participle.Build[pipelineSyntax](participle.Lexer(lex), participle.Unquote("String"))
}

// GrammarEBNF is the grammar of a pipeline for the documentation.
func GrammarEBNF() string {
	p, err := pipelineParser()
	if err != nil {
		return err.Error()
	}
	return p.String()
}

// maxPipeline bounds the passes that named pipelines may unfold to.
const maxPipeline = 1000

// Parse reads a pipeline and makes its passes. Every mistake is reported, with the column where it stands.
func (s *Set) Parse(text string) (Pipeline, error) {
	p, err := s.parse(text, nil)
	if err != nil {
		return nil, err
	}
	return p, nil
}

func (s *Set) parse(text string, within []string) (Pipeline, error) {
	parser, err := pipelineParser()
	if err != nil {
		return nil, err
	}
	tree, err := parser.ParseString("", text)
	if err != nil {
		var perr participle.Error
		var odd *lexer.Error
		if errors.As(err, &odd) {
			return nil, fmt.Errorf("pipeline %q, column %d: %s", text, odd.Pos.Column, oddCharacter(text, odd.Pos.Offset))
		}
		if errors.As(err, &perr) {
			return nil, fmt.Errorf("pipeline %q, column %d: %s", text, perr.Position().Column, perr.Message())
		}
		return nil, fmt.Errorf("pipeline %q: %w", text, err)
	}
	var out Pipeline
	var errs []error
	for _, st := range tree.Steps {
		passes, err := s.step(st, within)
		if err != nil {
			errs = append(errs, fmt.Errorf("pipeline %q, column %d: %w", text, st.Pos.Column, err))
		}
		if out = append(out, passes...); len(out) > maxPipeline {
			return nil, fmt.Errorf("pipeline %q has more than %d passes", text, maxPipeline)
		}
	}
	return out, errors.Join(errs...)
}

// oddCharacter says what to do about a character that no word has.
func oddCharacter(text string, at int) string {
	const delimiters = "@{}[],= \t\n"
	found, _ := utf8.DecodeRuneInString(text[at:])
	if found == '"' {
		return "the quoted text that begins here has no end"
	}
	begin, end := strings.LastIndexAny(text[:at], delimiters)+1, strings.IndexAny(text[at:], delimiters)
	if end < 0 {
		end = len(text) - at
	}
	return fmt.Sprintf("found %q; a value with it needs quotes, such as %q", found, text[begin:at+end])
}

func (s *Set) step(st *stepSyntax, within []string) (Pipeline, error) {
	if st.Named != "" {
		text, ok := s.Pipeline(st.Named)
		switch {
		case !ok:
			return nil, fmt.Errorf("there is no pipeline @%s%s%s", st.Named, suggest(st.Named, s.pipelineNames(), "@"), s.pipelineList())
		case len(st.Options) > 0:
			return nil, fmt.Errorf("the pipeline @%s takes no options", st.Named)
		case slices.Contains(within, st.Named):
			return nil, fmt.Errorf("the pipeline @%s contains itself", st.Named)
		}
		return s.parse(text, append(within, st.Named))
	}
	p := s.Make(st.Name)
	if p == nil {
		return nil, fmt.Errorf("there is no pass `%s`%s; `aiopt help passes` lists them", st.Name, suggest(st.Name, s.Names(), ""))
	}
	var errs []error
	for _, o := range st.Options {
		arg := Arg{}
		if o.Value != nil {
			arg = o.Value.arg()
		}
		if err := p.Options.Set(p.Name, o.Name, arg); err != nil {
			errs = append(errs, err)
		}
	}
	return Pipeline{p}, errors.Join(errs...)
}

func (v *valueSyntax) arg() Arg {
	switch {
	case v.String != nil:
		return Arg{Kind: ArgString, Word: *v.String}
	case v.Word != nil:
		return Arg{Kind: ArgWord, Word: *v.Word}
	}
	a := Arg{Kind: ArgList}
	if v.List != nil {
		for _, it := range *v.List {
			a.Items = append(a.Items, it.arg())
		}
	}
	return a
}

// suggest gives "; did you mean x?" for the nearest name, if one is near.
func suggest(name string, names []string, prefix string) string {
	best := Nearest(name, names)
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %s%s?", prefix, best)
}

// Nearest finds the name that a mistyped one probably means; empty where none is near: a third of the letters, those of a
// namespace before a dot not counted, may be wrong.
func Nearest(name string, names []string) string {
	own := name[strings.IndexByte(name, '.')+1:]
	best, bestDist := "", max(1, len(own)/3)
	for _, n := range names {
		if d := distance(name, n); d <= bestDist && (best == "" || d < bestDist) {
			best, bestDist = n, d
		}
	}
	return best
}

// distance counts the single-letter edits between two words (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			next := min(row[j+1]+1, row[j]+1, diagonal+1)
			if a[i] == b[j] {
				next = min(next, diagonal)
			}
			diagonal, row[j+1] = row[j+1], next
		}
	}
	return row[len(b)]
}
