package programs

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// tool is a kind of programs that are made by write.
func tool() *Kind {
	return &Kind{
		What: "tool, which the test needs", Variable: "AIOPT_TEST_TOOL", Names: []string{"tool-3", "tool-2", "tool"},
		Version: regexp.MustCompile(`tool version ((\d+)\.[\w.]+)`), Line: "tool version", Product: "tool", Oldest: 2, Newest: 3, Install: "install tool",
	}
}

// write makes a program that says something of itself.
func write(t *testing.T, dir, name, says string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte("#!/bin/sh\necho '"+says+"'\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFind(t *testing.T) {
	for _, c := range []struct {
		name    string
		in      map[string]string // what programs in PATH say
		version string            // what is found, or
		want    string            // in the error
	}{
		{"the first", map[string]string{"tool-3": "tool version 3.0.1", "tool-2": "tool version 2.9"}, "3.0.1", ""},
		{"the one that suits", map[string]string{"tool-3": "tool version 4.0", "tool-2": "hello", "tool": "a tool version 2.7 of 1999"}, "2.7", ""},
		{"none that suits", map[string]string{"tool-3": "tool version 4.0", "tool": "hello"}, "", "tool-3: it is tool 4.0, expected 2 to 3"},
		{"none", nil, "", "there is no tool, which the test needs: install tool"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, says := range c.in {
				write(t, dir, name, says)
			}
			t.Setenv("PATH", dir)
			t.Setenv("AIOPT_TEST_TOOL", "")
			found, err := tool().Find(Ask)
			if c.want == "" {
				if err != nil || found.Version != c.version || filepath.Dir(found.Path) != dir {
					t.Errorf("found %v (%v), expected %s", found, err, c.version)
				}
				return
			}
			if !errors.As(err, new(*Missing)) || !strings.Contains(err.Error(), c.want) || !strings.HasSuffix(err.Error(), ": install tool") {
				t.Errorf("found the error %v, expected a *Missing with %q", err, c.want)
			}
		})
	}
}

// TestNamed has the variable name programs; where that is not to be had, no other is taken.
func TestNamed(t *testing.T) {
	dir := t.TempDir()
	good := write(t, dir, "tool", "tool version 2.5")
	old := write(t, dir, "old", "tool version 1.5")
	fails := filepath.Join(dir, "fails")
	plain := filepath.Join(dir, "plain")
	if err := errors.Join(os.WriteFile(fails, []byte("#!/bin/sh\nexit 3\n"), 0o755), os.WriteFile(plain, nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	const expected = "expected the path of tool, which the test needs, 2 to 3; unset AIOPT_TEST_TOOL to have one looked for"
	for _, c := range []struct {
		named string
		want  []string // in the error
	}{
		{good, nil},
		{"tool", nil},
		{old, []string{"it is tool 1.5, expected 2 to 3"}},
		{fails, []string{"exit status 3, when asked for its --version"}},
		{"/nonexistent", []string{"there is no such program", expected}},
		{"nonexistent", []string{"there is no such program", expected}},
		{plain, []string{"it is not a program that may be run", expected}},
		{dir, []string{"it is a folder", expected}},
	} {
		t.Setenv("AIOPT_TEST_TOOL", c.named)
		found, err := tool().Find(Ask)
		if len(c.want) == 0 {
			if err != nil || found.Path != good {
				t.Errorf("%s: found %v (%v), expected %s", c.named, found, err, good)
			}
			continue
		}
		for _, want := range append(c.want, "AIOPT_TEST_TOOL="+c.named+": ") {
			if err == nil || !strings.Contains(err.Error(), want) || errors.As(err, new(*Missing)) || strings.Count(err.Error(), "="+c.named) != 1 {
				t.Errorf("%s: found the error %v, expected one with %q that is no *Missing", c.named, err, want)
			}
		}
	}
}

// TestExhausted has a machine that can start nothing: no other program is tried, and none is said to be missing.
func TestExhausted(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "tool", "tool version 2.5")
	t.Setenv("PATH", dir)
	for _, sys := range []error{syscall.EMFILE, syscall.ENFILE, syscall.EAGAIN, syscall.ENOMEM} {
		start := &os.PathError{Op: "fork/exec", Path: "tool", Err: sys}
		_, err := tool().Find(func(string) (string, error) { return "", start })
		if !errors.As(err, new(*Exhausted)) || !errors.Is(err, sys) || errors.As(err, new(*Missing)) || !strings.Contains(err.Error(), "ulimit -n") {
			t.Errorf("found the error %v of %v, expected one about limits", err, sys)
		}
	}
	for _, other := range []error{nil, exec.ErrNotFound, fmt.Errorf("exit status 1")} {
		if err := Started(other); err != other {
			t.Errorf("found %v of %v", err, other)
		}
	}
}
