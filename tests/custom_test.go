package tests

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/backend/metal/cuda"
	"github.com/aiopt/aiopt/backend/metal/custom"
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/asset"
	"github.com/aiopt/aiopt/ir/text"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/tools/cli"
)

// customModels are the programs of tests/custom, which tests/custom.py makes, and how many ways of calling kernels each has.
var customModels = []struct {
	name    string
	kernels int
}{
	{"branch", 1}, {"dynamic", 2}, {"functional", 1}, {"numbers", 3}, {"product", 1}, {"several", 1}, {"shared", 2}, {"table", 1}, {"types", 5},
}

func runCLI(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if code := cli.Run(t.Context(), aiopt.Standard(), append([]string{"aiopt"}, args...), &stdout, &stderr); code != 0 {
		return stdout.String(), fmt.Errorf("exit code %d: %s", code, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}

// TestCustom runs models with kernels of their own by the definitions of these, on both engines, from the archive and from the
// asset made of it, which holds the texts; and the texts in the checker against the definitions. With -short, two models are.
func TestCustom(t *testing.T) {
	t.Parallel()
	models := customModels
	if testing.Short() {
		models = models[:2]
	}
	for _, c := range models {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			base := filepath.Join("custom", c.name)
			asset := filepath.Join(t.TempDir(), c.name+".airpkg")
			if _, err := runCLI(t, "-passes=@cpu,expand", "--verify=numeric", base+".pt2", "-o", asset); err != nil {
				t.Fatal(err)
			}
			for _, model := range []string{base + ".pt2", asset} {
				for _, engine := range []string{"interp", "cpu"} {
					_, err := runCLI(t, "run", model, "--backend="+engine, "--io=position", "--inputs="+base+".in.safetensors", "--ref="+base+".out.safetensors", "--atol=1e-5")
					if err != nil {
						t.Errorf("%s on %s: %v", model, engine, err)
					}
				}
			}
			out, err := runCLI(t, "metal", asset, "--check", "--trust-kernels")
			if err != nil || strings.Count(out, "\nkernel ") != c.kernels {
				t.Errorf("found %q and %v, expected a line for each of %d kernels", out, err, c.kernels)
			}
		})
	}
}

// TestCustomOnGPU runs kernels on an NVIDIA GPU, or is told that there is none.
func TestCustomOnGPU(t *testing.T) {
	t.Parallel()
	device, missing := cuda.Open()
	if missing == nil {
		device.Close()
	}
	for _, c := range customModels[:2] {
		model := filepath.Join("custom", c.name+".pt2")
		out, err := runCLI(t, "metal", model, "--check=cuda", "--trust-kernels")
		switch {
		case missing != nil && (err == nil || !strings.Contains(err.Error(), "--check=cuda: "+missing.Error())):
			t.Errorf("found %q and %v, expected %v", out, err, missing)
		case missing == nil && (err != nil || strings.Count(out, "kernel ") != c.kernels):
			t.Errorf("found %q and %v, expected a line for each of %d kernels", out, err, c.kernels)
		}
	}
	if _, err := runCLI(t, "metal", "custom/branch.pt2", "--check=gpu"); err == nil || !strings.Contains(err.Error(), "--check=gpu: expected --check, or --check=cuda to run the kernels on an NVIDIA GPU, too") {
		t.Errorf("found %v", err)
	}
}

// TestCustomText prints and parses the programs, and writes assets of what assets hold.
func TestCustomText(t *testing.T) {
	t.Parallel()
	tk := aiopt.Standard()
	for _, c := range customModels {
		m := loadCustom(t, tk, c.name)
		var printed, again strings.Builder
		if err := text.Print(&printed, m, text.Options{Locs: true}); err != nil {
			t.Fatal(err)
		}
		parsed, err := text.Parse(c.name, []byte(printed.String()), tk.Ops)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if err := text.Print(&again, parsed, text.Options{Locs: true}); err != nil || again.String() != printed.String() {
			t.Errorf("%s: printed again it is another text (%v)", c.name, err)
		}
		first, second := filepath.Join(t.TempDir(), "a.airpkg"), filepath.Join(t.TempDir(), "b.airpkg")
		if err := tk.Save(m, first); err != nil {
			t.Fatal(err)
		}
		loaded, err := tk.Load(first, aiopt.LoadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := tk.Save(loaded, second); err != nil {
			t.Fatal(err)
		}
		a, errA := os.ReadFile(first)
		b, errB := os.ReadFile(second)
		if errA != nil || errB != nil || !bytes.Equal(a, b) {
			t.Errorf("%s: writing what was read gives other bytes (%v, %v)", c.name, errA, errB)
		}
	}
}

func loadCustom(t *testing.T, tk *aiopt.Toolkit, name string) *ir.Module {
	t.Helper()
	m, err := tk.Load(filepath.Join("custom", name+".pt2"), aiopt.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestCustomPasses runs each pass over each model: kernels keep their texts and their types, and what they are compared with
// in the checker stays in the types of the text.
func TestCustomPasses(t *testing.T) {
	t.Parallel()
	tk := aiopt.Standard()
	for _, c := range customModels {
		want := described(t, loadCustom(t, tk, c.name))
		for _, name := range tk.Passes.Names() {
			m := loadCustom(t, tk, c.name)
			pipeline := "decompose," + name
			err := tk.Build(t.Context(), m, pipeline, aiopt.BuildOptions{})
			var nothing *pass.NothingCompressed
			if err != nil && !errors.As(err, &nothing) && !slices.Contains(needMore, name) {
				t.Errorf("%s: %s: %v", c.name, pipeline, err)
				continue
			}
			if have := described(t, m); have != want {
				t.Errorf("%s: %s changed kernels:\n%s\nexpected:\n%s", c.name, pipeline, have, want)
			}
			m.Walk(func(op *ir.Op) {
				if !op.Is(core.MetalKernel) {
					return
				}
				for _, in := range op.Bodies[0].Ops {
					if strings.HasPrefix(in.Name(), "quant.") {
						t.Errorf("%s: %s put %s into a definition", c.name, pipeline, in.Name())
					}
				}
			})
		}
	}
}

// needMore are passes that are an error without options or calibration data.
var needMore = []string{"specialize", "compress", "auto", "smoothquant", "awq", "gptq", "a8"}

// described is all that a module's kernels are called with.
func described(t *testing.T, m *ir.Module) string {
	t.Helper()
	if err := ir.Verify(m); err != nil {
		t.Fatal(err)
	}
	list, err := custom.Of(m)
	if err != nil {
		t.Fatal(err)
	}
	files, err := custom.Files(list)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, f := range files {
		fmt.Fprintf(&b, "-- %s --\n%s", f.Name, f.Data)
	}
	return b.String()
}

// TestCustomAsset reads assets whose kernels are not those of their programs.
func TestCustomAsset(t *testing.T) {
	t.Parallel()
	tk := aiopt.Standard()
	m := loadCustom(t, tk, "shared")
	list, err := custom.Of(m)
	if err != nil {
		t.Fatal(err)
	}
	files, err := custom.Files(list)
	if err != nil {
		t.Fatal(err)
	}
	var good []asset.File
	for _, f := range files {
		good = append(good, asset.File{Name: "kernels/" + f.Name, Data: f.Data})
	}
	text, desc := good[0].Name, "kernels/launch.json"
	for _, c := range []struct {
		name, entry, from, to, want string
	}{
		{"as they are", text, "", "", ""},
		{"another text", text, "softened(", "hardened(", text + ": it differs from the text in the program"},
		{"another grid", desc, `"5"`, `"6"`, desc + ": what it says of custom kernels differs from the program"},
		{"a kernel less", desc, `"origin": "custom"`, `"origin": "generated"`, desc + ": what it says of custom kernels differs"},
		{"no JSON", desc, "{", "", desc + ": launch description: "},
		{"wrong launch", desc, `"access": "read"`, `"access": "look"`, `access is "look", expected read, write or readwrite`},
		{"missing", text, "", "gone", "there is no " + text + ", which the program calls"},
	} {
		var kernels []asset.File
		for _, f := range good {
			if f.Name == c.entry && c.to == "gone" {
				continue
			}
			if f.Name == c.entry && c.from != "" {
				f.Data = bytes.ReplaceAll(f.Data, []byte(c.from), []byte(c.to))
			}
			kernels = append(kernels, f)
		}
		path := filepath.Join(t.TempDir(), "x.airpkg")
		if err := asset.Write(t.Context(), path, m, asset.Options{Kernels: kernels}); err != nil {
			t.Fatal(err)
		}
		switch _, err := tk.Load(path, aiopt.LoadOptions{}); {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: found %v, expected ... %s", c.name, err, c.want)
		}
	}
}
