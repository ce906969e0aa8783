package custom

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/backend/metal/check"
	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/ir/text"
)

// call is a call of a kernel that doubles a vector.
const call = `    %%%[1]s = core.metal_kernel(%%x) {name = "twice", function = "%[2]s", source = "%[3]s", inputs = ["x"], gives = ["y"], builtins = ["uint i thread_position_in_grid"], threads = [%[4]s, 1, 1], threadgroup = [8, 1, 1], places = ["3 2 40 model.py"]%[5]s} : tensor<[N]xf32>
      reference(%%x: tensor<[N]xf32>) {
        %%y = tensor.add(%%x, %%x) : tensor<[N]xf32>
        core.return(%%y)
      }
`

// twice is the text of a kernel whose body begins in line 3, which the author wrote in line 40 of model.py.
func twice(function, body string) string {
	return `#include <metal_stdlib>\nusing namespace metal; kernel void ` + function + `(tensor<device float, dextents<int, 1>, tensor_handle> x [[buffer(0)]], tensor<device float, dextents<int, 1>, tensor_handle> y [[buffer(1)]], uint i [[thread_position_in_grid]]) {\n` + body + `\n}\n`
}

const right = `y[i] = 2.0f * x[i];\n`

func module(t *testing.T, calls ...string) *ir.Module {
	t.Helper()
	ops, err := ir.NewRegistry(core.Dialect, tensor.Dialect)
	if err != nil {
		t.Fatal(err)
	}
	src := "air 1\nmodule @m {\n  func @main(%x: tensor<[N]xf32>) -> (%y: tensor<[N]xf32>) {\n    dim N in 2..6\n" + strings.Join(calls, "") + "    core.return(%y)\n  }\n}\n"
	m, err := text.Parse("m.air", []byte(src), ops)
	if err == nil {
		err = ir.Verify(m)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestFiles(t *testing.T) {
	same := func(name, threads string) string {
		return fmt.Sprintf(call, name, "twice_1", twice("twice_1", right), threads, "")
	}
	m := module(t, same("a", "N"), same("b", "N"), same("y", "2*N"), fmt.Sprintf(call, "z", "twice_2", twice("twice_2", right), "N", ""))
	list, err := Of(m)
	if err != nil {
		t.Fatal(err)
	}
	files, err := Files(list)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		names = append(names, f.Name)
	}
	if got := strings.Join(names, " "); got != "twice_1.metal twice_2.metal launch.json" {
		t.Errorf("found the files %s", got)
	}
	desc, err := launch.ParseFile(files[2].Data)
	if err != nil {
		t.Fatal(err)
	}
	var threads []string
	for _, k := range desc.Kernels {
		threads = append(threads, k.Text+" "+k.Threads[0])
	}
	if got := strings.Join(threads, ", "); got != "twice_1.metal N, twice_1.metal 2*N, twice_2.metal N" {
		t.Errorf("found %s: a kernel is there once for each way of calling it", got)
	}
	m = module(t, same("a", "N"), fmt.Sprintf(call, "y", "twice_1", twice("twice_1", `y[i] = x[i] + x[i];\n`), "N", ""))
	if _, err := Of(m); err == nil || !strings.Contains(err.Error(), "have different texts, and both call their kernel twice_1") {
		t.Errorf("two texts of one name: %v", err)
	}
}

func TestLint(t *testing.T) {
	m := module(t, fmt.Sprintf(call, "y", "twice_1", twice("twice_1", `double z = 0;\ny[i] = z;`), "N", ""))
	want := "model.py:40: kernel twice, line 1 of what its author wrote: forbidden: double: Metal has no double: write float [twice_1.metal:3]"
	if err := Lint(m); err == nil || err.Error() != want {
		t.Errorf("found %v, expected %s", err, want)
	}
	if err := Lint(module(t, fmt.Sprintf(call, "y", "twice_1", twice("twice_1", right), "N", ""))); err != nil {
		t.Error(err)
	}
}

// ramp gives 0, 1, 2 and so on as every input.
func ramp(f *ir.Func) ([]*host.Tensor, error) {
	var in []*host.Tensor
	for _, p := range f.Params {
		shape, ok := p.Value.Type.Static()
		if !ok {
			return nil, fmt.Errorf("%s has open sizes", p.Value.Type)
		}
		t := host.New(p.Value.Type.Elem, shape...)
		for i := range t.Len() {
			host.SetFloat(t, i, float64(i))
		}
		in = append(in, t)
	}
	return in, nil
}

func TestRun(t *testing.T) {
	tools, err := check.Find()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, body, more string
		size             int64
		want             string // a regular expression; where the time was over need not be in the text
	}{
		{"right", right, "", 5, "0 2 4 6 8"},
		{"at the author's size", right, `, sizes = [N], example = [3]`, 3, "0 2 4"},
		{"another value", `y[i] = x[i];\n`, "", 5, "0 1 2 3 4"},
		{"endless", `\nfor (uint k = i + 1; k != 0; k = k * 3 | 1) y[i] = float(k);\n`, "", 5, `kernel twice(, line 2 of what its author wrote)?, thread \(0,0,0\): time: still runs when the time is over`},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := module(t, fmt.Sprintf(call, "y", "twice_1", twice("twice_1", c.body), "N", c.more))
			list, err := Of(m)
			if err != nil {
				t.Fatal(err)
			}
			checker := &Checker{Tools: tools, Engine: interp.Backend{}, Inputs: ramp, Limits: check.Limits{Time: time.Second}}
			out, err := checker.Run(t.Context(), m, list[0])
			if err != nil {
				t.Fatal(err)
			}
			if out.Sizes["N"] != c.size {
				t.Errorf("it ran with N=%d, expected %d", out.Sizes["N"], c.size)
			}
			var got []string
			for _, d := range out.Findings {
				got = append(got, list[0].Say(d))
			}
			if out.Got != nil {
				for i := range out.Got[0].Len() {
					got = append(got, host.Format(out.Got[0], i))
				}
			}
			if text := strings.Join(got, " "); !regexp.MustCompile(c.want).MatchString(strings.ReplaceAll(text, ".0", "")) {
				t.Errorf("found %s, expected %s", text, c.want)
			}
		})
	}
}

// TestCancelled ends a check by its context, once its dispatch is written for the process that runs it.
func TestCancelled(t *testing.T) {
	tools, err := check.Find()
	if err != nil {
		t.Fatal(err)
	}
	m := module(t, fmt.Sprintf(call, "y", "twice_1", twice("twice_1", `for (uint k = i + 1; k != 0; k = k * 3 | 1) y[i] = float(k);\n`), "N", ""))
	list, err := Of(m)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", t.TempDir())
	dispatches := filepath.Join(os.TempDir(), "aiopt-metal-*", "dispatch")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		for ctx.Err() == nil {
			if found, _ := filepath.Glob(dispatches); len(found) > 0 {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	checker := &Checker{Tools: tools, Engine: interp.Backend{}, Inputs: ramp}
	if _, err := checker.Run(ctx, m, list[0]); !errors.Is(err, context.Canceled) {
		t.Errorf("found %v, expected %v", err, context.Canceled)
	}
}
