package passes

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/passes/recipe"
)

// Compress is the pass `compress`, such as compress{config="recipe.yaml"} or compress{preset=4bit}.
func Compress() *pass.Pass {
	p := &pass.Pass{
		Name: "compress",
		Doc: "Compress weights as a configuration says, in the YAML of coreai-opt, or as a preset that has a name elsewhere. " +
			"docs/recipes.md explains configurations.",
		Lossy:        &pass.Lossy{},
		NeedsLowered: true,
	}
	var names []string
	doc := "instead of config, one scheme for all weights"
	for _, s := range recipe.Presets() {
		names = append(names, s.Name)
		doc += fmt.Sprintf("; %s: %s (%s)", s.Name, s.Doc, s.Of)
	}
	config := p.Options.File("config", "a YAML file, relative to the working directory")
	preset := p.Options.String("preset", "", doc, append([]string{""}, names...)...)
	compat := p.Options.String("compat", "none", "coreai: the same codes as coreai-opt gives; as `compat: coreai` in the configuration", "none", "coreai")
	only := declareFilter(&p.Options)
	p.Run = func(ctx *pass.Context, m *ir.Module) error {
		switch {
		case (*config == "") == (*preset == ""):
			return errors.New("expected one of config=\"FILE.yaml\" and preset=NAME; `help pass compress` lists the presets")
		case *config != "":
			r, err := readRecipe(*config, recipe.Options{CoreAI: *compat == "coreai"})
			if err != nil {
				return err
			}
			return followRecipe(ctx, m, r, only)
		}
		for _, s := range recipe.Presets() {
			if s.Name == *preset {
				choose, err := only.chooser(withCompat(s.Scheme, *compat))
				if err != nil {
					return err
				}
				return compressWeights(ctx, m, choose)
			}
		}
		return fmt.Errorf("preset=%s: expected one of %s", *preset, strings.Join(names, ", "))
	}
	return p
}

// maxRecipe bounds a configuration's file; the reader bounds what it may mean.
const maxRecipe = 1 << 20

func readRecipe(file string, opt recipe.Options) (*recipe.Recipe, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	src, err := io.ReadAll(io.LimitReader(f, maxRecipe+1))
	if err != nil {
		return nil, err
	}
	if len(src) > maxRecipe {
		return nil, fmt.Errorf("%s: a configuration has at most %d bytes", file, maxRecipe)
	}
	return recipe.Read(file, src, opt)
}

// followRecipe compresses what a recipe names, and tells what of the recipe has no effect.
func followRecipe(ctx *pass.Context, m *ir.Module, r *recipe.Recipe, only *filter) error {
	for _, n := range r.Notes() {
		ctx.Reportf("note: %v", n)
	}
	t := newTargets(m)
	for _, n := range r.Unmatched(t.all()) {
		ctx.Reportf("warning: %v", n)
	}
	narrow, err := only.globs()
	if err != nil {
		return err
	}
	return compressWeights(ctx, m, &byRecipe{recipe: r, targets: t, weightFilter: narrow})
}

// byRecipe chooses as a recipe says, among the weights that the options cover.
type byRecipe struct {
	*weightFilter
	recipe  *recipe.Recipe
	targets *targets
}

func (b *byRecipe) choose(w *weight) choice {
	if keep := b.keep(w); keep != "" {
		return choice{keep: keep}
	}
	var uses []recipe.Target
	for _, u := range w.uses {
		uses = append(uses, b.targets.weight(w, u))
	}
	d, ok := b.recipe.Weight(uses...)
	switch {
	case d.Problem != "":
		return choice{refused: d.Problem}
	case ok:
		return choice{scheme: d.Scheme}
	case len(d.By) > 0:
		return choice{keep: fmt.Sprintf("%s disables it", d.By[0])}
	}
	return choice{keep: "the configuration does not name it"}
}

// targets describes the operations of a module to a recipe.
type targets struct {
	m       *ir.Module
	classes map[string]string // of modules, by path
	weights map[ir.Use]*weight
}

func newTargets(m *ir.Module) *targets {
	t := &targets{m: m, classes: map[string]string{}, weights: map[ir.Use]*weight{}}
	m.Walk(func(op *ir.Op) {
		for _, l := range op.Loc.Leaves() {
			if l.Class != "" {
				t.classes[l.Path] = l.Class
			}
		}
	})
	found, _ := findWeights(m)
	for _, w := range found {
		for _, u := range w.uses {
			t.weights[ir.Use{Op: u.op, Index: u.index}] = w
		}
	}
	return t
}

// all describes every operation, and its weight where it has one.
func (t *targets) all() []recipe.Target {
	var list []recipe.Target
	t.m.Walk(func(op *ir.Op) {
		described := false
		for i := range op.Operands {
			if w := t.weights[ir.Use{Op: op, Index: i}]; w != nil {
				for _, u := range w.uses {
					if u.op == op && u.index == i {
						list = append(list, t.weight(w, u))
						described = true
					}
				}
			}
		}
		if !described && len(op.Operands) > 0 && op.Operands[0] != nil {
			list = append(list, t.op(op))
		}
	})
	return list
}

// op describes an operation without a weight.
func (t *targets) op(op *ir.Op) recipe.Target {
	shape, _ := op.In(0).Static()
	out := recipe.Target{Op: op.Name(), Shape: shape}
	leaves := op.Loc.Leaves()
	path := leaves[0].Path
	for i := range path {
		if path[i] == '.' {
			out.Modules = append(out.Modules, t.module(path[:i]))
		}
	}
	out.Modules = append(out.Modules, t.module(path))
	for _, r := range op.Results {
		for _, c := range r.Claims {
			out.OpNames = append(out.OpNames, c.Tensor)
		}
	}
	kind := op.Name()[strings.LastIndexByte(op.Name(), '.')+1:]
	out.OpNames = append(out.OpNames, strings.TrimPrefix(path+"."+kind, "."))
	return out
}

func (t *targets) module(path string) recipe.Module {
	return recipe.Module{Path: path, Class: t.classes[path]}
}

// weight describes an operation with its weight, whose name is the path of its module and its name in that.
func (t *targets) weight(w *weight, u *weightUse) recipe.Target {
	out := t.op(u.op)
	out.Tensor, out.State = w.res.Name, w.res.Name[strings.LastIndexByte(w.res.Name, '.')+1:]
	out.Shape, _ = w.res.Type.Static()
	out.Out, out.In, _ = w.channels()
	return out
}
