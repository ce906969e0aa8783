package tests

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/ir/safetensors"
)

// TestDocumentedCommands runs the commands of docs/compression.md, on a language model with a cache and four samples.
func TestDocumentedCommands(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		return // they are minutes of computing; other tests show the race detector each command
	}
	src, err := os.ReadFile("../docs/compression.md")
	if err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(src), -1) {
		for line := range strings.Lines(strings.ReplaceAll(block[1], "\\\n", " ")) {
			command, _, _ := strings.Cut(line, " # ")
			fmt.Fprintln(&script, strings.TrimSpace(command))
		}
	}
	if n := strings.Count(script.String(), "aiopt "); n < 8 {
		t.Fatalf("docs/compression.md has %d commands", n)
	}
	yaml := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindStringSubmatch(string(src))
	if yaml == nil {
		t.Fatal("docs/compression.md has no recipe")
	}
	fmt.Fprintf(&script, "-- recipe.yaml --\n%s", yaml[1])
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "compression.txtar"), []byte(script.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	m := openModel(t, openCorpus(t, "models"), spineModel{name: "hf_static_cache_llama"})
	inputs := backend.SignatureOf(m.load(t).Func(m.calls[0].Func)).Inputs
	testscript.Run(t, testscript.Params{Dir: dir, Setup: func(env *testscript.Env) error {
		model, err := os.ReadFile(m.path)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(env.WorkDir, "model.pt2"), model, 0o666); err != nil {
			return err
		}
		samples := filepath.Join(env.WorkDir, "samples")
		if err := os.Mkdir(samples, 0o777); err != nil {
			return err
		}
		for k := range 4 {
			r := rand.New(rand.NewPCG(uint64(k), 7))
			var entries []safetensors.Entry
			for i, x := range m.calls[0].In {
				x = shuffled(x, r)
				entries = append(entries, safetensors.Entry{Name: inputs[i].Value.Name, Elem: x.Elem, Shape: x.Shape, Data: x.Bytes()})
			}
			if _, err := safetensors.Write(filepath.Join(samples, fmt.Sprintf("%d.safetensors", k)), entries); err != nil {
				return err
			}
		}
		return nil
	}})
}
