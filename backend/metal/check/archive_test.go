package check

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/aiopt/aiopt/backend/metal/check/checktest"
)

func archives(t *testing.T, kind string) map[string]*txtar.Archive {
	t.Helper()
	paths, err := filepath.Glob("testdata/" + kind + "/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no archives of %s: %v", kind, err)
	}
	list := map[string]*txtar.Archive{}
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		list[strings.TrimSuffix(filepath.Base(p), ".txtar")] = txtar.Parse(data)
	}
	return list
}

func tools(t testing.TB) *Tools {
	t.Helper()
	found, err := Find()
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// dispatches reads those of an archive.
func dispatches(t *testing.T, a *txtar.Archive) []*checktest.Case {
	t.Helper()
	cases, err := checktest.Parse(checktest.Part(a, "dispatches"))
	if err != nil {
		t.Fatal(err)
	}
	return cases
}

// dispatchOfCase gives a dispatch whose buffers are its own.
func dispatchOfCase(c *checktest.Case) Dispatch {
	d := Dispatch{Launch: c.Launch, Threads: c.Threads}
	for _, a := range c.Args {
		d.Args = append(d.Args, Arg{append([]byte{}, a.Bytes...), a.Extents})
	}
	return d
}

var modes = []Options{
	{Order: Forward, Checked: true}, {Order: Reversed, Checked: true}, {Order: Shuffled, Seed: 7, Checked: true}, {Order: Forward},
}

func (o Options) name() string {
	return fmt.Sprintf("order %d checked %v", o.Order, o.Checked)
}

// TestShim runs the header's functions on values whose results are written down, with nothing to report.
func TestShim(t *testing.T) { testRight(t, "shim") }

func testRight(t *testing.T, kind string) {
	tools := tools(t)
	for name, a := range archives(t, kind) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := Compile(context.Background(), tools, Source{name + ".metal", checktest.Part(a, "kernels.metal")})
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range dispatches(t, a) {
				for _, o := range modes {
					if testing.Short() && o.Order != Reversed {
						continue
					}
					d := dispatchOfCase(c)
					r, err := p.Run(context.Background(), d, o)
					if err != nil {
						t.Fatalf("dispatches:%d: %s: %v", c.Line, o.name(), err)
					}
					for _, found := range r.Diagnostics {
						t.Errorf("dispatches:%d: %s: %s", c.Line, o.name(), found)
					}
					for _, e := range c.Expected {
						if err := e.Compare(d.Args[e.Arg].Bytes); err != nil {
							t.Errorf("dispatches:%d: %s, %s: %s: %v", c.Line, d.Launch.Function, d.Launch.Params[e.Arg].Name, o.name(), err)
						}
					}
				}
			}
		})
	}
}
