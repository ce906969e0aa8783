package toolchain

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

const answer = `define i64 @answer() {
  ret i64 42
}
`

// setUp finds the tools and makes a cache and a job that suits any machine.
func setUp(t *testing.T) (*Tools, *Cache, *Job) {
	t.Helper()
	tools, err := Find()
	if err != nil {
		t.Fatalf("these tests compile code: %v", err)
	}
	job := &Job{Program: "test", Modules: []string{answer}, Target: Target{Triple: "x86_64-unknown-linux-gnu", CPU: "x86-64"}}
	return tools, NewCache(filepath.Join(t.TempDir(), "cache")), job
}

func object(t *testing.T, c *Cache, tools *Tools, job *Job) string {
	t.Helper()
	made, err := c.Object(context.Background(), tools, job, job.Target.Features)
	if err != nil {
		t.Fatal(err)
	}
	return made.Path
}

func TestObjectIsKept(t *testing.T) {
	tools, c, job := setUp(t)
	path := object(t, c, tools, job)
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if again := object(t, c, tools, job); again != path {
		t.Errorf("found %s the second time, expected %s", again, path)
	}
	after, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if !os.SameFile(before, after) {
		t.Error("it was compiled twice")
	}
	dir, err := os.Stat(c.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if dir.Mode().Perm() != 0o700 {
		t.Errorf("the folder has the mode %o, expected 700", dir.Mode().Perm())
	}
	if left, _ := filepath.Glob(filepath.Join(c.Dir, "build-*")); len(left) > 0 {
		t.Errorf("%v were left", left)
	}
}

func TestDamagedObjects(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(path string) error
	}{
		{"cut", func(p string) error { return os.Truncate(p, 100) }},
		{"changed", func(p string) error { return os.WriteFile(p, []byte("something else"), 0o700) }},
		{"removed", os.Remove},
		{"no note", func(p string) error { return os.Remove(strings.TrimSuffix(p, ".so") + ".json") }},
		{"a note that is none", func(p string) error {
			return os.WriteFile(strings.TrimSuffix(p, ".so")+".json", []byte("{"), 0o600)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tools, cache, job := setUp(t)
			path := object(t, cache, tools, job)
			if err := c.damage(path); err != nil {
				t.Fatal(err)
			}
			object(t, cache, tools, job)
			if _, err := cache.good(strings.TrimSuffix(filepath.Base(path), ".so"), nil); err != nil {
				t.Errorf("after compiling it again: %v", err)
			}
		})
	}
}

// TestForeignObject has an object from a processor that can more.
func TestForeignObject(t *testing.T) {
	tools, c, job := setUp(t)
	path := object(t, c, tools, job)
	key := strings.TrimSuffix(filepath.Base(path), ".so")
	name := filepath.Join(c.Dir, key+".json")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var n note
	if err := json.Unmarshal(text, &n); err != nil {
		t.Fatal(err)
	}
	n.Features = []string{"avx1024"}
	if text, err = json.Marshal(n); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.good(key, nil); err == nil || !strings.Contains(err.Error(), "avx1024") {
		t.Errorf("found the error %v, expected one that names avx1024", err)
	}
	job.Target.Features = []string{"avx1024"}
	if _, err := c.Object(context.Background(), tools, job, nil); err == nil || !strings.Contains(err.Error(), "avx1024") {
		t.Errorf("found the error %v for a job, expected one that names avx1024", err)
	}
}

func TestBadModule(t *testing.T) {
	tools, c, job := setUp(t)
	job.Modules = []string{"define i64 @f() {\n  ret i64 %nowhere\n}\n"}
	job.Failed = filepath.Join(t.TempDir(), "kept")
	_, err := c.Object(context.Background(), tools, job, nil)
	if err == nil || !strings.Contains(err.Error(), "use of undefined value '%nowhere'") {
		t.Errorf("found the error %v, expected llc's", err)
	}
	if kept, _ := filepath.Glob(filepath.Join(job.Failed, "*.ll")); len(kept) != 1 {
		t.Errorf("found %v, expected the module's text to be kept", kept)
	}
	if list, err := c.List(); err != nil || len(list) > 0 {
		t.Errorf("found %v, %v in the cache, expected nothing", list, err)
	}
}

func TestCancelledBuild(t *testing.T) {
	tools, c, job := setUp(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := c.Object(ctx, tools, job, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("found the error %v, expected %v", err, context.Canceled)
	}
}

// TestTogether has several compile the same at the same time, as processes do.
func TestTogether(t *testing.T) {
	tools, c, job := setUp(t)
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			made, err := c.Object(context.Background(), tools, job, nil)
			if err != nil {
				t.Error(err)
				return
			}
			lib, err := made.Load()
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := lib.Symbol("answer"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestShrink(t *testing.T) {
	tools, c, job := setUp(t)
	first := object(t, c, tools, job)
	info, err := os.Stat(first)
	if err != nil {
		t.Fatal(err)
	}
	long := time.Now().Add(-time.Hour)
	if err := os.Chtimes(first, long, long); err != nil {
		t.Fatal(err)
	}
	c.Limit = info.Size() * 3 / 2
	job.Modules = []string{strings.ReplaceAll(answer, "42", "43")}
	second := object(t, c, tools, job)
	list, err := c.List()
	if err != nil || len(list) != 1 || !strings.Contains(second, list[0].Key) {
		t.Errorf("found %v, %v, expected only %s", list, err, second)
	}
	if err := c.Clear(); err != nil {
		t.Fatal(err)
	}
	if files, err := os.ReadDir(c.Dir); err != nil || len(files) > 0 {
		t.Errorf("found %v, %v, expected an empty folder", files, err)
	}
}
