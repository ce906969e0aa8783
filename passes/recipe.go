package passes

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/compress"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/passes/recipe"
	"github.com/aiopt/aiopt/passes/weights"
)

// Compress is the pass `compress`, such as compress{config="recipe.yaml"} or compress{preset=4bit}.
func Compress() *pass.Pass {
	p := &pass.Pass{
		Name: "compress",
		Doc: "Compress weights and quantize activations as a configuration says, in the YAML of coreai-opt, or compress weights as a preset that " +
			"has a name elsewhere. Ranges of activations come from calibration data (--inputs=FOLDER). " +
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
	only := weights.DeclareFilter(&p.Options)
	p.Run = func(ctx *pass.Context, m *ir.Module) error {
		switch {
		case (*config == "") == (*preset == ""):
			return errors.New("expected one of config=\"FILE.yaml\" and preset=NAME; `help pass compress` lists the presets")
		case *config != "":
			r, err := readRecipe(ctx, *config, recipe.Options{CoreAI: *compat == "coreai"})
			if err != nil {
				return err
			}
			return followRecipe(ctx, m, r, only)
		}
		for _, s := range recipe.Presets() {
			if s.Name == *preset {
				filter, err := only()
				if err != nil {
					return err
				}
				choose, err := weights.ForAll(withCompat(s.Scheme, *compat), filter)
				if err != nil {
					return err
				}
				p.Lossy.MinSNR = s.Scheme.MinSNR()
				return weights.Compress(ctx, m, choose)
			}
		}
		return fmt.Errorf("preset=%s: expected one of %s", *preset, strings.Join(names, ", "))
	}
	return p
}

// withCompat makes a scheme give what coreai-opt gives, where compat says so.
func withCompat(s compress.Scheme, compat string) compress.Scheme {
	if s = s.Clone(); compat == "coreai" {
		if s.Quant != nil {
			s.Quant.Rule = compress.CoreAI
		}
		if s.Palette != nil {
			s.Palette.Rule = compress.CoreAI
		}
	}
	return s
}

// maxRecipe bounds a configuration's file; the reader bounds what it may mean.
const maxRecipe = 1 << 20

// readRecipe reads a configuration that the caller has in memory, or that is in a file.
func readRecipe(ctx *pass.Context, file string, opt recipe.Options) (*recipe.Recipe, error) {
	var src []byte
	if text, ok := ctx.Texts[file]; ok {
		src = []byte(text)
	} else if data, err := recipeFile(file); err == nil {
		src = data
	} else {
		return nil, err
	}
	if len(src) > maxRecipe {
		return nil, fmt.Errorf("%s: a configuration has at most %d bytes", file, maxRecipe)
	}
	return recipe.Read(file, src, opt)
}

// recipeFile reads a file as far as a configuration may be long.
func recipeFile(file string) ([]byte, error) {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("config=%q: there is no such file; its path starts at the working directory", file)
	}
	if err != nil {
		return nil, fmt.Errorf("config=%q: %w", file, err)
	}
	defer f.Close()
	src, err := io.ReadAll(io.LimitReader(f, maxRecipe+1))
	if err != nil {
		return nil, fmt.Errorf("config=%q: expected a YAML file: %w", file, err)
	}
	return src, nil
}

// followRecipe quantizes the activations that a recipe names, by what calibration data says of the model as it is, then
// compresses the weights that it names, and tells what of the recipe has no effect.
func followRecipe(ctx *pass.Context, m *ir.Module, r *recipe.Recipe, only func() (*weights.Filter, error)) error {
	for _, n := range r.Notes() {
		ctx.Reportf("note: %v", n)
	}
	narrow, err := only()
	if err != nil {
		return err
	}
	t := newTargets(m)
	for _, n := range r.Unmatched(t.all()) {
		ctx.Reportf("warning: %v", n)
	}
	a := newActivationQuantizer(ctx, m, &activationsByRecipe{Filter: narrow, recipe: r, targets: t, edges: newBoundaries(m)})
	a.find()
	a.joinMoved()
	if err := a.quantize(); err != nil {
		return err
	}
	if err := a.Strict(); err != nil {
		return err
	}
	if len(a.order) > 0 {
		t = newTargets(m) // operations in kernels are others now
		a.report()
	}
	err = weights.Compress(ctx, m, &byRecipe{recipe: r, targets: t, Filter: narrow})
	var nothing *pass.NothingCompressed
	if errors.As(err, &nothing) && a.Done() > 0 {
		ctx.Reportf("%s: %v", ctx.Pass.Name, nothing)
		return nil
	}
	return err
}

// byRecipe chooses as a recipe says, among the weights that the options cover.
type byRecipe struct {
	*weights.Filter
	recipe  *recipe.Recipe
	targets *targets
}

func (b *byRecipe) Choose(w *weights.Weight) weights.Choice {
	if keep := b.Keep(w); keep != "" {
		return weights.Choice{Keep: keep}
	}
	var uses []recipe.Target
	for _, u := range w.Uses {
		uses = append(uses, b.targets.weight(w, u))
	}
	d, ok := b.recipe.Weight(uses...)
	switch {
	case d.Problem != "":
		return weights.Choice{Refused: d.Problem}
	case ok:
		return weights.Choice{Scheme: d.Scheme}
	case len(d.By) > 0:
		return weights.Choice{Keep: fmt.Sprintf("%s disables it", d.By[0])}
	}
	return weights.Choice{Keep: "the configuration does not name it"}
}
