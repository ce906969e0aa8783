package engine

import (
	"errors"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/backendtest"
	"github.com/aiopt/aiopt/backend/metal/check"
	"github.com/aiopt/aiopt/backend/metal/cuda"
	"github.com/aiopt/aiopt/backend/metal/walk/walktest"
	"github.com/aiopt/aiopt/backend/programs"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/numeric"
)

// TestDriver runs programs by a driver of a GPU that is none, whose kernels do nothing: all that is asked of it must be right, whatever comes out.
func TestDriver(t *testing.T) {
	tools, err := check.Find()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "libcuda.so")
	if said, err := exec.Command(tools.Clang, "-x", "c", "-DIDLE", "-shared", "-fPIC", "-Wno-everything", "-o", path, "../testdata/libcuda.c").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	t.Setenv(cuda.Variable, path)
	for _, c := range walktest.Programs {
		t.Run(c.Name, func(t *testing.T) {
			m := backendtest.Parse(t, c.Text)
			in, err := numeric.MakeInputs(m.Funcs[0], c.Sizes)
			if err != nil {
				t.Fatal(err)
			}
			c.Run(t, Backend{}, m, in)
		})
	}
	t.Run("state", func(t *testing.T) { // which is where it was, as no kernel writes to it
		m := backendtest.Parse(t, walktest.Decoder)
		in, err := numeric.MakeInputs(m.Funcs[0], nil)
		if err != nil {
			t.Fatal(err)
		}
		p, err := Backend{}.Compile(t.Context(), m, backend.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		s := p.NewSession()
		before, err := s.State("keys")
		if err != nil {
			t.Fatal(err)
		}
		for i := range before.Data {
			before.Data[i] = byte(i % 100)
		}
		if err := s.SetState("keys", before); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Call(t.Context(), "main", in, nil); err != nil {
			t.Fatal(err)
		}
		after, err := s.State("keys")
		if err != nil {
			t.Fatal(err)
		}
		if err := host.Near(after, before, host.Tolerance{}); err != nil {
			t.Error(err)
		}
	})
}

// TestNoGPU holds the error of a machine without one.
func TestNoGPU(t *testing.T) {
	t.Setenv(cuda.Variable, filepath.Join(t.TempDir(), "none.so"))
	var missing *programs.Missing
	if _, err := (Backend{}).Compile(t.Context(), backendtest.Parse(t, walktest.Decoder), backend.Options{}); !errors.As(err, &missing) {
		t.Errorf("found %v", err)
	}
}
