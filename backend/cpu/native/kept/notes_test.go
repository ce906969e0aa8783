package kept

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestNotes(t *testing.T) {
	c := &Folder{Dir: filepath.Join(t.TempDir(), "cache")}
	if found := c.Note("x"); found != nil {
		t.Errorf("found %q in an empty cache", found)
	}
	for _, text := range []string{"one", "another"} {
		if err := c.PutNote("x", []byte(text)); err != nil {
			t.Fatal(err)
		}
		if found := c.Note("x"); string(found) != text {
			t.Errorf("found %q, expected %q", found, text)
		}
	}
	path := filepath.Join(c.Dir, "x"+noteEnding)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := append([]byte{'?'}, whole[1:]...)
	for name, damaged := range map[string][]byte{"cut": whole[:len(whole)-1], "short": whole[:3], "changed": changed, "long": make([]byte, mostNote+1)} {
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if found := c.Note("x"); found != nil {
			t.Errorf("%s: found %q, expected nothing", name, found)
		}
	}
	if err := c.Clear(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(c.Dir); err != nil || len(left) > 0 {
		t.Errorf("%v were left (%v)", left, err)
	}
}

// TestLongNotes notes the most that is read again, which plans of 3000 kernels need not, and more, which leaves the note as it was.
func TestLongNotes(t *testing.T) {
	f := folder(t, 1<<20)
	most := mostNote - sha256.Size
	if most < 3000*512 {
		t.Errorf("a note has at most %d bytes, too few for the plans of 3000 kernels", most)
	}
	for _, c := range []struct {
		bytes int
		fits  bool
	}{{most, true}, {most + 1, false}} {
		if err := f.PutNote("x", make([]byte, c.bytes)); (err == nil) != c.fits || err != nil && !strings.Contains(err.Error(), "expected at most") {
			t.Errorf("%d bytes: found the error %v", c.bytes, err)
		}
		if found := f.Note("x"); len(found) != most {
			t.Errorf("found %d bytes after %d were noted, expected %d", len(found), c.bytes, most)
		}
	}
}

func TestShrinkNotes(t *testing.T) {
	f := folder(t, 1<<20)
	for i, name := range []string{"plan-c", "plan-a", "plan-b", "llc"} {
		if err := f.PutNote(name, []byte("text")); err != nil {
			t.Fatal(err)
		}
		setAge(t, f.Path(name+noteEnding), time.Duration(i)*time.Minute)
	}
	for _, most := range []int{5, 2} {
		if err := f.ShrinkNotes("plan-", most); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]bool{"plan-c": true, "plan-a": true, "plan-b": most > 2, "llc": true} {
			if found := f.Note(name) != nil; found != want {
				t.Errorf("%s: found %v, expected %v where %d may stay", name, found, want, most)
			}
		}
	}
}
