//go:build unix

package native

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/backendtest"
	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/backend/cpu/native/packed"
	"github.com/aiopt/aiopt/backend/cpu/native/toolchain"
	"github.com/aiopt/aiopt/backend/kernel/calls"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// TestAhead opens what a file's model took before: each once, by whoever comes first. A damaged file is nobody's, and what nobody takes is
// given back.
func TestAhead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "model")
	if err := os.WriteFile(file, []byte("weights"), 0o600); err != nil {
		t.Fatal(err)
	}
	b := Backend{Cache: toolchain.NewCache(filepath.Join(t.TempDir(), "cache")), Packed: packed.NewCache(filepath.Join(t.TempDir(), "packed"))}
	var list []*packing
	for i := range byte(3) {
		j := &packing{pack: &calls.Pack{Bytes: leastCached}, key: packed.Key{i}, cacheable: true}
		if err := b.Packed.Put(t.Context(), j.key, make([]byte, leastCached)); err != nil {
			t.Fatal(err)
		}
		list = append(list, j)
	}
	first, done := b.Ahead(file)
	if len(first.ahead.files) > 0 {
		t.Errorf("%d files are known of a model that was never compiled", len(first.ahead.files))
	}
	first.ahead.note(list)
	if err := done(); err != nil {
		t.Error(err)
	}
	with, done := b.Ahead(file)
	again := with.ahead
	again.begun.Wait()
	if len(again.files) != len(list) {
		t.Fatalf("%d files are known, expected %d", len(again.files), len(list))
	}
	ready, rest := again.files[list[0].key].region, again.files[list[1].key].region
	if ready == nil || rest == nil {
		t.Fatal("a file was not opened")
	}
	for range 2 {
		r, err := again.open(b.Packed, list[0].key, leastCached)
		if err != nil {
			t.Fatal(err)
		}
		if (r == ready) != (ready != nil) {
			t.Error("what was opened was not given to the first who asked, or not to him alone")
		}
		ready = nil
		if err := r.Free(); err != nil {
			t.Error(err)
		}
	}
	for range 2 {
		if err := done(); err != nil {
			t.Error(err)
		}
	}
	if rest.Data != nil {
		t.Error("what nobody took was not given back")
	}
	if r, err := again.open(b.Packed, list[1].key, leastCached); err != nil || r == rest || r.Free() != nil {
		t.Errorf("found the error %v for what was given back, expected it to be opened anew", err)
	}
	other, done := b.Ahead(t.TempDir())
	if len(other.ahead.files) > 0 {
		t.Errorf("%d files are known of another model", len(other.ahead.files))
	}
	if err := done(); err != nil {
		t.Error(err)
	}
}

// TestAheadOfTwo has programs compiled at once by one backend, while its owner is done with it: each computes what it should, from memory
// of its own.
func TestAheadOfTwo(t *testing.T) {
	const size = 160 * 160
	file := filepath.Join(t.TempDir(), "weights")
	rng := rand.New(rand.NewPCG(3, 1))
	numbers := random(rng, size).Bytes()
	if err := os.WriteFile(file, numbers, 0o600); err != nil {
		t.Fatal(err)
	}
	x := random(rng, 16, 160)
	for i := range x.Len() {
		host.SetFloat(x, i, host.FloatAt(x, i)/16)
	}
	modules := make([]*ir.Module, 3)
	for i := range modules {
		modules[i] = backendtest.Parse(t, strings.ReplaceAll(alikeWeights, "DATA", strings.Repeat("AAAA", 4*size/3)+"AA=="))
		for _, r := range modules[i].Resources {
			r.Source = &ir.Source{File: file, Size: 4 * size, CRC: 1, Open: func() ([]byte, error) { return numbers, nil }}
		}
	}
	reference, err := interp.Backend{}.Compile(t.Context(), modules[0], backend.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	b := Backend{Cache: toolchain.NewCache(filepath.Join(t.TempDir(), "cache")), Packed: packed.NewCache(filepath.Join(t.TempDir(), "packed"))}
	run := func(b Backend, m *ir.Module) error {
		p, err := b.Compile(t.Context(), m, backend.Options{Threads: 1})
		if err != nil {
			return err
		}
		return errors.Join(agree(p.NewSession(), reference.NewSession(), []*host.Tensor{x}), p.Close())
	}
	first, done := b.Ahead(file)
	if err := errors.Join(run(first, modules[0]), done()); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		with, done := b.Ahead(file)
		if len(with.ahead.known) == 0 {
			t.Fatal("nothing is known of a model that was compiled")
		}
		var all sync.WaitGroup
		for _, m := range modules[1:] {
			all.Go(func() {
				if err := run(with, m); err != nil {
					t.Error(err)
				}
			})
		}
		all.Go(func() {
			if err := done(); err != nil {
				t.Error(err)
			}
		})
		all.Wait()
	}
}

// TestNothingToDo has a pool take no parts.
func TestNothingToDo(t *testing.T) {
	(&pool{}).each(0, func(int) { t.Error("a part was called where there are none") })
}
