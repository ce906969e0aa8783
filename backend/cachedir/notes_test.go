package cachedir

import (
	"crypto/sha256"
	"fmt"
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
			if _, err := f.Read(name+noteEnding, mostNote); (err == nil) != want {
				t.Errorf("%s: %v, expected it to be there: %v, where %d may stay", name, err, want, most)
			}
		}
	}
}

// TestNotesCount holds that notes are listed, take from what entries may have, and go with them in the order of use.
func TestNotesCount(t *testing.T) {
	f := folder(t, 1000)
	write(t, f, key("1")+".so", 300, 1*time.Minute)
	write(t, f, key("2")+".so", 300, 4*time.Minute)
	for i, name := range []string{"used", "new", "old"} {
		if err := f.PutNote(name, make([]byte, 300-sha256.Size)); err != nil {
			t.Fatal(err)
		}
		setAge(t, f.Path(name+noteEnding), time.Duration([]int{9, 2, 8}[i])*time.Minute)
	}
	if f.Note("used") == nil {
		t.Fatal("a note is not found")
	}
	text := func() (found string) {
		notes, err := f.Notes()
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range notes {
			found += fmt.Sprintf("%s %d ", e.Key, e.Bytes)
		}
		return found
	}
	if found := text(); found != "used 300 new 300 old 300 " {
		t.Errorf("found the notes %s", found)
	}
	if err := f.Shrink(); err != nil {
		t.Fatal(err)
	}
	list, err := f.List()
	if found := text(); err != nil || len(list) != 1 || list[0].Key != key("1") || found != "used 300 new 300 " {
		t.Errorf("found the entries %v (%v) and the notes %s, expected 1, used and new", list, err, found)
	}
}
