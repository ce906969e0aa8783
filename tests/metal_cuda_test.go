//go:build linux && (amd64 || arm64)

package tests

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/backend/metal/check"
	"github.com/aiopt/aiopt/backend/metal/cuda"
	"github.com/aiopt/aiopt/tools/cli"
)

// TestMetalCUDA measures a model's kernels by a driver of a GPU that is none, whose launches take 0.2 ms each: as compiled here, and as packed.
func TestMetalCUDA(t *testing.T) {
	tools, err := check.Find()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	driver, packed, model := filepath.Join(dir, "libcuda.so"), filepath.Join(dir, "packed"), "../examples/mlp/mlp.pt2"
	if said, err := exec.Command(tools.Clang, "-x", "c", "-DIDLE", "-shared", "-fPIC", "-Wno-everything", "-o", driver, "../backend/metal/cuda/testdata/libcuda.c").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	type result struct {
		Device  string
		Copy    float64 `json:"copy_gb_per_s"`
		GFlops  float64
		Total   float64 `json:"total_ms"`
		Kernels []struct {
			Name      string
			Calls     int
			MS        float64
			Bandwidth float64 `json:"gb_per_s"`
			Flops     float64 `json:"gflops"`
			OfFlops   float64 `json:"of_flops"`
		}
	}
	run := func(args ...string) string {
		t.Helper()
		var out, problems bytes.Buffer
		if code := cli.Run(t.Context(), aiopt.Standard(), append([]string{"aiopt", "bench", "--backend=metal-cuda"}, args...), &out, &problems); code != 0 {
			t.Fatalf("%v: %d, %s", args, code, problems.String())
		}
		return out.String()
	}
	measured := func(of string) (r result) {
		t.Helper()
		lines := strings.Split(strings.TrimSpace(run("--json", of)), "\n")
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &r); err != nil {
			t.Fatalf("%v: %q", err, lines)
		}
		return r
	}
	t.Setenv(cuda.Variable, driver)
	here := measured(model)
	if here.Device != "Pretender" || here.GFlops != 10*128*2 || len(here.Kernels) != 2 || here.Total < 0.399 || here.Total > 0.401 {
		t.Errorf("found %+v", here)
	}
	for _, k := range here.Kernels {
		if k.Calls != 1 || k.MS < 0.199 || k.MS > 0.201 || k.Bandwidth <= 0 || k.Flops <= 0 || k.OfFlops <= 0 || !strings.Contains(k.Name, "nn.linear") {
			t.Errorf("found %+v", k)
		}
	}
	if said := run("--pack="+packed, model); !strings.Contains(said, "2 kernels of @main for GPUs of sm_90 and later") {
		t.Errorf("packing said %q", said)
	}
	if d := cmp.Diff(here, measured(packed)); d != "" {
		t.Error(d)
	}
	if err := os.WriteFile(filepath.Join(packed, "kernels.json"), []byte(`{"kernels": [{"name": "x", "module": 3}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	var problems bytes.Buffer
	if code := cli.Run(t.Context(), aiopt.Standard(), []string{"aiopt", "bench", "--backend=metal-cuda", packed}, &problems, &problems); code == 0 || !strings.Contains(problems.String(), "kernel x is of module 3, there are 0") {
		t.Errorf("a packed folder that was changed: %d, %s", code, problems.String())
	}
}
