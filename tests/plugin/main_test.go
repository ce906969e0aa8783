package main

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/tests/airtest"
	"github.com/aiopt/aiopt/tools/cli"
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
