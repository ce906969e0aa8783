package safetensors

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/aiopt/aiopt/ir/host"
)

// TestStream holds that a stream gives what Write gives, wherever the header goes.
func TestStream(t *testing.T) {
	var want []Entry
	tensors := make([]*host.Tensor, 5)
	for i := range tensors {
		x := host.New(host.U8, i, 100)
		for at := range x.Data {
			x.Data[at] = byte(i + at)
		}
		tensors[i] = x
		want = append(want, Entry{Name: strings.Repeat("n", i+1), Elem: x.Elem, Shape: x.Shape, Data: x.Data})
	}
	transposed := &host.Tensor{Elem: host.U8, Shape: []int{2, 3}, Strides: []int{1, 2}, Data: []byte{1, 4, 2, 5, 3, 6}}
	tensors = append(tensors, transposed)
	want = append(want, Entry{Name: "t", Elem: host.U8, Shape: []int{2, 3}, Data: []byte{1, 2, 3, 4, 5, 6}})
	tests := []struct {
		name        string
		room, cheap int64
		size        int // of the header with its length; 0: as small as it can be
	}{
		{"moved down", 1 << 16, 1 << 20, 0},
		{"moved up", 64, 0, 0},
		{"left", 1 << 12, 0, 1 << 12},
	}
	for _, tt := range tests {
		dir := t.TempDir()
		path, whole := filepath.Join(dir, "stream"), filepath.Join(dir, "whole")
		s, err := newStream(path, tt.room, tt.cheap)
		if err != nil {
			t.Fatal(err)
		}
		for i, x := range tensors {
			if err := s.Add(want[i].Name, x); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Commit(Pair{"format", "pt"}); err != nil {
			t.Fatal(err)
		}
		if _, err := Write(whole, want, Pair{"format", "pt"}); err != nil {
			t.Fatal(err)
		}
		got, wanted := readFile(t, path), readFile(t, whole)
		if tt.size == 0 && !bytes.Equal(got, wanted) {
			t.Errorf("%s: found other bytes than those of Write", tt.name)
		}
		f, err := Parse(got)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if err := f.Verify(); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if d := cmp.Diff(want, f.Entries, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%s: -want +got\n%s", tt.name, d)
		}
		if size := len(got) - int(s.size); tt.size != 0 && size != tt.size {
			t.Errorf("%s: the header takes %d bytes, expected %d", tt.name, size, tt.size)
		}
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestStreamRejects(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.safetensors")
	s, err := NewStream(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Add("a", host.New(host.F32, 2)); err != nil {
		t.Fatal(err)
	}
	if err := s.Add("a", host.New(host.F32, 2)); err == nil || err.Error() != path+`: tensor "a": the name is taken` {
		t.Errorf("found the error %v, expected one about the name", err)
	}
	s.Discard()
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if _, err := NewStream(filepath.Join(dir, "none", "x")); err == nil || !strings.Contains(err.Error(), "there is no folder") {
		t.Errorf("found the error %v, expected one about the folder", err)
	}
}

// TestMove moves more bytes than one part has, in both directions and over themselves.
func TestMove(t *testing.T) {
	const size = 2*movedAtOnce + 5
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(i % 251)
	}
	for _, step := range []int64{-3, 3} {
		const from = 10
		path := filepath.Join(t.TempDir(), "x")
		s, err := NewStream(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.file.WriteAt(data, from); err != nil {
			t.Fatal(err)
		}
		if err := move(s.file, from, from+step, size); err != nil {
			t.Fatal(err)
		}
		if err := s.file.Commit(); err != nil {
			t.Fatal(err)
		}
		if got := readFile(t, path); !bytes.Equal(got[from+step:], data) {
			t.Errorf("moved by %d: the bytes differ", step)
		}
	}
}
