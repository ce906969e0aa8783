package toolchain

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestNotes(t *testing.T) {
	c := &Cache{Dir: filepath.Join(t.TempDir(), "cache")}
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

// TestAskedOnce has a program that counts how often it is asked for its version.
func TestAskedOnce(t *testing.T) {
	c := &Cache{Dir: filepath.Join(t.TempDir(), "cache")}
	script, count := filepath.Join(t.TempDir(), "llc"), filepath.Join(t.TempDir(), "count")
	t.Setenv("AIOPT_LLC", script)
	begin := time.Now().Add(-time.Hour)
	for i, tt := range []struct {
		version string
		asked   int // lines in the file
	}{{"18.1.0", 1}, {"18.1.0", 1}, {"19.1.7", 2}} {
		text := fmt.Sprintf("#!/bin/sh\necho asked >> %s\necho 'LLVM version %s'\n", count, tt.version)
		if err := os.WriteFile(script, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
		at := begin.Add(time.Duration(tt.asked) * time.Minute)
		if err := os.Chtimes(script, at, at); err != nil {
			t.Fatal(err)
		}
		tools, err := c.Find()
		if err != nil {
			t.Fatal(err)
		}
		lines, err := os.ReadFile(count)
		if err != nil || tools.Version != tt.version || len(lines) != tt.asked*len("asked\n") {
			t.Errorf("%d: found version %s after %q (%v), expected %s, asked %d times", i, tools.Version, lines, err, tt.version, tt.asked)
		}
	}
}
