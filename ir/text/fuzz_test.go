package text

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/ir"
	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// anyRegistry knows the operations of the goldens as open ones, which take all attributes.
func anyRegistry(t testing.TB) *ir.Registry {
	t.Helper()
	reg := &ir.Registry{}
	for _, d := range []struct{ dialect, ops string }{
		{"core", "constant dim bind cond return"}, {"nn", "linear relu norm"}, {"tensor", "sort"}, {"torch", "call"},
	} {
		dialect := &ir.Dialect{Name: d.dialect}
		for _, op := range strings.Fields(d.ops) {
			dialect.Ops = append(dialect.Ops, &ir.OpDef{Name: d.dialect + "." + op, Version: 2, Traits: ir.Open})
		}
		var err error
		if reg, err = ir.NewRegistry(append(reg.Dialects, dialect)...); err != nil {
			t.Fatal(err)
		}
	}
	return reg
}

// FuzzParse: nothing panics; what parses prints, and what is printed parses to the same text; and the hand-written
// reader of bodies accepts exactly what the tag form of their grammar accepts.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/roundtrip/*.txtar", "testdata/errors/*.air"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatalf("no seeds in %s: %v", pattern, err)
		}
		for _, file := range files {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				f.Fatal(err)
			}
			if len(ar.Files) == 0 {
				f.Add(string(ar.Comment))
			}
			for _, section := range ar.Files {
				f.Add(string(section.Data))
			}
		}
	}
	reg, oracle := anyRegistry(f), newOracle()
	f.Fuzz(func(t *testing.T, src string) {
		for _, body := range bodiesOf(src) {
			p := newParser("fuzz.air", []byte(src), reg)
			b := p.bodyReader(body.Pos.Offset, len(body.Value), body.Pos.Line, body.Pos.Column)
			b.body(newScope(&ir.Func{}, nil, 8))
			if p.diags.full() {
				continue
			}
			hand := true
			for _, d := range p.diags.List {
				hand = hand && !d.syntax
			}
			_, err := oracle.ParseString("", body.Value)
			if hand != (err == nil) {
				t.Fatalf("the reader says %v, the grammar %v:\n%s", p.diags.Err(), err, body.Value)
			}
		}
		m, err := Parse("fuzz.air", []byte(src), reg)
		if err != nil {
			if err.Error() == "" {
				t.Fatal("an error without text")
			}
			return
		}
		printed := Sprint(m)
		again, err := Parse("again.air", []byte(printed), reg)
		if err != nil {
			t.Fatalf("what was printed does not parse: %v\n%s", err, printed)
		}
		if d := cmp.Diff(printed, Sprint(again)); d != "" {
			t.Fatalf("printed twice (-first +second):\n%s", d)
		}
	})
}
