package airtest

import (
	"context"
	"errors"
	"testing"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/programs"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/text"
)

// Examples runs the example of every operation of the named dialects, or of all, on every backend of the toolkit. Each
// operation must have documentation, a meaning and, unless it owns bodies or ends functions, an example.
func Examples(t *testing.T, tk *aiopt.Toolkit, dialects ...string) {
	t.Helper()
	if err := tk.Err(); err != nil {
		t.Fatal(err)
	}
	wanted := map[string]bool{}
	for _, d := range dialects {
		wanted[d] = true
	}
	for _, d := range tk.Ops.Dialects {
		if len(dialects) > 0 && !wanted[d.Name] {
			continue
		}
		delete(wanted, d.Name)
		for _, def := range d.Ops {
			examine(t, tk, def)
		}
	}
	for name := range wanted {
		t.Errorf("the toolkit has no dialect %q", name)
	}
}

func examine(t *testing.T, tk *aiopt.Toolkit, def *ir.OpDef) {
	if def.Doc == "" {
		t.Errorf("%s has no documentation", def.Name)
	}
	if def.Traits.Has(ir.Open) {
		return // no meaning of its own
	}
	if def.Eval == nil && def.Expand == nil {
		t.Errorf("%s has neither Eval nor Expand", def.Name)
	}
	if def.Example == "" {
		if len(def.Bodies) == 0 && !def.Traits.Has(ir.Terminator) && !oneLineIsNotEnough[def.Name] {
			t.Errorf("%s has no example", def.Name)
		}
		return
	}
	for _, b := range tk.Backends {
		t.Run(def.Name+"/"+b.Name(), func(t *testing.T) {
			list, err := ParseExamples(def)
			if err != nil {
				t.Fatal(err)
			}
			for _, ex := range list {
				runExample(t, tk, b, ex)
			}
		})
	}
}

// oneLineIsNotEnough are the operations whose use needs more of a module than themselves.
var oneLineIsNotEnough = map[string]bool{"core.bind": true, "core.call": true}

func runExample(t *testing.T, tk *aiopt.Toolkit, b backend.Backend, ex *Example) {
	m, err := text.Parse("example.air", []byte(ex.Text), tk.Ops)
	if err != nil {
		t.Fatalf("%v\n%s", err, ex.Text)
	}
	if err := ir.Verify(m); err != nil {
		t.Fatalf("%v\n%s", err, ex.Text)
	}
	p, err := b.Compile(context.Background(), m, backend.Options{})
	var missing *programs.Missing
	if errors.As(err, &missing) && missing.System {
		return // an engine of other systems
	}
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.NewSession().Call(context.Background(), "main", ex.Inputs, nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, ex.Text)
	}
	for i, want := range ex.Want {
		if i >= len(out) {
			t.Fatalf("the example expects %d results, found %d", len(ex.Want), len(out))
		}
		if err := Check(out[i], want); err != nil {
			t.Errorf("result %d: %v\n%s", i, err, ex.Text)
		}
	}
}
