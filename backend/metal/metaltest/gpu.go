package metaltest

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/backend/metal/check"
	"github.com/aiopt/aiopt/backend/metal/cuda"
	"github.com/aiopt/aiopt/backend/metal/cuda/cudatest"
)

var carryTo = flag.String("cuda-bundle", "", "compile the kernels for an NVIDIA GPU, too, and keep them with their right results in this folder (see cudatest)")

// cargo is what goes to a machine with a GPU; nil where nothing does.
type cargo struct {
	bundle cudatest.Bundle
	module *cuda.Module
	name   string
}

// carry compiles a text for a GPU, where the flag asks for it.
func carry(t *testing.T, tools *check.Tools, p *check.Program) *cargo {
	t.Helper()
	if *carryTo == "" {
		return nil
	}
	m, err := cuda.Compile(t.Context(), tools, p, cuda.Hopper)
	if err != nil {
		t.Fatal(err)
	}
	return &cargo{module: m, name: t.Name()}
}

func (c *cargo) add(name string, before, after check.Dispatch) {
	if c != nil && before.Threads[0]*before.Threads[1]*before.Threads[2] > 0 {
		c.bundle.Add(c.name+"/"+name, c.module, before, after)
	}
}

// write puts the bundle into a folder of its own.
func (c *cargo) write(t *testing.T) {
	t.Helper()
	if c == nil {
		return
	}
	safe := strings.Map(func(r rune) rune {
		if r == '/' || r == ' ' {
			return '-'
		}
		return r
	}, c.name)
	for i := 0; ; i++ {
		dir := filepath.Join(*carryTo, fmt.Sprintf("%s-%d", safe, i))
		if _, err := os.Stat(dir); err == nil {
			continue
		}
		if err := c.bundle.Write(dir); err != nil {
			t.Fatal(err)
		}
		return
	}
}
