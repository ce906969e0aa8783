package tests

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/lower"
	"github.com/aiopt/aiopt/tools/cli"
)

// importedToolkit knows the custom operators of tests/imported.py. One that changes arguments stands for its functional
// form: its lowering gives the operator's results and then the new values of those arguments.
func importedToolkit() *aiopt.Toolkit {
	return aiopt.Standard().
		AddLowering("mylib.pure", func(c *lower.Call) ([]*ir.Value, error) {
			return []*ir.Value{c.AddN(c.MulN(c.Value("x"), c.Float("a")), 1)}, nil
		}).
		AddLowering("mylib.fill_", func(c *lower.Call) ([]*ir.Value, error) {
			return []*ir.Value{c.AddN(c.MulN(c.Value("x"), 0), c.Float("v"))}, nil
		}).
		AddLowering("mylib.opt_", func(c *lower.Call) ([]*ir.Value, error) {
			out := []*ir.Value{c.AddN(c.Value("x"), 1)}
			if y := c.Maybe("y"); y != nil {
				out = append(out, c.AddN(y, 2))
			}
			return out, nil
		}).
		AddLowering("mylib.all_", func(c *lower.Call) ([]*ir.Value, error) {
			var out []*ir.Value
			for _, x := range c.Values("xs") {
				out = append(out, c.MulN(x, c.Float("s")))
			}
			return out, nil
		}).
		AddLowering("mylib.two_", func(c *lower.Call) ([]*ir.Value, error) {
			a := c.MulN(c.Value("a"), c.Float("s"))
			b := c.Add(c.Value("b"), a)
			return []*ir.Value{c.Sub(a, b), a, b}, nil
		}).
		AddLowering("mylib.bump_", lowerBump)
}

// lowerBump writes new into cache from begin on, along the axis before the last, and gives the cache as its result too.
func lowerBump(c *lower.Call) ([]*ir.Value, error) {
	cache, update, begin := c.Value("cache"), c.Value("new"), c.Int("begin")
	axis := cache.Type.Rank() - 2
	rows, _ := cache.Type.Shape[axis].IsConst()
	count, _ := update.Type.Shape[axis].IsConst()
	part := func(start, stop int) *ir.Value {
		return c.One(tensor.Slice, ir.Attrs{ir.Set("axis", ir.Int(axis)), ir.Set("start", ir.Int(start)), ir.Set("stop", ir.Int(stop))}, cache)
	}
	next := c.One(tensor.Concat, ir.Attrs{ir.Set("axis", ir.Int(axis))}, part(0, begin), update, part(begin+int(count), int(rows)))
	return []*ir.Value{next, next}, nil
}

// TestImported runs programs that change memory, keep state or return odd things, from the archive and from the text that
// it is imported to. The names and places of what they take and give are PyTorch's.
func TestImported(t *testing.T) {
	t.Parallel()
	c := openCorpus(t, "imported")
	if len(c.cases) < 40 {
		t.Fatalf("found %d programs, expected 40 or more", len(c.cases))
	}
	run := func(args ...string) error {
		var stderr bytes.Buffer
		if code := cli.Run(t.Context(), importedToolkit(), append([]string{"aiopt"}, args...), io.Discard, &stderr); code != 0 {
			return fmt.Errorf("exit code %d: %s", code, strings.TrimSpace(stderr.String()))
		}
		return nil
	}
	cases := c.cases
	if testing.Short() {
		cases = every(6, cases)
	}
	for _, k := range cases {
		t.Run(k.Name, func(t *testing.T) {
			base := filepath.Join(c.dir, k.Name)
			if err := run(base+".pt2", "-passes=@cpu", "-o", base+".air"); err != nil {
				t.Fatal(err)
			}
			for _, model := range []string{base + ".pt2", base + ".air"} {
				out := model + ".got.safetensors"
				if err := run("run", model, "--io=position", "--inputs="+base+".in.safetensors", "--outputs="+out); err != nil {
					t.Fatal(err)
				}
				if err := c.compare(k, out); err != nil {
					t.Errorf("%s: %v", filepath.Ext(model), err)
				}
			}
		})
	}
}
