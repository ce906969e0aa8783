//go:build unix

package native

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/backendtest"
	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/backend/cpu/native/packed"
	"github.com/aiopt/aiopt/backend/cpu/native/toolchain"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// alikeWeights has two weights of one type, which its test takes from one file.
const alikeWeights = `air 1
module @weights {
  func @main(%x: tensor<16x160xf32>) -> (%y: tensor<16x160xf32>, %z: tensor<16x160xf32>) {
    %a = core.constant() {value = @a} : tensor<160x160xf32>
    %b = core.constant() {value = @b} : tensor<160x160xf32>
    %y = nn.linear(%x, %a) : tensor<16x160xf32>
    %z = nn.linear(%x, %b) : tensor<16x160xf32>
    core.return(%y, %z)
  }
  resource @a : tensor<160x160xf32> = data "DATA"
  resource @b : tensor<160x160xf32> = data "DATA"
}
`

// TestWeightsOfOneFile runs two weights that differ in one thing only, which the cache of packed constants must tell apart: once when
// they are packed, and once when they are found.
func TestWeightsOfOneFile(t *testing.T) {
	const size = 160 * 160
	file := filepath.Join(t.TempDir(), "weights")
	rng := rand.New(rand.NewPCG(7, 7))
	numbers := random(rng, 2*size).Bytes()
	if err := os.WriteFile(file, numbers, 0o600); err != nil {
		t.Fatal(err)
	}
	x := random(rng, 16, 160)
	for i := range x.Len() {
		host.SetFloat(x, i, host.FloatAt(x, i)/16)
	}
	first, second, both := numbers[:4*size], numbers[4*size:], numbers
	entry := func(name string, size int64, crc uint32, data []byte) *ir.Source {
		return &ir.Source{File: file, Entry: name, Size: size, CRC: crc, Open: func() ([]byte, error) { return data, nil }}
	}
	one := entry("w", 4*size, 1, first)
	for _, c := range []struct {
		differ string
		a, b   ir.Resource
	}{
		{"entry", ir.Resource{Source: one}, ir.Resource{Source: entry("v", 4*size, 1, second)}},
		{"size", ir.Resource{Source: one}, ir.Resource{Source: entry("w", 8*size, 1, second)}},
		{"checksum", ir.Resource{Source: one}, ir.Resource{Source: entry("w", 4*size, 2, second)}},
		{"bytes, and state no checksum", ir.Resource{Source: entry("w", 4*size, 0, first)}, ir.Resource{Source: entry("w", 4*size, 0, second)}},
		{"offset", ir.Resource{Source: entry("w", 8*size, 1, both)}, ir.Resource{Source: entry("w", 8*size, 1, both), Offset: size}},
		{"strides", ir.Resource{Source: one}, ir.Resource{Source: one, Strides: []int64{1, 160}}},
	} {
		cache := toolchain.NewCache(filepath.Join(t.TempDir(), "cache"))
		kept := packed.NewCache(filepath.Join(t.TempDir(), "packed"))
		for _, turn := range []string{"packed", "found"} {
			m := backendtest.Parse(t, strings.ReplaceAll(alikeWeights, "DATA", strings.Repeat("AAAA", 4*size/3)+"AA=="))
			for i, from := range []ir.Resource{c.a, c.b} {
				r := m.Resources[i]
				r.Source, r.Offset, r.Strides = from.Source, from.Offset, from.Strides
			}
			b, done := Backend{Cache: cache, Packed: kept}.Ahead(file)
			native, err := b.Compile(t.Context(), m, backend.Options{Threads: 2})
			if err != nil {
				t.Fatal(err)
			}
			reference, err := interp.Backend{}.Compile(t.Context(), m, backend.Options{Threads: 1})
			if err != nil {
				t.Fatal(err)
			}
			got, want := native.NewSession(), reference.NewSession()
			if err := agree(got, want, []*host.Tensor{x}); err != nil {
				t.Errorf("weights that differ in their %s, %s: %v", c.differ, turn, err)
			}
			if err := errors.Join(native.Close(), done()); err != nil {
				t.Error(err)
			}
		}
		if entries, err := kept.List(); err != nil || len(entries) != 2 {
			t.Errorf("weights that differ in their %s: the cache holds %v, %v, expected two entries", c.differ, entries, err)
		}
	}
}

// TestRetrainedWeights has other weights take the place of a file, of the same size and time, which states no checksum.
func TestRetrainedWeights(t *testing.T) {
	const size = 160 * 160
	file := filepath.Join(t.TempDir(), "weights")
	rng := rand.New(rand.NewPCG(8, 8))
	x := random(rng, 16, 160)
	for i := range x.Len() {
		host.SetFloat(x, i, host.FloatAt(x, i)/16)
	}
	b := Backend{Cache: toolchain.NewCache(filepath.Join(t.TempDir(), "cache")), Packed: packed.NewCache(filepath.Join(t.TempDir(), "packed"))}
	at := time.Unix(1e9, 0)
	for training := range 2 {
		if err := errors.Join(os.WriteFile(file, random(rng, size).Bytes(), 0o600), os.Chtimes(file, at, at)); err != nil {
			t.Fatal(err)
		}
		m := backendtest.Parse(t, strings.ReplaceAll(alikeWeights, "DATA", strings.Repeat("AAAA", 4*size/3)+"AA=="))
		for _, r := range m.Resources {
			r.Source = &ir.Source{File: file, Size: 4 * size, Open: func() ([]byte, error) { return os.ReadFile(file) }}
		}
		native, err := b.Compile(t.Context(), m, backend.Options{Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		reference, err := interp.Backend{}.Compile(t.Context(), m, backend.Options{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		if err := agree(native.NewSession(), reference.NewSession(), []*host.Tensor{x}); err != nil {
			t.Errorf("training %d: %v", training, err)
		}
		if err := native.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestMorePackedThanFits has a program take more packed constants than the cache may hold: those that fit are kept and found again, in
// place of pushing each other out.
func TestMorePackedThanFits(t *testing.T) {
	const size = 160 * 160
	file := filepath.Join(t.TempDir(), "weights")
	numbers := random(rand.New(rand.NewPCG(8, 9)), 2*size).Bytes()
	if err := os.WriteFile(file, numbers, 0o600); err != nil {
		t.Fatal(err)
	}
	kept := packed.NewCache(filepath.Join(t.TempDir(), "packed"))
	kept.Limit = 6 * size // one and a half of them
	b := Backend{Cache: toolchain.NewCache(filepath.Join(t.TempDir(), "cache")), Packed: kept}
	first := ""
	for turn := range 3 {
		m := backendtest.Parse(t, strings.ReplaceAll(alikeWeights, "DATA", strings.Repeat("AAAA", 4*size/3)+"AA=="))
		for i, r := range m.Resources {
			data := numbers[4*size*i : 4*size*(i+1)]
			r.Source = &ir.Source{File: file, Size: 4 * size, CRC: uint32(i + 1), Open: func() ([]byte, error) { return data, nil }}
		}
		native, err := b.Compile(t.Context(), m, backend.Options{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		if err := native.Close(); err != nil {
			t.Error(err)
		}
		entries, err := kept.List()
		if err != nil || len(entries) != 1 {
			t.Fatalf("turn %d: the cache holds %v, %v, expected one entry", turn, entries, err)
		}
		if key := entries[0].Key; first == "" {
			first = key
		} else if key != first {
			t.Errorf("turn %d: the cache holds %.8s, expected %.8s as at first", turn, key, first)
		}
	}
}
