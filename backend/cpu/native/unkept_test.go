//go:build unix

package native

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/backendtest"
	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/backend/cpu/native/packed"
	"github.com/aiopt/aiopt/backend/cpu/native/toolchain"
	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/ir/host"
)

// TestWithoutCaches runs where nothing can be kept, or only a part: it runs all the same and says so once. It leaves nothing behind.
func TestWithoutCaches(t *testing.T) {
	m := backendtest.Parse(t, `air 1
module @small {
  func @main(%x: tensor<100xf32>) -> (%y: tensor<100xf32>) {
    %y = tensor.exp(%x) : tensor<100xf32>
    core.return(%y)
  }
}
`)
	x := random(rand.New(rand.NewPCG(1, 1)), 100)
	reference, err := interp.Backend{}.Compile(t.Context(), m, backend.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	want := reference.NewSession()
	below := func(t *testing.T, name string) string { return filepath.Join(t.TempDir(), name) }
	openFolder := func(t *testing.T) string {
		dir := below(t, "open")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, 0o777); err != nil { // whatever the umask is
			t.Fatal(err)
		}
		return dir
	}
	for _, c := range []struct {
		name  string
		home  string // of the user
		files func(t *testing.T) (*toolchain.Cache, *packed.Cache)
		warns string // "" for no warning
	}{
		{"no home", "", func(*testing.T) (*toolchain.Cache, *packed.Cache) { return nil, nil }, "set HOME or XDG_CACHE_HOME"},
		{"a home that is no folder", "/dev/null", func(*testing.T) (*toolchain.Cache, *packed.Cache) { return nil, nil }, "not a directory"},
		{"no home, but caches", "", func(t *testing.T) (*toolchain.Cache, *packed.Cache) {
			return toolchain.NewCache(below(t, "cpu")), packed.NewCache(below(t, "packed"))
		}, ""},
		{"caches that keep nothing", "/dev/null", func(*testing.T) (*toolchain.Cache, *packed.Cache) { return &toolchain.Cache{}, &packed.Cache{} }, "there is no folder"},
		{"code open to all", "/dev/null", func(t *testing.T) (*toolchain.Cache, *packed.Cache) {
			return toolchain.NewCache(openFolder(t)), packed.NewCache(below(t, "packed"))
		}, "chmod 700"},
		{"weights open to all", "/dev/null", func(t *testing.T) (*toolchain.Cache, *packed.Cache) {
			return toolchain.NewCache(below(t, "cpu")), packed.NewCache(openFolder(t))
		}, "chmod 700"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("XDG_CACHE_HOME", "")
			t.Setenv("HOME", c.home)
			temporary := t.TempDir()
			cache, weights := c.files(t)
			t.Setenv("TMPDIR", temporary)
			var warnings []string
			opt := backend.Options{Threads: 2, Warn: func(m string) { warnings = append(warnings, m) }}
			b := Backend{Cache: cache, Packed: weights}
			if err := b.Available(); err != nil {
				t.Fatal(err)
			}
			native, err := b.Compile(t.Context(), m, opt)
			if err != nil {
				t.Fatal(err)
			}
			if err := agree(native.NewSession(), want, []*host.Tensor{x}); err != nil {
				t.Error(err)
			}
			if err := native.Close(); err != nil {
				t.Error(err)
			}
			if c.warns == "" && len(warnings) > 0 || c.warns != "" && (len(warnings) != 1 || !strings.Contains(warnings[0], c.warns)) {
				t.Errorf("found the warnings %q, expected one with %q", warnings, c.warns)
			}
			if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
				t.Errorf("%v was left (%v)", left, err)
			}
		})
	}
}

// TestUnloadable has a linker whose objects cannot be loaded, kept and not.
func TestUnloadable(t *testing.T) {
	linker := filepath.Join(t.TempDir(), "ld")
	script := "#!/bin/sh\nwhile [ \"$1\" != -o ]; do shift; done\necho nothing >\"$2\"\n"
	if err := os.WriteFile(linker, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, cache := range []*toolchain.Cache{toolchain.NewCache(filepath.Join(t.TempDir(), "cache")), {}} {
		c, err := newCompiler(Backend{Cache: cache})
		if err != nil {
			t.Fatal(err)
		}
		c.tools.Linker = linker
		k, _, err := readPeak(c.machine.Lanes)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.compile(t.Context(), "unloadable", []*kernel.Kernel{k}); err == nil || !strings.Contains(err.Error(), "loading compiled kernels") {
			t.Errorf("found the error %v, expected that it cannot be loaded", err)
		}
	}
}
