package toolchain

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestFindMistakes(t *testing.T) {
	script := filepath.Join(t.TempDir(), "llc")
	for _, c := range []struct{ says, want string }{
		{"LLVM version 9.0.1", "expected 14 to 19"},
		{"hello", "expected a line `LLVM version"},
	} {
		if err := os.WriteFile(script, []byte("#!/bin/sh\necho '"+c.says+"'\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		t.Setenv("AIOPT_LLC", script)
		if _, err := Find(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("found the error %v, expected one with %q", err, c.want)
		}
	}
	t.Setenv("AIOPT_LLC", "")
	t.Setenv("PATH", t.TempDir())
	if _, err := Find(); err == nil || !strings.Contains(err.Error(), "install") {
		t.Errorf("found the error %v, expected one that says what to install", err)
	}
}

// TestAskedOnce has a program that counts how often it is asked for its version.
func TestAskedOnce(t *testing.T) {
	c := NewCache(filepath.Join(t.TempDir(), "cache"))
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
