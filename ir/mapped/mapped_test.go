package mapped

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/edsrzf/mmap-go"
)

// TestRelease reads parts of a file that were released: they are as they were, wherever they begin and end.
func TestRelease(t *testing.T) {
	want := make([]byte, 5*os.Getpagesize()+100)
	for i := range want {
		want[i] = byte(i * 7)
	}
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, want, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data, err := mmap.Map(f, mmap.RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer data.Unmap()
	page := os.Getpagesize()
	for _, part := range [][]byte{nil, data[:1], data[10:20], data[1:page], data[1 : 3*page], data[page : 2*page], data} {
		Release(part)
		if !bytes.Equal(data, want) {
			t.Fatalf("the file has other bytes after %d of them were released", len(part))
		}
	}
}
