package tests

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/tools/graph"
)

// TestGraphs draws every function of the models of the corpus with all modules open, as it was imported and fused.
func TestGraphs(t *testing.T) {
	t.Parallel()
	c := openCorpus(t, "models")
	cases := c.cases
	if testing.Short() {
		cases = every(20, cases)
	}
	reasons := make([]error, len(cases))
	host.InParallel(runtime.GOMAXPROCS(0), len(cases), func(i int) { reasons[i] = c.draw(cases[i]) })
	for i, k := range cases {
		if reasons[i] != nil {
			t.Errorf("%s: %v", k.Name, reasons[i])
		}
	}
}

func (c *unpacked) draw(k corpusCase) error {
	tk := aiopt.Standard()
	m, err := tk.Load(filepath.Join(c.dir, k.Name+".pt2"), aiopt.LoadOptions{})
	if err != nil {
		return err
	}
	for _, pipeline := range []string{"", "decompose,fuse"} {
		if err := tk.Build(context.Background(), m, pipeline, aiopt.BuildOptions{}); err != nil {
			return nil // which models do not lower is known to TestCorpus
		}
		for _, f := range m.Funcs {
			if err := drawn(m, f); err != nil {
				return fmt.Errorf("@%s after %q: %w", f.Name, pipeline, err)
			}
		}
	}
	return nil
}

// drawn checks that each operation has a place and a box, that no two boxes side by side overlap, and that the picture is XML.
func drawn(m *ir.Module, f *ir.Func) error {
	tree := graph.NewTree(m, f)
	open := tree.ToDepth(0, -1)
	for n := range tree.Len() {
		open[graph.Node(n)] = true
	}
	s := tree.Layout(open)
	shown := map[graph.Node]bool{}
	side := map[int32][]graph.Box{}
	for _, b := range s.Boxes {
		shown[b.Node] = true
		side[b.In] = append(side[b.In], b)
	}
	var errs []error
	f.WithBodies(func(f *ir.Func) {
		for _, op := range f.Ops {
			if n := tree.Of(op); !op.Def.Traits.Has(ir.Terminator) && (n == graph.None || !shown[n] && tree.Kind[n] != graph.Constant) {
				errs = append(errs, fmt.Errorf("%s has no place", op.Describe()))
			}
		}
	})
	for _, list := range side {
		for i, a := range list {
			for _, b := range list[:i] {
				if a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H {
					errs = append(errs, fmt.Errorf("boxes of the nodes %d and %d overlap", a.Node, b.Node))
				}
			}
		}
	}
	var svg bytes.Buffer
	errs = append(errs, graph.WriteSVG(&svg, tree, s, graph.Style{}))
	for d := xml.NewDecoder(&svg); ; {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			errs = append(errs, err)
			break
		}
	}
	return errors.Join(errs...)
}
