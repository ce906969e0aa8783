package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/atomicfile"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/tools/graph"
)

func graphCommand() command {
	return command{
		name:  "graph",
		usage: "[flags] --svg=FILE|--dot=FILE MODEL.{airpkg,air,pt2}",
		doc:   "Draw a function as a picture: its PyTorch modules, operations and the tensors between them.",
		long: `Modules are open as far as about 80 boxes show; --depth opens more or less, and --module draws one of them alone. A value that many
boxes take, or one far below, is drawn as short ends with its name. The picture is of the model as it was imported; with -passes, of
what the passes make of it. docs/debugging.md says more.`,
		setup: func(t *tool, fs *pflag.FlagSet) func(context.Context, []string) error {
			c := &drawing{tool: t, flags: passFlags{tool: t}}
			c.flags.declare(fs)
			fs.StringVar(&c.svg, "svg", "", "write a picture to this file; - is the output")
			fs.StringVar(&c.dot, "dot", "", "write a graph for Graphviz to this file; - is the output")
			fs.StringVar(&c.function, "function", "", "the function to draw; by default the first")
			fs.StringVar(&c.module, "module", "", "draw only the module with this path, such as encoder.layers.3")
			fs.IntVar(&c.depth, "depth", 0, "how deep modules are open: 1 shows the outermost closed, -1 opens all; 0: as deep as is easy to read")
			return c.run
		},
	}
}

// easy is how many boxes are easy to read.
const easy = 80

type drawing struct {
	*tool
	flags                      passFlags
	svg, dot, function, module string
	depth                      int
}

func (c *drawing) run(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return usagef("expected one model, found %d; `%s graph --help` shows how it goes", len(args), c.name)
	}
	if c.svg == "" && c.dot == "" {
		return usagef("expected --svg=FILE or --dot=FILE; --svg=- prints the picture")
	}
	if c.depth < -1 {
		return usagef("--depth=%d: expected -1 or more", c.depth)
	}
	if err := c.flags.check(args); err != nil {
		return err
	}
	if c.svg == "-" && c.dot == "-" {
		return usagef("--svg=- and --dot=-: only one can be the output")
	}
	if err := errors.Join(checkEnding("--svg", c.svg, ".svg"), checkEnding("--dot", c.dot, ".dot", ".gv")); err != nil {
		return err
	}
	for _, path := range []string{c.svg, c.dot} {
		if path != "" && path != "-" {
			if err := atomicfile.Check(path); err != nil {
				return err
			}
		}
	}
	m, err := c.load([]aiopt.File{{Path: args[0]}}, nil)
	if err != nil {
		return err
	}
	if err := c.flags.build(ctx, m, c.flags.pipeline, samplesFlags{}); err != nil {
		return err
	}
	f, err := c.chosen(m)
	if err != nil {
		return err
	}
	t := graph.NewTree(m, f)
	n := t.Find(c.module)
	if n == graph.None || t.Kind[n] != graph.Module && c.module != "" {
		return c.noModule(t, f)
	}
	open := t.ToDepth(n, c.depth)
	if c.depth == 0 {
		open = t.ToFit(n, easy)
	}
	s := t.LayoutOf(n, open)
	err = c.write(c.svg, func(w io.Writer) error { return graph.WriteSVG(w, t, s, graph.Style{}) })
	if err == nil {
		err = c.write(c.dot, func(w io.Writer) error { return graph.WriteDOT(w, t, s, graph.Style{}) })
	}
	return err
}

// checkEnding refuses the name of a file that would not say what is in it.
func checkEnding(flag, path string, endings ...string) error {
	if path == "" || path == "-" || slices.Contains(endings, filepath.Ext(path)) {
		return nil
	}
	return usagef("%s=%s: expected a name that ends in %s", flag, path, strings.Join(endings, " or "))
}

// noModule says which module may have been meant.
func (c *drawing) noModule(t *graph.Tree, f *ir.Func) error {
	var paths []string
	for n := range t.Kind {
		if t.Kind[n] == graph.Module {
			paths = append(paths, t.Text(t.Name[n]))
		}
	}
	hint := "; it has none"
	if near := pass.Nearest(c.module, paths); near != "" {
		hint = fmt.Sprintf("; did you mean %s?", near)
	} else if len(paths) > 0 {
		hint = fmt.Sprintf("; expected a path such as %s", paths[0])
	}
	return fmt.Errorf("--module=%s: @%s has no operations in such a module%s", c.module, f.Name, hint)
}

// chosen is the function to draw.
func (c *drawing) chosen(m *ir.Module) (*ir.Func, error) {
	var names []string
	for _, f := range m.Funcs {
		if c.function == "" || f.Name == c.function {
			return f, nil
		}
		names = append(names, f.Name)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("the model has no functions")
	}
	return nil, usagef("--function=%s: there is no such function; there is %s", c.function, strings.Join(names, ", "))
}

func (c *drawing) write(path string, draw func(io.Writer) error) error {
	switch path {
	case "":
		return nil
	case "-":
		return draw(c.stdout)
	}
	return atomicfile.Write(path, func(f *os.File) error { return draw(f) })
}
