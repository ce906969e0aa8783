package compare

import (
	"bytes"
	"os"
	"runtime"
	"testing"

	"github.com/aiopt/aiopt/ir/host"
)

// TestStore: tensors come back as they were from memory and from the file, strided ones too, and what is dropped makes room.
func TestStore(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	t.Setenv("TMP", dir)
	files := func() int {
		list, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	const n = fileUnit / 4 // numbers of a tensor that is not Go's
	large := host.New(host.F32, n, 2)
	for i := range large.Len() {
		host.SetFloat(large, i, float64(i))
	}
	tensors := []*host.Tensor{large, large.Transpose([]int{1, 0}), host.New(host.F32), host.New(host.F32, 0, 3), large.Slice(0, 1, 3, 1)}
	s := newStore(int64(len(large.Data)))
	for round := range 3 {
		var all []*kept
		for range 2 { // in memory first, then in the file
			for _, x := range tensors {
				k, err := s.keep(x, nil)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, k)
			}
		}
		if s.spilled == 0 || s.used > s.budget {
			t.Errorf("round %d: %d bytes are in memory, %d went to the file", round, s.used, s.spilled)
		}
		if runtime.GOOS != "windows" && files() != 0 {
			t.Error("the temporary file has a name")
		}
		for i, k := range all {
			got, err := k.tensor()
			if err != nil {
				t.Fatal(err)
			}
			if want := tensors[i%len(tensors)]; !bytes.Equal(got.Bytes(), want.Bytes()) || host.ShapeText(got.Shape) != host.ShapeText(want.Shape) {
				t.Errorf("round %d: %v did not come back as it was", round, want)
			}
			k.drop()
		}
		if s.used != 0 || s.end != 0 {
			t.Errorf("round %d: %d bytes of memory and %d of the file are not free", round, s.used, s.end)
		}
	}
	if err := s.close(); err != nil || files() != 0 {
		t.Errorf("the temporary file is left, %v", err)
	}
}
