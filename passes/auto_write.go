package passes

import (
	"fmt"
	"os"
	"strings"

	"github.com/aiopt/aiopt/ir/atomicfile"
	"github.com/aiopt/aiopt/passes/compress"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/passes/recipe"
)

// writeChosen writes how weights are stored as a recipe. An error leaves an older file as it was.
func writeChosen(path string, list []pass.Compressed) error {
	var weights []recipe.Chosen
	for _, c := range list {
		if c.Refused != "" {
			continue // what a recipe does not name stays as it is
		}
		scheme, ok := c.Scheme.(compress.Scheme)
		if !ok {
			return fmt.Errorf("%s stores %s as %s, which a recipe cannot say; leave out write or this pass", c.Pass, c.Tensor, c.SchemeText())
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
