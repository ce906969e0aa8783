package pass

import (
	"strings"
	"testing"

	"github.com/aiopt/aiopt/ir"
)

// testSet has passes with every kind of option and a named pipeline.
func testSet(t testing.TB) *Set {
	s := &Set{}
	add := func(make func() *Pass) {
		if err := s.Add(make); err != nil {
			t.Fatal(err)
		}
	}
	add(func() *Pass {
		p := &Pass{Name: "w4", Doc: "Compress weights.", Run: func(*Context, *ir.Module) error { return nil }}
		p.Options.Int("group", 0, "elements of a group")
		p.Options.Strings("ignore", "what stays")
		return p
	})
	add(func() *Pass {
		p := &Pass{Name: "layout", Doc: "Change the layout."}
		p.Options.String("to", "channels-last", "the layout", "channels-last", "channels-first")
		p.Options.Bool("force", false, "always")
		p.Options.Float("gain", 1.5, "least gain")
		return p
	})
	add(func() *Pass {
		p := &Pass{Name: "sizes", Doc: "Fix sizes."}
		p.Options.String("function", "", "where")
		p.Options.AnyInt("SIZE", "the size of a name")
		return p
	})
	if err := s.AddPipeline("cpu", "for the CPU", "w4, layout"); err != nil {
		t.Fatal(err)
	}
	if err := s.AddPipeline("loop", "contains itself", "w4, @loop"); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestParsePipeline(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"w4", "w4"},
		{"w4,layout", "w4, layout"},
		{" w4 { group = 32 } , layout{to=channels-first,force} ", "w4{group=32}, layout{to=channels-first, force=true}"},
		{`w4{ignore="a.*"}`, `w4{ignore="a.*"}`},
		{`w4{ignore=["a.*", b]}`, `w4{ignore=["a.*", b]}`},
		{"layout{gain=2.5, force=false}", "layout{force=false, gain=2.5}"},
		{"@cpu, w4", "w4, layout, w4"},
		{"sizes{S=3, B=1, function=f}", "sizes{function=f, S=3, B=1}"},
	} {
		p, err := testSet(t).Parse(c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if got := p.String(); got != c.want {
			t.Errorf("%q gives %q, expected %q", c.text, got, c.want)
		}
	}
}

func TestParsePipelineErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"w4{grp=32}", "w4 has no option `grp`; it has group, ignore"},
		{"w4{group=x}", "w4: option `group`: expected an integer, found x"},
		{"w4{group=1, group=2}", "option `group` is given twice"},
		{"w5", "there is no pass `w5`; did you mean w4?"},
		{"layout{to=sideways}", "expected one of channels-last, channels-first, found sideways"},
		{"layout{force=3}", "expected true or false"},
		{"w4 layout", "column 4"},
		{"w4{", "column"},
		{"@cp", "there is no pipeline @cp; did you mean @cpu?; there is @cpu, @"},
		{"@cuda", "there is no pipeline @cuda; there is @cpu, @"},
		{"@cpu{group=1}", "takes no options"},
		{"@loop", "contains itself"},
		{"sizes{S=x}", "sizes: option `S`: expected an integer, found x"},
		{"sizes{S=1, B=2, S=1}", "option `S` is given twice"},
		{"sizes{function=f, function=f}", "option `function` is given twice"},
		{"w4;", "column 3"},
		{"w5, w6", "no pass `w6`"},
	} {
		_, err := testSet(t).Parse(c.text)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: found error %v, expected one with %q", c.text, err, c.want)
		}
	}
}

func TestSetRefusesDuplicates(t *testing.T) {
	s := testSet(t)
	err := s.Add(func() *Pass { return &Pass{Name: "w4"} })
	if err == nil || strings.Count(err.Error(), "pipeline_test.go:") != 2 {
		t.Errorf("found error %v, expected one that names both places", err)
	}
	if err := s.AddPipeline("cpu", "", "w4"); err == nil {
		t.Error("a pipeline was added twice without an error")
	}
}

// TestRunnerNamesTheCulprit holds the runner to naming the pass that leaves an invalid module, and to catching panics.
func TestRunnerNamesTheCulprit(t *testing.T) {
	ret := &ir.OpDef{Name: "core.return", Operands: []ir.Arg{ir.Many("values", ir.AnyElem)}, Traits: ir.Terminator}
	module := func() *ir.Module {
		f := &ir.Func{Name: "main"}
		f.Append(ir.NewOp(ret, nil, nil, nil, nil, ir.Unknown))
		return &ir.Module{Name: "m", Funcs: []*ir.Func{f}}
	}
	for _, c := range []struct {
		name string
		run  func(*Context, *ir.Module) error
		want string
	}{
		{"good", func(*Context, *ir.Module) error { return nil }, ""},
		{"spoiler", func(_ *Context, m *ir.Module) error { m.Funcs[0].Ops = nil; return nil }, "pass spoiler left an invalid module"},
		{"bang", func(*Context, *ir.Module) error { panic("boom") }, "pass bang: internal error: boom"},
	} {
		failed := 0
		r := Runner{KeepBefore: true, Hooks: []Hook{{Failed: func(_ *Context, before *ir.Module, rest Pipeline, _ error) {
			if failed++; before == nil || len(rest) != 1 {
				t.Errorf("%s: the hook was told of %v, %v", c.name, before, rest)
			}
		}}}}
		err := r.Run(&Context{Context: t.Context()}, module(), Pipeline{{Name: c.name, Run: c.run}})
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || failed != 1):
			t.Errorf("%s: found error %v and %d calls of the hook, expected %q and 1", c.name, err, failed, c.want)
		}
	}
}

// FuzzPipeline: any text parses or gives an error, and what parsed prints to text that parses to the same.
func FuzzPipeline(f *testing.F) {
	for _, s := range []string{"w4", "w4{group=32}, layout", `w4{ignore=["a", b]}`, "@cpu", "@loop", "layout{force}", "w4{", "\"", "w4{group=99999999999999999999}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		set := testSet(t)
		p, err := set.Parse(text)
		if err != nil {
			return
		}
		q, err := set.Parse(p.String())
		if err != nil {
			t.Fatalf("%q printed as %q, which does not parse: %v", text, p.String(), err)
		}
		if q.String() != p.String() {
			t.Fatalf("%q printed as %q and then as %q", text, p.String(), q.String())
		}
	})
}
