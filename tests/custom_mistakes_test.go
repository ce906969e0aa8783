package tests

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiopt/aiopt"
)

// edited writes a program of tests/custom in which a part of an entry is another one; "" for a new part takes the entry out.
func edited(t *testing.T, model, entry, from, to string) string {
	t.Helper()
	z, err := zip.OpenReader(filepath.Join("custom", model+".pt2"))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	found := false
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(f.Name, "/"+entry) {
			found = bytes.Contains(data, []byte(from))
			if to == "" {
				continue
			}
			data = bytes.ReplaceAll(data, []byte(from), []byte(to))
		}
		part, err := w.CreateHeader(&zip.FileHeader{Name: f.Name, Method: zip.Store})
		if err == nil {
			_, err = part.Write(data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if !found {
		t.Fatalf("%s: %s has no %q", model, entry, from)
	}
	path := filepath.Join(t.TempDir(), model+".pt2")
	if err := errors.Join(w.Close(), os.WriteFile(path, out.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
	return path
}

const (
	kernelList = "extra/aiopt/kernels.json"
	graphFile  = "models/model.json"
)

// TestCustomMistakes imports programs whose kernels are wrong, in what the author wrote or because the file is another one than
// the package writes. Nothing is compiled for it.
func TestCustomMistakes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, model, entry, from, to, want string }{
		{"include", "shared", kernelList, `\n    float s = `, `\n#include </etc/passwd>\n    float s = `, "tests/custom.py:52: kernel squared, line 2 of its source: #include: the text that aiopt makes includes Metal's headers"},
		{"embed", "shared", kernelList, `\n    float s = `, `\n  # embed \"x\"\n    float s = `, "kernel squared, line 2 of its source: # embed: no file is read into a kernel"},
		{"asm", "shared", kernelList, `float s = `, `asm(\"\"); float s = `, "tests/custom.py:52: kernel squared, line 2 of its source: asm: assembler is not run"},
		{"split include", "shared", kernelList, `\n    float s = `, `\n#inc\\\nlude </etc/passwd>\n    float s = `, "forbidden"},
		{"double", "shared", kernelList, `float s = `, `double s = `, "tests/custom.py:52: kernel squared, line 2 of what its author wrote: forbidden: double: Metal has no double: write float"},
		{"compiler's names", "shared", kernelList, `float s = `, `__builtin_trap(); float s = `, "names that begin with two underscores are the compiler's"},
		{"brace", "shared", kernelList, `s * s;`, `s * s; } void more() {`, "kernel squared, line 3 of its source: `}` closes a brace that no line before it opens"},
		{"open brace", "shared", kernelList, `s * s;`, `s * s; {`, "1 of its braces are not closed"},
		{"whole kernel", "shared", kernelList, `float s = `, `kernel void f() {} float s = `, "give what stands between the kernel's braces"},
		{"helper", "shared", kernelList, `float softened`, `goto x; float softened`, "tests/custom.py:35: kernel gated, line 2 of what its author wrote: forbidden: goto"},
		{"unused result", "shared", kernelList, `y[at.x, at.y] = s * s;`, `float unused = s * s;`, "the source never names the result y"},
		{"unused input", "shared", kernelList, ` * gate[at.x, at.y]`, ` + 0.0f`, "the source never names the input gate"},
		{"attribute", "shared", kernelList, `"attribute": "thread_position_in_grid"`, `"attribute": "thread_position_in_gird"`, `Metal has no attribute "thread_position_in_gird"; near it are thread_position_in_grid`},
		{"attribute's type", "shared", kernelList, `"type": "uint2"`, `"type": "float2"`, `thread_position_in_grid is uint, uint2, uint3, ushort, ushort2, ushort3, found "float2"`},
		{"attribute by its name", "several", kernelList, `x[0, i], most`, `x[0, thread_position_in_grid], most`, `thread_position_in_grid is an attribute: declare MetalParameter("thread_position_in_grid", "uint", "thread_position_in_grid")`},
		{"name of Metal's", "shared", kernelList, `"name": "at"`, `"name": "kernel"`, `parameter "kernel" is a word of Metal's own`},
		{"name twice", "shared", kernelList, `"name": "at"`, `"name": "x"`, `the name "x" is given twice`},
		{"name", "shared", kernelList, `"name": "at"`, `"name": "at, device char* p"`, "expected a name of letters, digits and underscores"},
		{"function", "shared", kernelList, `"name": "squared"`, `"name": "squared() {} kernel void f"`, "expected a name of letters, digits and underscores"},
		{"template", "types", kernelList, `"input": "x"`, `"input": "q"`, `template_dtypes names "q", which is no input`},
		{"template's name", "types", kernelList, `"word": "TYPE"`, `"word": ""`, `the template "" of input x`},
		{"threadgroup", "shared", graphFile, `"as_ints": [8, 4, 1]`, `"as_ints": [64, 32, 1]`, "a threadgroup of [64 32 1] has 2048 threads, expected at most 1024"},
		{"threadgroup's side", "shared", graphFile, `"as_ints": [8, 4, 1]`, `"as_ints": [8, 4096, 1]`, "expected sides of 1 to 1024"},
		{"threadgroup's length", "shared", graphFile, `"as_ints": [8, 4, 1]`, `"as_ints": [8, 4]`, "the grid has 3 dimensions and the threadgroup 2, expected 3 of each"},
		{"grid", "shared", graphFile, `"as_ints": [5, 3, 1]`, `"as_ints": [5, 0, 1]`, "a grid of [5 0 1] threads, expected sides of 1 or more"},
		{"too large a number", "numbers", graphFile, `"as_int": -3`, `"as_int": 3000000000`, "input shift: 3000000000 does not fit an int of 32 bits"},
		{"no list", "shared", kernelList, ``, ``, "it calls a Metal kernel that the file does not hold; save the program by aiopt.save(ep, file)"},
		{"version", "shared", kernelList, `"version": 1`, `"version": 2`, "version is 2, expected 1: it was written by another version of the package aiopt"},
		{"syntax", "shared", kernelList, `"kernels": [`, `"kernels": `, "extra file aiopt/kernels.json: invalid character"},
		{"null", "shared", kernelList, `"kernels": [`, `"kernels": [null, `, "kernel 0 is null"},
		{"many values", "shared", kernelList, `"version": 1`, `"more": [` + strings.Repeat("{},", 1<<17) + `{}], "version": 1`, "values, expected at most 131072"},
		{"kind", "shared", kernelList, `"kind": "tensor"`, `"kind": "image"`, `reference 0: argument x: it is of kind "image", expected tensor, int, float or bool`},
		{"other types", "shared", kernelList, `"dtype": "f32"`, `"dtype": "f16"`, "the file has no definition of the kernel gated for the types of this call"},
		{"definition missing", "shared", kernelList, `"aiopt/references/0"`, `"aiopt/references/9"`, "extra file aiopt/references/9: the file has no such entry"},
		{"definition damaged", "shared", "extra/aiopt/references/0", `UEsD`, `UE!D`, "extra file aiopt/references/0: illegal base64 data"},
		{"definition of another", "product", kernelList, `"aiopt/references/0"`, `"aiopt/kernels.json"`, "extra file aiopt/kernels.json: illegal base64 data"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := aiopt.Standard().Load(edited(t, c.model, c.entry, c.from, c.to), aiopt.LoadOptions{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("found:\n%v\nexpected ... %s", err, c.want)
			}
		})
	}
}

// TestCustomChecked runs kernels with a mistake that only shows when they are compiled or run: it is reported with the line of the
// Python file, the kernel and the thread. Without the user's trust none of them is.
func TestCustomChecked(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		return // each compiles a text, which tells the race detector nothing
	}
	for _, c := range []struct{ name, model, from, to, want string }{
		{"unknown name", "shared", `float s = softened(`, `float s = softned(`, "tests/custom.py:52: kernel squared, line 2 of what its author wrote: invalid: use of undeclared identifier 'softned'"},
		{"bounds", "shared", `gate[at.x, at.y]`, `gate[at.x + 1, at.y]`, "tests/custom.py:49: kernel gated, line 1 of what its author wrote, thread (4,0,0): out of bounds: index 5 of dimension 0 of the tensor gate, whose extent there is 5"},
		{"value", "shared", `s * s`, `s * s * 1.01f`, "kernel squared: the result y is not what its definition gives: element "},
		{"not written", "several", `high[i] = most;`, `if (i > 2) high[i] = most;`, "kernel extremes: the result high is not what its definition gives: element 0 is nan"},
		{"written input", "shared", `float s = `, `x[at.x, at.y] = 0; float s = `, "kernel squared, line 2 of what its author wrote, thread (0,0,0): access: writes element 0 of x, which the launch says is only read"},
		{"race", "types", `    if (lane == 0) y[int(row)] =`, `    y[int(row)] =`, "race: writes element 0 of y"},
		{"barrier", "types", `part[lane] = sum;`, `part[lane] = sum; if (lane == 3) return;`, "barrier: waits at a barrier that thread (3,0,0) never reaches"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := edited(t, c.model, kernelList, c.from, c.to)
			out, err := runCLI(t, "metal", path, "--check", "--trust-kernels", "--json")
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("found:\n%v\nexpected ... %s", err, c.want)
			}
			var report struct{ Wrong []string }
			if err := json.Unmarshal([]byte(out), &report); err != nil || !strings.Contains(strings.Join(report.Wrong, "\n"), c.want) {
				t.Errorf("the report says %q (%v), expected ... %s", report.Wrong, err, c.want)
			}
			_, err = runCLI(t, "metal", path, "--check")
			if err == nil || !strings.Contains(err.Error(), "neither compiled nor run: --trust-kernels allows that") {
				t.Errorf("without trust: %v", err)
			}
		})
	}
	path := edited(t, "shared", kernelList, `float s = softened(`, `float s = softned(`)
	if _, err := runCLI(t, path); err != nil {
		t.Errorf("nothing is compiled without trust: %v", err)
	}
	if _, err := runCLI(t, path, "--trust-kernels"); err == nil || !strings.Contains(err.Error(), "use of undeclared identifier 'softned'") {
		t.Errorf("found %v, expected what the compiler says", err)
	}
}
