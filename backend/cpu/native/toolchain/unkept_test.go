package toolchain

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/backend/cachedir"
)

// TestUnkept has caches that can keep nothing: the object is made, loaded and removed, and says why it is not kept.
func TestUnkept(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	open := t.TempDir()
	if err := os.Chmod(open, 0o777); err != nil {
		t.Fatal(err)
	}
	written := func(j *Job) {
		modules := j.Modules
		j.Sources, j.Modules, j.Write = []string{"k"}, nil, func() (*Written, error) { return &Written{Modules: modules}, nil }
	}
	for _, c := range []struct {
		name  string
		cache *Cache
		job   func(j *Job)
		want  string
	}{
		{"no folder", &Cache{}, nil, "there is no folder"},
		{"a file in place of the folder", NewCache(file), nil, "is not a folder"},
		{"a file above the folder", NewCache(filepath.Join(file, "cache")), nil, "not a directory"},
		{"a folder that nobody can write to", NewCache("/proc/self/fd"), nil, "nothing can be made in /proc/self/fd: no such file"},
		{"a folder open to all", NewCache(open), nil, "chmod 700"},
		{"a program of no name", NewCache(filepath.Join(t.TempDir(), "cache")), written, "the file of the program that runs cannot be read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tools, _, job := setUp(t)
			if c.job != nil {
				c.job(job)
			}
			temporary := t.TempDir()
			t.Setenv("TMPDIR", temporary)
			for range 2 {
				made, err := c.cache.Object(context.Background(), tools, job, nil)
				if err != nil {
					t.Fatal(err)
				}
				if made.Unkept == nil || !strings.Contains(made.Unkept.Error(), c.want) {
					t.Errorf("it is not kept for %v, expected %q", made.Unkept, c.want)
				}
				info, err := os.Stat(filepath.Dir(made.Path))
				if err != nil || info.Mode().Perm() != 0o700 {
					t.Errorf("it was made in %v (%v), expected a folder of mode 700", info, err)
				}
				lib, err := made.Load()
				if err != nil {
					t.Fatal(err)
				}
				if _, err := lib.Symbol("answer"); err != nil {
					t.Error(err)
				}
				if err := lib.Close(); err != nil {
					t.Error(err)
				}
				if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
					t.Errorf("%v was left (%v)", left, err)
				}
			}
		})
	}
}

// TestNoRoom has a compiler that finds the disk of the cache full, and then that of temporary files, too.
func TestNoRoom(t *testing.T) {
	for _, c := range []struct {
		says   string
		all    bool // disks are full
		wanted string
	}{
		{"LLVM ERROR: IO failure on output stream: No space left on device", false, ""},
		{"ld: final link failed: Disk quota exceeded", false, ""},
		{"LLVM ERROR: IO failure on output stream: No space left on device", true, "there is no folder to compile in: there is no room in "},
		{"error: expected a type", false, "expected a type"},
	} {
		t.Run(c.says, func(t *testing.T) {
			tools, cache, job := setUp(t)
			where := cache.Dir
			if c.all {
				where = ""
			}
			tools.LLC = script(t, fmt.Sprintf(`case "$*" in *%q*) echo %q >&2; exit 1;; esac; exec %q "$@"`, where, c.says, tools.LLC))
			temporary := t.TempDir()
			t.Setenv("TMPDIR", temporary)
			made, err := cache.Object(context.Background(), tools, job, nil)
			if c.wanted != "" {
				if err == nil || !strings.Contains(err.Error(), c.wanted) || c.all && !strings.Contains(err.Error(), "nor is there room in "+temporary) {
					t.Errorf("found the error %v, expected one with %q", err, c.wanted)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := "there is no room in " + cache.Dir + ": run `aiopt cache clear`, or name a folder on another disk by XDG_CACHE_HOME"
			if made.Unkept == nil || made.Unkept.Error() != want {
				t.Errorf("it is not kept for %v, expected %s", made.Unkept, want)
			}
			lib, err := made.Load()
			if err != nil {
				t.Fatal(err)
			}
			if err := lib.Close(); err != nil {
				t.Error(err)
			}
			for _, dir := range []string{temporary, cache.Dir} {
				if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
					t.Errorf("%v was left (%v)", left, err)
				}
			}
		})
	}
}

// TestNoPlace has nowhere to write at all, which is as good as no LLVM.
func TestNoPlace(t *testing.T) {
	tools, _, job := setUp(t)
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "none"))
	_, err := (&Cache{}).Object(context.Background(), tools, job, nil)
	if _, ok := err.(*Missing); !ok || !strings.Contains(err.Error(), "set TMPDIR") {
		t.Errorf("found the error %v, expected a *Missing that says what to set", err)
	}
}

// TestBlockedEntries has folders, with something in them, where an object and its note should be.
func TestBlockedEntries(t *testing.T) {
	tools, c, job := setUp(t)
	path := object(t, c, tools, job)
	for _, blocked := range []string{path, strings.TrimSuffix(path, objectEnding) + noteEnding} {
		if err := os.Remove(blocked); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(blocked, "deeper"), 0o700); err != nil {
			t.Fatal(err)
		}
		if list, err := c.List(); err != nil || len(list) != 1 {
			t.Errorf("found %v (%v), expected one entry", list, err)
		}
		made, err := c.Object(context.Background(), tools, job, nil)
		if err != nil || made.Unkept != nil || made.Path != path {
			t.Errorf("found %v (%v), expected that it is made again", made, err)
		}
		if info, err := os.Stat(blocked); err != nil || !info.Mode().IsRegular() {
			t.Errorf("%s is %v (%v), expected a file", blocked, info, err)
		}
	}
}

// TestLeftovers has what killed processes left, which the next object takes away.
func TestLeftovers(t *testing.T) {
	tools, c, job := setUp(t)
	if err := c.Ready(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"build-1", "build-2"} {
		if err := os.Mkdir(c.Path(name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	long := ago(2)
	if err := os.Chtimes(c.Path("build-1"), long, long); err != nil {
		t.Fatal(err)
	}
	object(t, c, tools, job)
	for name, want := range map[string]bool{"build-1": false, "build-2": true} {
		if _, err := os.Stat(c.Path(name)); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSmallCache keeps the object of the moment, whatever the limit.
func TestSmallCache(t *testing.T) {
	tools, _, job := setUp(t)
	c := &Cache{cachedir.Folder{Dir: filepath.Join(t.TempDir(), "cache")}}
	if _, err := os.Stat(object(t, c, tools, job)); err != nil {
		t.Error(err)
	}
}

// TestUnremovable has an entry that only the superuser can remove. The object is good all the same.
func TestUnremovable(t *testing.T) {
	tools, _, job := setUp(t)
	c := &Cache{cachedir.Folder{Dir: filepath.Join(t.TempDir(), "cache")}}
	stuck := c.Path(strings.Repeat("a", 64) + objectEnding)
	if err := os.MkdirAll(filepath.Join(stuck, "deeper"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(stuck, 0o500); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(stuck, 0o700) // so that the test's folder can be removed; it may have gone
	if _, err := os.Stat(object(t, c, tools, job)); err != nil {
		t.Error(err)
	}
}
