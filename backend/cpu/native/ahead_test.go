//go:build unix

package native

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/aiopt/aiopt/backend/cpu/native/packed"
	"github.com/aiopt/aiopt/backend/cpu/native/toolchain"
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
		j := &packing{pack: &Pack{Bytes: leastKept}, key: packed.Key{i}, kept: true}
		if err := b.Packed.Put(t.Context(), j.key, make([]byte, leastKept)); err != nil {
			t.Fatal(err)
		}
		list = append(list, j)
	}
	first := b.Ahead(file).ahead
	if len(first.files) > 0 {
		t.Errorf("%d files are known of a model that was never compiled", len(first.files))
	}
	first.note(list)
	first.close()
	again := b.Ahead(file).ahead
	again.begun.Wait()
	if len(again.files) != len(list) {
		t.Fatalf("%d files are known, expected %d", len(again.files), len(list))
	}
	ready := again.files[list[0].key].region
	if ready == nil {
		t.Fatal("a file was not opened")
	}
	for range 2 {
		r, err := again.open(b.Packed, list[0].key, leastKept)
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
	rest := again.files[list[1].key].region
	again.close()
	if rest.Data != nil {
		t.Error("what nobody took was not given back")
	}
	if other := b.Ahead(t.TempDir()).ahead; len(other.files) > 0 {
		t.Errorf("%d files are known of another model", len(other.files))
	}
}

// TestNothingToDo has a pool take no parts.
func TestNothingToDo(t *testing.T) {
	(&pool{}).each(0, func(int) { t.Error("a part was called where there are none") })
}
