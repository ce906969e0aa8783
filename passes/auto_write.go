package passes

import (
	"os"
	"strings"

	"github.com/aiopt/aiopt/ir/atomicfile"
	"github.com/aiopt/aiopt/passes/compress"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/passes/recipe"
	"github.com/aiopt/aiopt/passes/weights"
)

// writeChosen writes how weights are stored as a recipe. An error leaves an older file as it was.
func writeChosen(path string, list []pass.Compressed) error {
	var weights []recipe.Chosen
	for _, c := range list {
		if c.Refused != "" {
			continue // what a recipe does not name stays as it is
		}
		scheme, err := weightScheme(c.Pass)
		if err != nil {
			return err
		}
		weights = append(weights, recipe.Chosen{Tensor: c.Tensor, State: c.Tensor[strings.LastIndexByte(c.Tensor, '.')+1:], Scheme: scheme})
	}
	text, err := recipe.Write(weights)
	if err != nil {
		return err
	}
	return atomicfile.Write(path, func(f *os.File) error {
		_, err := f.Write(text)
		return err
	})
}

// weightScheme is how a pass stores weights, such as w4{group=32}.
func weightScheme(text string) (compress.Scheme, error) {
	set := &pass.Set{}
	schemes := map[*pass.Pass]func() (compress.Scheme, error){}
	for _, w := range weightPasses {
		err := set.Add(func() *pass.Pass {
			p := &pass.Pass{Name: w.name}
			schemes[p] = w.declare(p)
			weights.DeclareFilter(&p.Options)
			return p
		})
		if err != nil {
			return compress.Scheme{}, err
		}
	}
	pipeline, err := set.Parse(text)
	if err != nil {
		return compress.Scheme{}, err
	}
	return schemes[pipeline[0]]()
}
