package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/tests/airtest"
	"github.com/aiopt/aiopt/tools/cli"

	"example.com/myopt/mykernels"
)

func TestPasses(t *testing.T)   { airtest.Run(t, "testdata", toolkit()) }
func TestExamples(t *testing.T) { airtest.Examples(t, toolkit(), "my") }

// TestCustomOperator runs a model that calls mylib::swiglu and holds its output against PyTorch's.
func TestCustomOperator(t *testing.T) {
	args := []string{"myopt", "run", "testdata/swiglu.pt2", "--inputs=testdata/swiglu.in.safetensors", "--ref=testdata/swiglu.out.safetensors", "--atol=1e-6"}
	var out, errs bytes.Buffer
	if code := cli.Run(t.Context(), toolkit(), args, &out, &errs); code != 0 {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	if !strings.Contains(out.String(), "the largest difference is") {
		t.Errorf("the outputs were not compared:\n%s", out.String())
	}
	errs.Reset()
	if code := cli.Run(t.Context(), aiopt.Standard(), args, io.Discard, &errs); code != 1 || !strings.Contains(errs.String(), "mylib.swiglu") {
		t.Errorf("without the lowering: exit code %d, found %q, expected an error that names mylib.swiglu", code, errs.String())
	}
}

// TestKernel runs the Metal kernel of my.square on the processor, against the operation.
func TestKernel(t *testing.T) {
	model := filepath.Join(t.TempDir(), "m.air")
	src := "air 1\nmodule @m {\n  func @main(%x: tensor<[N]xf16>) -> (%y: tensor<[N]xf16>) {\n    dim N in 1..100\n    %y = my.square(%x) : tensor<[N]xf16>\n    core.return(%y)\n  }\n}\n"
	if err := os.WriteFile(model, []byte(src), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	args := []string{"myopt", "metal", "-passes=metal-kernels", model, "--check", "--trust-kernels"}
	if code := cli.Run(t.Context(), toolkit(), args, &out, &errs); code != 0 {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	if want := "\nkernel square with N=5: y differs by at most 0 [square_"; !strings.Contains(out.String(), want) {
		t.Errorf("found %q, expected %q in it", out.String(), want)
	}
	again := toolkit().AddKernel("my.square", mykernels.Square).AddKernel("my.cube", mykernels.Square)
	if err := again.Err(); err == nil || !strings.Contains(err.Error(), "the kernel square for my.square is added twice") || !strings.Contains(err.Error(), "is for my.cube, and there is no such operation") {
		t.Errorf("found %v, expected both mistakes", err)
	}
}
