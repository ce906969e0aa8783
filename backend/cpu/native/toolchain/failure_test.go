package toolchain

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// script is a program that stands for llc.
func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "llc")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestDeadCompiler has an llc that ends by a signal, itself or below a shell: the error says what to do and where the input is, and is
// not what llc dumps.
func TestDeadCompiler(t *testing.T) {
	const dump = "echo PLEASE submit a bug report; echo Stack dump: >&2; "
	for _, c := range []struct{ dies, want string }{
		{dump + "kill -SEGV $$", "ended by a signal (segmentation fault): it has a fault; name another version by AIOPT_LLC"},
		{dump + "exit 139", "ended by a signal (segmentation fault): it has a fault"},
		{"kill -KILL $$", "ended by a signal (killed): as a rule memory ran out; free some, or compile fewer kernels at a time by --threads=1"},
		{"echo LLVM ERROR: out of memory; kill -ABRT $$", "ended by a signal (aborted): as a rule memory ran out"},
	} {
		for _, cache := range []string{"cache", "none", "folder"} {
			t.Run(c.dies+", "+cache, func(t *testing.T) {
				tools, kept, job := setUp(t)
				tools.LLC = script(t, c.dies)
				temporary := t.TempDir()
				t.Setenv("TMPDIR", temporary)
				where := kept.Dir
				switch cache {
				case "none":
					kept, where = &Cache{}, temporary
				case "folder":
					job.Failed = filepath.Join(t.TempDir(), "kept")
					where = job.Failed
				}
				job.Modules = append(job.Modules, answer+"; another\n")
				_, err := kept.Object(context.Background(), tools, job, nil)
				if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "Stack dump") {
					t.Fatalf("found the error %v, expected one with %q", err, c.want)
				}
				_, path, _ := strings.Cut(err.Error(), "its input is kept in ")
				if text, err := os.ReadFile(path); err != nil || string(text) != answer || !strings.HasPrefix(path, where) {
					t.Errorf("found %q in %s (%v), expected the module below %s", text, path, err, where)
				}
				if strings.Count(err.Error(), "\n") != 1 {
					t.Errorf("the error has other than two lines: %v", err)
				}
			})
		}
	}
}

// TestEndedCompiler has an llc that a person ends: no input is to blame, nor kept.
func TestEndedCompiler(t *testing.T) {
	tools, c, job := setUp(t)
	tools.LLC = script(t, "kill -TERM $$")
	_, err := c.Object(context.Background(), tools, job, nil)
	if err == nil || !strings.Contains(err.Error(), "ended by a signal (terminated): run it again") || strings.Contains(err.Error(), "\n") {
		t.Errorf("found the error %v, expected that llc was ended", err)
	}
	if left, err := os.ReadDir(c.Dir); err != nil || len(left) > 0 {
		t.Errorf("%v were left (%v)", left, err)
	}
}

// TestKeptInputs holds that inputs in the cache are cleared, and that the list of objects is without them.
func TestKeptInputs(t *testing.T) {
	tools, c, job := setUp(t)
	tools.LLC = script(t, "kill -SEGV $$")
	if _, err := c.Object(context.Background(), tools, job, nil); err == nil {
		t.Fatal("an llc that died made an object")
	}
	if list, err := c.List(); err != nil || len(list) > 0 {
		t.Errorf("found %v (%v), expected no objects", list, err)
	}
	if left, err := os.ReadDir(c.Dir); err != nil || len(left) != 1 {
		t.Errorf("found %v (%v), expected one input", left, err)
	}
	good, _, _ := setUp(t)
	path := object(t, c, good, job)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if list, err := c.List(); err != nil || len(list) != 1 || list[0].Bytes > info.Size()+1000 {
		t.Errorf("found %v (%v), expected one object of %d bytes and a note", list, err, info.Size())
	}
	if err := c.Clear(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(c.Dir); err != nil || len(left) > 0 {
		t.Errorf("%v were left (%v)", left, err)
	}
}

// TestBadModules has some that llc does not compile: one is told of, the others are kept, too.
func TestBadModules(t *testing.T) {
	tools, c, job := setUp(t)
	bad := func(name string) string { return fmt.Sprintf("define i64 @%s() {\n  ret i64 %%nowhere\n}\n", name) }
	job.Modules = []string{answer, bad("f"), bad("g")}
	job.Failed = filepath.Join(t.TempDir(), "kept")
	_, err := c.Object(context.Background(), tools, job, nil)
	if err == nil || strings.Count(err.Error(), "use of undefined value '%nowhere'") != 1 || !strings.HasSuffix(err.Error(), hash([]byte(bad("f")))+".ll") {
		t.Errorf("found the error %v, expected llc's of one module", err)
	}
	if kept, _ := filepath.Glob(filepath.Join(job.Failed, "*.ll")); len(kept) != 2 {
		t.Errorf("found %v, expected the modules that are bad", kept)
	}
}
