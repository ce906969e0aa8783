package cli

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"

	"github.com/spf13/pflag"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/asset"
	"github.com/aiopt/aiopt/tools/inspect"
)

func inspectCommand() command {
	return command{
		name:  "inspect",
		usage: "[flags] MODEL.{airpkg,air,pt2}",
		doc:   "Show what is in a model: functions, sizes of weights, operations, and where it comes from.",
		long: `Parameters are floating point numbers; a compressed weight counts as many as it stands for. Bits per weight are all bits
that stand for parameters, scales and tables included, over their number. Modules are those of the PyTorch model.

With --json, one JSON object for scripts is printed; docs/asset.md lists its keys.`,
		setup: func(t *tool, fs *pflag.FlagSet) func(context.Context, []string) error {
			c := &inspector{tool: t}
			fs.BoolVar(&c.verify, "verify", false, "read all data and compare it with its checksums")
			fs.BoolVar(&c.json, "json", false, "print JSON")
			fs.IntVar(&c.depth, "depth", 2, "how deep modules are listed")
			return c.run
		},
	}
}

type inspector struct {
	*tool
	verify bool
	json   bool
	depth  int
}

func (c *inspector) run(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return usagef("expected one model, found %d; `%s inspect --help` shows how it goes", len(args), c.name)
	}
	if c.depth < 0 {
		return usagef("--depth=%d: expected 0 or more", c.depth)
	}
	path := args[0]
	m, a, err := c.open(path)
	if err != nil {
		return err
	}
	s := inspect.Of(m, path, c.depth)
	if a != nil {
		defer a.Close()
		s.Origin, s.Entries = a.Manifest.Origin, a.Manifest.Entries
	}
	if c.verify {
		if err := c.readAll(ctx, m, a); err != nil {
			return err
		}
		s.Verified = true
	}
	if c.json {
		e := json.NewEncoder(c.stdout)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(s)
	}
	v := view{w: c.stdout, colour: c.bright}
	v.summary(s)
	return v.err
}

// open reads a model; of an asset it gives the file, too.
func (c *inspector) open(path string) (*ir.Module, *asset.Asset, error) {
	if filepath.Ext(path) != ".airpkg" {
		m, err := c.load([]aiopt.File{{Path: path}}, nil)
		return m, nil, err
	}
	a, err := asset.Open(path)
	if err != nil {
		return nil, nil, err
	}
	m, err := c.LoadAsset(a)
	if err != nil {
		a.Close()
		return nil, nil, err
	}
	return m, a, nil
}

// readAll holds all data against its checksums; every damaged tensor is named.
func (c *inspector) readAll(ctx context.Context, m *ir.Module, a *asset.Asset) error {
	bar := c.newProgress()
	defer bar.finish()
	var errs []error
	seen := map[*ir.Source]bool{}
	for i, r := range m.Resources {
		if err := ctx.Err(); err != nil {
			return err
		}
		bar.step("checking tensors", i, len(m.Resources))
		if src := r.Source; !seen[src] && !src.Elided {
			seen[src] = true
			_, err := src.Bytes()
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil || a == nil {
		return err
	}
	return a.Verify()
}
